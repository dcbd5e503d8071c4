--- A ticket allows one device to fetch the files of one channel until it expires.
--
-- A `cookie` ticket is valid together with the device cookie. A `url` ticket, for
-- players without cookies, is valid for anyone who has the URL.
-- @module gateway.ticket

local core = require "adobepass.core"

local ticket = {}

local PURPOSE = { cookie = "ticket-cookie", url = "ticket-url" }

--- Returns the part of a device id that a ticket contains.
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

--- Returns the fields of a ticket with a valid signature, expired or not; else nil.
function ticket.open(signer, kind, text)
  local content = signer:open(PURPOSE[kind], text)
  local expires, channel, holder = (content or ""):match "^(%d+) (%S+) (%x+)$"
  return expires and { expires = tonumber(expires), channel = channel,
    holder = holder }
end

return ticket
