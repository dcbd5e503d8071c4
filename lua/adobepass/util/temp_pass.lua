--- The users of a TempPass: the hash of one, or everyone.
-- @module adobepass.util.temp_pass

local encoding = require "adobepass.util.encoding"
local trim = require("adobepass.util.text").trim

local temp_pass = {}

--- Returns whether a value is a SHA-256 or SHA-512 in hexadecimal digits.
function temp_pass.is_hash(value)
  return type(value) == "string" and (#value == 64 or #value == 128)
    and not value:find "%X"
end

--- Returns the hash of a user's identity; a value that is already a hash is
-- returned in lower case. Case and surrounding white space do not change the
-- hash. Adobe accepts no personal data, only hashes.
-- @string text
-- @string[opt="sha256"] algorithm or "sha512"
function temp_pass.hash(text, algorithm)
  local plain = trim(text):lower()
  if temp_pass.is_hash(plain) then return plain end
  return encoding.hex_digest(plain, algorithm or "sha256")
end

--- Returns whether a name makes the service reset everyone: "all", or blank text.
-- For nil returns false.
function temp_pass.means_everyone(name)
  local trimmed = name and trim(name:lower())
  return trimmed == "" or trimmed == "all"
end

return temp_pass
