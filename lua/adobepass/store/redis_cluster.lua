--- Finds the master of a key in a Redis Cluster:
-- https://redis.io/docs/reference/cluster-spec
-- @module adobepass.store.redis_cluster

local connection = require "adobepass.store.redis_connection"

local cluster = {}

local Cluster = {}
Cluster.__index = Cluster

local SLOTS = 16384

-- CRC-16/XMODEM, as the specification's appendix.
local function crc16(text)
  local bit = require "bit" -- of LuaJIT, which nginx has
  local crc = 0
  for index = 1, #text do
    crc = bit.bxor(crc, bit.lshift(text:byte(index), 8))
    for _ = 1, 8 do
      local shifted = bit.lshift(crc, 1)
      if bit.band(crc, 0x8000) ~= 0 then shifted = bit.bxor(shifted, 0x1021) end
      crc = bit.band(shifted, 0xFFFF)
    end
  end
  return crc
end

--- Returns the slot of a key: of the text in its first braces, if it has any.
function cluster.slot_of(key)
  local tag = key:match "^[^{]*{([^}]+)}"
  return crc16(tag or key) % SLOTS
end

--- Returns the name of a key in a Cluster. The part after the last colon, which is the
-- device's key, determines the slot, so all records of a device are on one master.
function cluster.tag(key)
  local head, tail = key:match "^(.*:)([^:]*)$"
  return (head or "") .. "{" .. (tail or key) .. "}"
end

--- Creates the topology of a Cluster.
-- @tparam table given `nodes`: a list of addresses
-- @func ask_one_of see adobepass.store.redis_sentinel
function cluster.new(given, ask_one_of)
  return setmetatable({ seeds = given.nodes, ask_one_of = ask_one_of,
    is_cluster = true }, Cluster)
end

-- An empty host is the one of the node that was asked.
local function address_from(host, port, asked)
  if not host or host == "" or host == "?" then host = asked.host end
  return connection.address(host, port)
end

local function slots_from(reply, asked)
  local slots, by_name = {}, {}
  for _, range in ipairs(reply) do
    local address = address_from(range[3][1], range[3][2], asked)
    address = by_name[address.name] or address
    by_name[address.name] = address
    for slot = range[1], range[2] do slots[slot] = address end
  end
  return slots, by_name
end

-- Returns the known masters and the configured nodes, each once, without `avoid`.
local function candidates(self, avoid)
  local list, seen = {}, { [avoid and avoid.name or ""] = true }
  local function add(address)
    if not seen[address.name] then list[#list + 1] = address end
    seen[address.name] = true
  end
  for _, address in ipairs(self.seeds) do add(address) end
  for _, address in pairs(self.by_name or {}) do add(address) end
  return list
end

-- Reads the map of slots. `avoid` is an address that has just failed: while a node
-- names it as the master of the key's slot, the others are asked.
local function refresh(self, avoid, key)
  local slots, by_name
  local reply, failure = self.ask_one_of(candidates(self, avoid),
    { "cluster", "slots" }, function(reply, asked)
      slots, by_name = slots_from(reply, asked)
      if not avoid then return true end
      local found = slots[cluster.slot_of(key)]
      return found ~= nil and found.name ~= avoid.name
    end)
  if reply then
    self.slots, self.by_name = slots, by_name
    return true
  end
  return nil, failure or { message = "No node returned the slots of the Cluster: check "
    .. "the option nodes." }
end

--- Returns the address of a key's master; or nil and a failure.
function Cluster:address_of(key)
  if not self.slots then
    local done, failure = refresh(self)
    if not done then return nil, failure end
  end
  local address = self.slots[cluster.slot_of(key)]
  if address then return address end
  self.slots = nil
  return nil, { message = "The Cluster has no master for this key's slot: "
    .. "check it with CLUSTER SLOTS." }
end

-- "MOVED 3999 127.0.0.1:6381": the slot is at that node from now on.
-- "ASK 3999 127.0.0.1:6381": the key is at that node, to which the slot is being moved.
local function redirected(self, failure, asked)
  local slot, host, port = failure.text:match "^%u+ (%d+) (.*):(%d+)$"
  if not slot then return nil end
  local address = address_from(host, port, asked)
  if failure.word == "ASK" then return address, true end
  self.by_name[address.name] = self.by_name[address.name] or address
  self.slots[tonumber(slot)] = address
  return address
end

-- Other errors have the same cause at each node.
local OTHER_NODE = { READONLY = true, LOADING = true, CLUSTERDOWN = true,
  MASTERDOWN = true }

--- Called after a failure. Returns another address to use, and whether to send
-- ASKING first; nil if there is none.
function Cluster:after(failure, address, key)
  local word = failure.word
  if word == "MOVED" or word == "ASK" then
    if self.slots then return redirected(self, failure, address) end
  elseif word and not OTHER_NODE[word] then
    return nil
  end
  if refresh(self, address, key) then return (self:address_of(key)) end
end

--- Returns the addresses of all masters; or nil and a failure.
function Cluster:masters()
  local done, failure = refresh(self)
  if not done then return nil, failure end
  local list, seen = {}, {}
  for slot = 0, SLOTS - 1 do
    local address = self.slots[slot]
    if address and not seen[address] then
      seen[address], list[#list + 1] = true, address
    end
  end
  return list
end

return cluster
