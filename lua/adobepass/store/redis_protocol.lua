--- The protocol of Redis (RESP2): https://redis.io/docs/reference/protocol-spec
--
-- lua-resty-redis was considered. Debian's version 0.27 cannot start TLS between
-- connect and the first command, has one timeout for connect, send and receive, and
-- supports neither Sentinel nor Cluster.
-- @module adobepass.store.redis_protocol

local protocol = {}

-- Larger replies are refused: no record of adobepass is nearly as large.
local LONGEST_BULK, LONGEST_ARRAY, DEEPEST = 16 * 1024 * 1024, 1e6, 8

--- Returns the bytes of a command.
-- @tparam table words the command and its arguments
function protocol.encode(words)
  local parts = { ("*%d\r\n"):format(#words) }
  for _, word in ipairs(words) do
    word = tostring(word)
    parts[#parts + 1] = ("$%d\r\n"):format(#word)
    parts[#parts + 1] = word
    parts[#parts + 1] = "\r\n"
  end
  return table.concat(parts)
end

local function malformed() return nil, "malformed reply" end

local read

local readers = {}

readers["+"] = function(_, rest) return rest end
readers["-"] = function(_, rest) return nil, rest, true end

readers[":"] = function(_, rest)
  local number = tonumber(rest)
  if not number then return malformed() end
  return number
end

readers["$"] = function(socket, rest)
  local size = tonumber(rest)
  if size == -1 then return false end
  if not size or size < 0 or size > LONGEST_BULK then return malformed() end
  local data, reason = socket:receive(size + 2)
  if not data then return nil, reason end
  return data:sub(1, -3)
end

readers["*"] = function(socket, rest, depth)
  local count = tonumber(rest)
  if count == -1 then return false end
  if not count or count < 0 or count > LONGEST_ARRAY or depth >= DEEPEST then
    return malformed()
  end
  local list = {}
  for index = 1, count do
    local value, reason, is_refused = read(socket, depth + 1)
    if value == nil then
      if not is_refused then return nil, reason end
      value = false
    end
    list[index] = value
  end
  return list
end

function read(socket, depth)
  local line, reason = socket:receive "*l"
  if not line then return nil, reason end
  local reader = readers[line:sub(1, 1)]
  if not reader then return malformed() end
  return reader(socket, line:sub(2), depth)
end

--- Reads one reply.
-- @param socket with `receive`
-- @return[1] a string, a number or a list; false for null
-- @return[2] nil
-- @return[2] the reason why no reply was read; or an error of Redis
-- @return[2] true for an error of Redis
function protocol.read(socket) return read(socket, 1) end

return protocol
