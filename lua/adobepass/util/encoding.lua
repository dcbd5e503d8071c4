--- Base64 and digests of the core, for modules that must not require the core, and
-- the decoding of forms.
-- @module adobepass.util.encoding

local core = require "adobepass.core"

local encoding = {}

--- Encodes bytes as base64.
encoding.base64_encode = core.base64.encode

--- Decodes base64; nil when the text is not base64.
encoding.base64_decode = core.base64.decode

--- Returns the digest of a text in hexadecimal.
-- @string text
-- @string algorithm `sha256` or `sha512`
function encoding.hex_digest(text, algorithm)
  return core.digest.hex(core.digest[algorithm](text))
end

--- Decodes a name or a value of a query or a form.
function encoding.unescape(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

return encoding
