--- Pseudonymous identifiers of viewers and devices.
-- @module adobepass.sandbox.data.users

local core = require "adobepass.core"

local users = {}

--- Returns the userID that an mvpd uses for a viewer.
function users.id(mvpd_id, username)
  return core.base64.encode(core.digest.sha256(mvpd_id .. "\0" .. username))
end

--- Returns 40 hex digits for a device, for temporary and degraded profiles.
function users.device_hash(device)
  return core.digest.hex(core.digest.sha256(device)):sub(1, 40)
end

--- Returns the userID of a degraded profile. A fixed prefix identifies it.
function users.degraded_id(device)
  return "95cf93bcd183214a" .. users.device_hash(device)
end

function users.sha256_hex(text)
  return core.digest.hex(core.digest.sha256(text))
end

return users
