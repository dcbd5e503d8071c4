--- A ticket: this device may fetch this channel's files until then.
--
-- It is what /play gives, and all that the guard of the files looks at. Two
-- kinds: a `cookie` one is good together with the device's own cookie; a `url`
-- one, for players without cookies, is good for whoever has the address, so it
-- lives as briefly and opens as little.
-- @module gateway.ticket

local core = require "adobepass.core"

local ticket = {}

local PURPOSE = { cookie = "ticket-cookie", url = "ticket-url" }

--- What a ticket says of a device: enough to know it again, and no more.
function ticket.holder(device_id)
  return core.digest.hex(core.digest.sha256("holder\n" .. device_id))
    :sub(1, 32)
end

--- @param signer see gateway.sign
-- @string kind `cookie` or `url`
-- @tparam table fields `channel`, `holder`, `expires` (seconds since 1970)
function ticket.issue(signer, kind, fields)
  return signer:seal(PURPOSE[kind], ("%d %s %s"):format(fields.expires,
    fields.channel, fields.holder))
end

--- The fields of a ticket that is ours, whether it has expired or not; nil for
-- all others.
function ticket.open(signer, kind, text)
  local said = signer:open(PURPOSE[kind], text)
  local expires, channel, holder = (said or ""):match "^(%d+) (%S+) (%x+)$"
  return expires and { expires = tonumber(expires), channel = channel,
    holder = holder }
end

return ticket
