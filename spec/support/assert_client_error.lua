--- Asserts that a call of the client failed: nil, and an error with this code or
-- the code alone. Returns the error.
--
--   assert_client_error("not_logged_in", client:authorize "CNN")

local assert = require "luassert"

return function(code, value, err)
  assert.is_nil(value)
  assert.equal(code, type(err) == "table" and err.code or err)
  return err
end
