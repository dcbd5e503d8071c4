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
-- replies with a list that `is_good(list, address)` accepts; returns the list and the
-- address, or nil and a failure
function sentinel.new(given, ask_one_of)
  return setmetatable({ addresses = given.sentinels, master = given.master,
    ask_one_of = ask_one_of, wants_master = true }, Sentinel)
end

local function address_from(reply) return connection.address(reply[1], reply[2]) end

--- Asks a Sentinel. Returns the master's address; or nil and a failure.
-- @tparam[opt] table avoid an address that has just failed: while a Sentinel names it,
-- the others are asked
function Sentinel:find(avoid)
  local reply, failure = self.ask_one_of(self.addresses,
    { "sentinel", "get-master-addr-by-name", self.master }, function(reply)
      return not avoid or address_from(reply).name ~= avoid.name
    end)
  if reply then
    self.current = address_from(reply)
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
  if self.current and self.current.name ~= address.name then return self.current end
  self.current = nil
  return (self:find(address))
end

--- Returns the addresses of all masters; or nil and a failure.
function Sentinel:masters()
  local address, failure = self:find()
  address = address or self.current
  if not address then return nil, failure end
  return { address }
end

return sentinel
