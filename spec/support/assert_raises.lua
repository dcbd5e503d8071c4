--- Asserts that a usage error raises at the line of the spec that made it, with a
-- message that contains the text.
--
--   assert_raises("device.id", function() ... end)

local assert = require "luassert"

return function(text, body)
  local file = debug.getinfo(2, "S").short_src:match "[^/]+$"
  local good, why = pcall(body)
  assert.is_false(good, "did not raise: " .. text)
  assert.is_string(why)
  assert.truthy(why:find(file:gsub("%p", "%%%0") .. ":%d+: "), why)
  assert.truthy(why:find(text, 1, true), text .. " <- " .. why)
end
