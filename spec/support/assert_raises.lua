--- What a programmer's mistake does: it raises at the line of the spec that
-- made it, with these words.
--
--   raises("device.id", function() ... end)

local assert = require "luassert"

return function(words, body)
  local file = debug.getinfo(2, "S").short_src:match "[^/]+$"
  local good, why = pcall(body)
  assert.is_false(good, "did not raise: " .. words)
  assert.is_string(why)
  assert.truthy(why:find(file:gsub("%p", "%%%0") .. ":%d+: "), why)
  assert.truthy(why:find(words, 1, true), words .. " <- " .. why)
end
