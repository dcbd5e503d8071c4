--- What a failure of the core answers: nil, a sentence and a code.
--
--   failed("timeout", transfer:result())     answers the sentence

local assert = require "luassert"

return function(wanted, result, message, code)
  assert.is_nil(result)
  assert.equal(wanted, code)
  assert.matches("^%u.*%.$", message)
  return message
end
