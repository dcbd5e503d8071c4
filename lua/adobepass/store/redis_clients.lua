--- Redis by clients of the application, which have the methods of lua-resty-redis:
-- the option `connect` of adobepass.store.redis.
-- @module adobepass.store.redis_clients

local unpack = table.unpack or unpack -- luacheck: std max

-- `reply` is nil for a lost connection and false for an error of Redis.
local function explain(name, reply, reason)
  if reply == false then
    return ("Redis refused %s: %s."):format(name:upper(),
      tostring(reason):match "^%u+" or "an error")
  end
  return ("Redis did not respond to %s: %s."):format(name:upper(),
    tostring(reason))
end

local function run_client(client, name, ...)
  local reply, reason = client[name](client, ...)
  if reply == false or (reply == nil and reason) then
    return nil, explain(name, reply, reason)
  end
  if reply == nil or type(reply) == "userdata" then return false end
  return reply
end

local function with_client(connect, work)
  local client, message = connect()
  if not client then return nil, message or "Redis cannot be reached." end
  local reply, reason = work(function(...) return run_client(client, ...) end)
  if reply ~= nil and client.set_keepalive then
    client:set_keepalive(60000, 64)
  elseif client.close then
    client:close()
  end
  return reply, reason
end

local Clients = {}
Clients.__index = Clients

--- Sends one command; see adobepass.store.redis_connector.
function Clients:command(_, ...)
  local words, count = { ... }, select("#", ...)
  return with_client(self.connect, function(run)
    return run(unpack(words, 1, count))
  end)
end

Clients.durable = Clients.command

--- Returns an object with the methods of a connector.
-- @function redis_clients
-- @func connect returns a client, or nil and a sentence
return function(connect) return setmetatable({ connect = connect }, Clients) end
