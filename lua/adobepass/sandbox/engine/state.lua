--- The mutable state of a sandbox: lists, and maps with string keys, so that it can be
-- saved as JSON and restored.
-- @module adobepass.sandbox.engine.state

local core = require "adobepass.core"
local text = require "adobepass.util.text"

local state = {}

-- Increment when the layout below changes.
state.VERSION = 2

local MOST_ADDRESSES = 65536
local HOUR = 3600 * 1000

local function degradation(world)
  local rules = {}
  for _, entry in ipairs(world.degradation) do
    rules[entry.provider .. "|" .. entry.mvpd] =
      { rule = entry.rule, details = entry.details }
  end
  return rules
end

function state.new(world)
  return {
    version = state.VERSION,
    clock_offset = 0,          -- ms that the clock was moved by
    clients = {},              -- client_id -> credentials
    device_clients = {},       -- "sp|device" -> client_id that used it last
    revoked_statements = {},   -- statement id -> true
    revoked_tokens = {},       -- jti -> true
    sessions = {},             -- code -> session
    current = {},              -- "sp|device" -> its newest code
    last_mvpd = {},            -- "sp|device" -> mvpd last chosen
    profiles = {},             -- owner -> mvpd -> profile; an owner is
                               -- "client_id|sp|device", or "sp|device"
    identities = {},           -- single sign-on identity -> owners
    partner_requests = {},     -- "id of a SAML request|owner" -> its time, in ms
    temp_passes = {},          -- "sp|mvpd" -> list of trials
    degradation = degradation(world),
    circles = {},              -- SSO service: subject -> its devices
    links = {},                -- SSO service: link code -> { subject, not_after, used }
    troubles = {},             -- "device|resource" -> number of errors sent
    clients_seen = {},         -- address -> throttle window
    faults = {},
    journal = {},
  }
end

--- Returns a deep copy of plain data.
-- @func[opt] convert returns the copy of a string; it is called for keys, too
function state.copy(value, convert)
  if convert and type(value) == "string" then return convert(value) end
  if type(value) ~= "table" then return value end
  local result = {}
  for key, item in pairs(value) do
    result[state.copy(key, convert)] = state.copy(item, convert)
  end
  return result
end

local BASE64 = "base64:"

--- Returns a string that JSON can hold: a string that is not UTF-8 becomes base64 with
-- a prefix.
function state.to_text(bytes)
  if text.is_utf8(bytes) and bytes:sub(1, #BASE64) ~= BASE64 then return bytes end
  return BASE64 .. core.base64.encode(bytes)
end

--- Returns the string that `state.to_text` converted.
function state.from_text(value)
  local encoded = value:sub(1, #BASE64) == BASE64 and value:sub(#BASE64 + 1)
  return encoded and core.base64.decode(encoded) or value
end

local function drop(map, is_stale)
  for key, value in pairs(map) do
    if is_stale(value) then map[key] = nil end
  end
end

-- Deletes idle addresses if `forget_after` is set, or if there are more than
-- MOST_ADDRESSES; not otherwise, because a deleted address gets a new burst.
local function sweep_addresses(data, now, forget_after)
  local count = 0
  for _ in pairs(data.clients_seen) do count = count + 1 end
  if not forget_after and count <= MOST_ADDRESSES then return end
  local idle = (forget_after or 60) * 1000
  drop(data.clients_seen, function(c) return c.last + idle < now end)
end

--- Deletes idle addresses, and codes, link codes and SAML requests one hour after their
-- end: until then an expired code is reported as "expired", not as "unknown". Clients,
-- profiles and trials stay until a reset.
-- @param now ms since the epoch
-- @param forget_after seconds after which an idle client address is deleted, or nil
function state.sweep(data, now, forget_after)
  drop(data.sessions, function(s) return s.not_after + HOUR < now end)
  drop(data.current, function(code) return not data.sessions[code] end)
  drop(data.links, function(link) return link.not_after + HOUR < now end)
  drop(data.partner_requests, function(at) return at + HOUR < now end)
  sweep_addresses(data, now, forget_after)
end

return state
