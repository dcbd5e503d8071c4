--- Who somebody is: identifiers that tell nothing about the person.
-- @module adobepass.sandbox.data.users

local core = require "adobepass.core"

local users = {}

--- The userID that an mvpd gives for a viewer.
function users.id(mvpd_id, username)
  return core.base64.encode(core.digest.sha256(mvpd_id .. "\0" .. username))
end

--- 40 hex digits for a device, as temporary and degraded profiles show.
function users.device_hash(device)
  return core.digest.hex(core.digest.sha256(device)):sub(1, 40)
end

function users.sha256_hex(text)
  return core.digest.hex(core.digest.sha256(text))
end

return users
