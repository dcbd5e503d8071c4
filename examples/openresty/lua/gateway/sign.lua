--- Signs texts with HMAC-SHA-256 and rotating keys. All nodes with the same keys can
-- verify them.
--
-- A sealed text is `key id.payload.signature`, the latter two in base64url. It is
-- not encrypted. The purpose is signed as well, so a device cookie is not accepted
-- as a ticket.
-- @module gateway.sign

local core = require "adobepass.core"

local base64, digest = core.base64, core.digest

local sign = {}

local Signer = {}
Signer.__index = Signer

local LONGEST = 1024

--- @tparam table keys a list of { id =, secret = }: the first signs
function sign.new(keys)
  local by_id = {}
  for _, key in ipairs(keys) do by_id[key.id] = key.secret end
  return setmetatable({ first = keys[1], by_id = by_id }, Signer)
end

local function signature(secret, purpose, id, payload)
  return digest.hmac_sha256(secret,
    table.concat({ purpose, id, payload }, "\n"))
end

--- Signs a text.
-- @string purpose `open` accepts the result for the same purpose only
-- @string text must not contain a secret, because it is not encrypted
function Signer:seal(purpose, text)
  local id, payload = self.first.id, base64.url_encode(text)
  return table.concat({ id, payload, base64.url_encode(
    signature(self.first.secret, purpose, id, payload)) }, ".")
end

--- Returns the text; nil if the signature or the purpose is wrong.
function Signer:open(purpose, sealed)
  if not sealed or #sealed > LONGEST then return nil end
  local id, payload, given =
    sealed:match "^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$"
  local secret = id and self.by_id[id]
  local raw = secret and base64.url_decode(given)
  if not raw
      or not digest.equal(signature(secret, purpose, id, payload), raw) then
    return nil
  end
  return base64.url_decode(payload)
end

return sign
