--- Finds a master by Sentinel: https://redis.io/docs/reference/sentinel-clients
-- @module adobepass.store.redis_sentinel

local connection = require "adobepass.store.redis_connection"

local sentinel = {}

--- Errors of a server that is not the master, or not yet ready.
sentinel.NOT_MASTER = { READONLY = true, LOADING = true, MASTERDOWN = true }

local Sentinel = {}
Sentinel.__index = Sentinel

--- Creates the topology of one master.
-- @tparam table given `sentinels`: a list of addresses; `master`: its name
-- @func ask_one_of sends words to some addresses, one after the other, until one
-- replies with a list; returns the list and the address, or nil and a failure
function sentinel.new(given, ask_one_of)
  return setmetatable({ addresses = given.sentinels, master = given.master,
    ask_one_of = ask_one_of, wants_master = true }, Sentinel)
end

--- Asks a Sentinel. Returns the master's address; or nil and a failure.
function Sentinel:find()
  local reply, failure = self.ask_one_of(self.addresses,
    { "sentinel", "get-master-addr-by-name", self.master })
  if reply then
    self.current = connection.address(reply[1], reply[2])
    return self.current
  end
  return nil, failure or { message = ("No Sentinel knows the master '%s'. Check the "
    .. "option master."):format(self.master) }
end

--- Returns the address of the master that a Sentinel named last; or nil and a failure.
function Sentinel:address_of()
  if self.current then return self.current end
  return self:find()
end

--- Called after a failure. Returns another address to use; nil if there is none.
function Sentinel:after(failure, address)
  if failure.word and not sentinel.NOT_MASTER[failure.word] then return nil end
  if self.current and self.current.name == address.name then self.current = nil end
  local found = self:address_of()
  if found and found.name ~= address.name then return found end
end

--- Returns the addresses of all masters; or nil and a failure.
function Sentinel:masters()
  local address, failure = self:find()
  address = address or self.current
  if not address then return nil, failure end
  return { address }
end

return sentinel
