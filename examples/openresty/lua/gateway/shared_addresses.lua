--- The addresses that many homes share, behind a carrier's NAT. Such a NAT has IPv4
-- addresses only (RFC 6888).
-- @module gateway.shared_addresses

local shared_addresses = {}

-- Returns an IPv4 address, which may be written as IPv6, as a number; nil for another.
local function number_of(address)
  local number = 0
  local bytes = { address:gsub("^::ffff:", ""):match
    "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$" }
  for _, byte in ipairs(bytes) do
    if tonumber(byte) > 255 then return nil end
    number = number * 256 + byte
  end
  return bytes[1] and number
end

-- Returns the number of addresses in a network, and their common part; nil if the text
-- is not one.
local function parse(text)
  local address, bits = tostring(text):match "^([%d.]+)/?(%d*)$"
  local number = address and number_of(address)
  local size = 2 ^ (32 - (tonumber(bits) or 32))
  if not number or size < 1 then return nil end
  return { size = size, common = math.floor(number / size) }
end

--- Returns a function that returns whether an address is in one of these networks.
-- Raises for a text that is not a network.
-- @tparam table list IPv4 addresses, and networks such as "203.0.113.0/24"
function shared_addresses.new(list)
  local networks = {}
  for index, text in ipairs(list) do
    networks[index] = parse(text)
    if not networks[index] then
      error(("shared_addresses.networks: expected an IPv4 address or network, such as "
        .. "203.0.113.0/24, got '%s'"):format(tostring(text)), 0)
    end
  end
  return function(address)
    local number = networks[1] and number_of(address)
    if not number then return false end
    for _, network in ipairs(networks) do
      if math.floor(number / network.size) == network.common then return true end
    end
    return false
  end
end

return shared_addresses
