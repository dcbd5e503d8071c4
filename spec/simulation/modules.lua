--- Loads auth/, policy/, store/ and api/ anew for each simulated machine, with a
-- core whose clocks, random numbers and files belong to the simulation.
--
-- `defect` replaces a part of a module's source; it raises if that part is gone.

local core = require "adobepass.core"

local modules = {}

local OWN = { auth = true, policy = true, store = true, api = true }

-- luacheck: globals setfenv loadstring
local function compile(text, name, env)
  if setfenv then return setfenv(assert(loadstring(text, name)), env) end
  return assert(load(text, name, "t", env))
end

local function source_of(name, defect)
  local path = "lua/" .. name:gsub("%.", "/") .. ".lua"
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  for _, change in ipairs(defect or {}) do
    if change.module == name then
      local first, last = text:find(change.from, 1, true)
      if not first then
        error(("planted defect: %s does not contain: %s"):format(name, change.from), 0)
      end
      text = text:sub(1, first - 1) .. change.to .. text:sub(last + 1)
    end
  end
  return text, "@" .. path
end

--- Returns a function like `require` for one machine.
-- @tparam table host `clock`, `random`, `file`, `boot`
-- @tparam[opt] table defect a list of { module =, from =, to = }
function modules.new(host, defect)
  local loaded = { ["adobepass.core"] = setmetatable({ clock = host.clock,
    random = host.random, file = host.file }, { __index = core }) }
  local env = setmetatable({ io = { open = function()
    return { read = function() return host.boot end, close = function() end }
  end } }, { __index = _G })
  local function load_own(name)
    if loaded[name] then return loaded[name] end
    if not OWN[name:match "^adobepass%.(%w+)" or ""] then return require(name) end
    local text, path = source_of(name, defect)
    loaded[name] = compile(text, path, env)(name)
    return loaded[name]
  end
  env.require = load_own
  return load_own
end

return modules
