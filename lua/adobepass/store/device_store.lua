--- What is kept in the store for one device, as JSON, with errors of ours.
-- @module adobepass.store.device_store

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"

local vault = {}

local Vault = {}
Vault.__index = Vault

--- A view of a store for one device of one client.
function vault.new(store, key)
  return setmetatable({ store = store, key = key }, Vault)
end

-- A broken store has a name of its own: taken for an empty one it would lead
-- to a new registration, and that would log every viewer out.
local function broken(message)
  return nil, errors.new { code = "store_failed", action = "none",
    message = tostring(message) }
end

function Vault:name(what) return what .. ":" .. self.key end

--- A table, or nil where there is none; or nil and an error.
function Vault:read(what)
  local text, message, code = self.store:get(self:name(what))
  if text == nil then
    if code then return broken(message) end
    return nil
  end
  local value = json.decode(text)
  if type(value) == "table" then return value end
  return broken("What the store holds of " .. what .. " is damaged.")
end

function Vault:write(what, value, seconds)
  local good, message = self.store:set(self:name(what), json.encode(value),
    seconds)
  if good then return true end
  return broken(message)
end

--- Takes a place that nobody holds: true, false, or nil and an error.
function Vault:claim(what, owner, seconds)
  local won, message = self.store:add(self:name(what), owner, seconds)
  if won == nil then return broken(message) end
  return won
end

function Vault:release(what, owner)
  local good, message = self.store:delete(self:name(what), owner)
  if good then return true end
  return broken(message)
end

return vault
