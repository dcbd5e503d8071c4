--- What a failure of the client answers: nil and an error with a code, or
-- the code alone.
--
--   fails("not_logged_in", client:authorize "CNN")     answers the error

local assert = require "luassert"

return function(code, value, err)
  assert.is_nil(value)
  assert.equal(code, type(err) == "table" and err.code or err)
  return err
end
