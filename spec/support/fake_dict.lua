--- The methods of nginx's shared dictionary that the store uses, in Lua. Each
-- except flush_expired first calls `step(name)`, in which a spec may stop a worker
-- or switch to another one. Time does not pass: no entry expires.

local fake_dict = {}

local Dict = {}
Dict.__index = Dict

function Dict:get(key)
  self.step "get"
  return self.entries[key]
end

function Dict:safe_add(key, value, seconds)
  self.step "safe_add"
  if self.entries[key] ~= nil then return false, "exists" end
  self.entries[key], self.seconds[key] = value, seconds
  return true
end

function Dict:safe_set(key, value, seconds)
  self.step "safe_set"
  self.entries[key], self.seconds[key] = value, seconds
  return true
end

function Dict:incr(key, by)
  self.step "incr"
  if type(self.entries[key]) ~= "number" then return nil, "not found" end
  self.entries[key] = self.entries[key] + by
  return self.entries[key]
end

function Dict:delete(key)
  self.step "delete"
  self.entries[key] = nil
  return true
end

function Dict:ttl(key)
  self.step "ttl"
  if self.entries[key] ~= nil then return self.seconds[key] or 0 end
end

function Dict.flush_expired() end

--- Returns an empty dictionary.
-- @func[opt] step called before each access with the call's name
function fake_dict.new(step)
  return setmetatable({ entries = {}, seconds = {},
    step = step or function() end }, Dict)
end

return fake_dict
