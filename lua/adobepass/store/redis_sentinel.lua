--- Finds a master by Sentinel: https://redis.io/docs/reference/sentinel-clients
-- @module adobepass.store.redis_sentinel

local sentinel = {}

local Sentinel = {}
Sentinel.__index = Sentinel

local connection = require "adobepass.store.redis_connection"

--- @tparam table given `sentinels`: a list of addresses; `master`: its name
-- @func ask sends words to an address of a Sentinel: the reply, or nil and a
-- failure
function sentinel.new(given, ask)
  return setmetatable({ addresses = given.sentinels, master = given.master,
    ask = ask, wants_master = true }, Sentinel)
end

local function no_master(self, failure)
  if failure then return failure end
  return { message = ("No Sentinel knows the master '%s'."):format(self.master) }
end

-- Asks a Sentinel that responded first the next time.
local function prefer(self, index)
  table.insert(self.addresses, 1, table.remove(self.addresses, index))
end

local function find(self)
  local last
  for index, address in ipairs(self.addresses) do
    local reply, failure = self.ask(address,
      { "sentinel", "get-master-addr-by-name", self.master })
    if type(reply) == "table" and reply[2] then
      prefer(self, index)
      return connection.address(reply[1], reply[2])
    end
    last = failure or last
  end
  return nil, no_master(self, last)
end

--- Returns the master's address; or nil and a failure.
function Sentinel:address_of()
  if not self.current then
    local address, failure = find(self)
    if not address then return nil, failure end
    self.current = address
  end
  return self.current
end

-- Redis reported that it is not the master, or not yet ready.
local NOT_MASTER = { READONLY = true, LOADING = true, MASTERDOWN = true }

--- Called after a failure. Returns another address to use; nil if there is none.
function Sentinel:after(failure, address)
  if failure.word and not NOT_MASTER[failure.word] then return nil end
  if self.current == address then self.current = nil end
  local found = self:address_of()
  if found and found.name ~= address.name then return found end
end

--- Returns the addresses of all masters; or nil and a failure.
function Sentinel:masters()
  local address, failure = self:address_of()
  if not address then return nil, failure end
  return { address }
end

return sentinel
