--- Asserts that a call of the core failed: nil, a sentence and this code. Returns
-- the sentence.
--
--   assert_core_failure("timeout", transfer:result())

local assert = require "luassert"

return function(wanted, result, message, code)
  assert.is_nil(result)
  assert.equal(wanted, code)
  assert.matches("^%u.*%.$", message)
  return message
end
