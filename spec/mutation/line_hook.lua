--- Records the lines of the module that a Lua process executes.
--
-- Loaded through LUA_INIT, so that the processes which a spec starts are
-- recorded as well as busted itself. Appends "file:line" to the file
-- MUTATION_LINES when a line is executed for the first time. The file is not
-- kept open: some specs count descriptors, and some processes are killed.

local path = os.getenv "MUTATION_LINES"
if not path then return end
local open, getinfo, sethook = io.open, debug.getinfo, debug.sethook
local by_source = {}
local by_function = setmetatable({}, { __mode = "k" }) -- getinfo "f" is fast

-- Returns the lines seen in the source of a function, false for other sources.
local function add_function(fn)
  local source = getinfo(fn, "S").source
  if by_source[source] == nil then
    local name = source:match "^@.*adobepass/(.+%.lua)$"
    by_source[source] = name and { name = "lua/adobepass/" .. name } or false
  end
  by_function[fn] = by_source[source]
  return by_source[source]
end

local function on_line(_, line)
  local fn = getinfo(2, "f").func
  local seen = by_function[fn]
  if seen == nil then seen = add_function(fn) end
  if not seen or seen[line] then return end
  seen[line] = true
  local file = open(path, "a")
  if not file then return end
  file:write(seen.name, ":", line, "\n")
  file:close()
end

-- LuaJIT runs no hooks in compiled code; its hook serves all coroutines.
local jit = rawget(_G, "jit")
if jit then jit.off() end
sethook(on_line, "l")
if jit then return end

-- Other Luas have a hook for each coroutine.
local create = coroutine.create
function coroutine.create(fn) -- luacheck: ignore 122
  local thread = create(fn)
  sethook(thread, on_line, "l")
  return thread
end

local function finish(is_ok, ...)
  if not is_ok then error((...), 0) end
  return ...
end

function coroutine.wrap(fn) -- luacheck: ignore 122
  local thread = coroutine.create(fn)
  return function(...) return finish(coroutine.resume(thread, ...)) end
end
