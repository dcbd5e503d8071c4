--- Key pairs by role; a key is parsed once for all sandboxes that use it.
-- @module adobepass.sandbox.data.keyring

local core = require "adobepass.core"
local defaults = require "adobepass.sandbox.data.keys"

local Keyring = {}
Keyring.__index = Keyring

local keyring = {}

-- The parsed keys by PEM, as long as a sandbox holds them. Reading the keys takes as
-- long as the rest of a short test with a sandbox of its own.
local shared = setmetatable({}, { __mode = "v" })

local function check(given)
  for role, pair in pairs(given) do
    if not defaults[role] then
      error("unknown key role: " .. tostring(role), 0)
    end
    if type(pair) ~= "table" or type(pair.private) ~= "string"
        or type(pair.certificate) ~= "string" then
      error("key " .. role .. ": expected private and certificate (PEM)", 0)
    end
  end
end

--- Creates a keyring.
-- @param given role -> { private = PEM, certificate = PEM }, may be nil; roles
--   that are missing keep the default keys
function keyring.new(given)
  check(given or {})
  local pems = {}
  for role, pair in pairs(defaults) do
    pems[role] = given and given[role] or pair
  end
  return setmetatable({ pems = pems, parsed = {} }, Keyring)
end

local function parsed(self, name, read, pem)
  local key = self.parsed[name]
  if not key then
    key = shared[pem] or assert(read(pem))
    shared[pem], self.parsed[name] = key, key
  end
  return key
end

function Keyring:private(role)
  return parsed(self, role .. " private", core.private_key,
                self.pems[role].private)
end

function Keyring:public(role)
  return parsed(self, role .. " public", core.public_key,
                self.pems[role].certificate)
end

--- Returns the public key of a PEM text of the world, which has been checked.
function Keyring:read_public(pem)
  return parsed(self, pem, core.public_key, pem)
end

--- Returns the certificate of a role as PEM.
function Keyring:certificate(role)
  return self.pems[role].certificate
end

return keyring
