--- The part of a store that belongs to one device: tables as JSON, errors of
-- adobepass.api.errors.
-- @module adobepass.store.device_store

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local tables = require "adobepass.util.tables"

local device_store = {}

-- The format of the records below; docs/credentials.md.
local VERSION = 1

-- The fields on which the client relies, with their types.
local FIELDS = {
  credentials = { client_id = "string", client_secret = "string" },
  profile = { mvpd = "string", not_before = "number nil", not_after = "number",
    attributes = "table", encrypted = "table nil" },
  provider = { id = "string" }, denied = { mvpds = "table nil" },
}

local DeviceStore = {}
DeviceStore.__index = DeviceStore

--- Creates the device's part of a store.
-- @param store
-- @string key of the device
function device_store.new(store, key)
  return setmetatable({ store = store, key = key }, DeviceStore)
end

--- Returns whether a value is a table that has fields of these types.
-- @param value
-- @tparam table fields maps a name to types, such as "number nil"
function device_store.has_fields(value, fields)
  if type(value) ~= "table" then return false end
  for name, types in pairs(fields) do
    if not types:find(type(value[name]), 1, true) then return false end
  end
  return true
end

-- A store that fails has its own error code. If the client treated it as empty, it
-- would register the device again, which logs the viewer out.
local function broken(message)
  return nil, errors.new { code = "store_failed", action = "none",
    message = tostring(message) }
end

local function entry_name(self, name) return name .. ":" .. self.key end

-- Returns the record; nil and an error if it is damaged, or of a newer version.
local function check_record(name, record)
  if type(record) ~= "table" or record.v == nil then
    return broken("The store's record " .. name .. " is damaged.")
  elseif type(record.v) ~= "number" or record.v > VERSION then
    return broken(("The store's record %s was written by a newer adobepass: "
      .. "use that version, or another store."):format(name))
  elseif FIELDS[name] and not device_store.has_fields(record, FIELDS[name]) then
    return broken("The store's record " .. name .. " is damaged.")
  end
  return record
end

--- Reads a record: the table and its text; nil when there is none; nil, nil and an
-- error when the store is broken, or the record is damaged or of a newer version.
function DeviceStore:read_record(name)
  local text, message, code = self.store:get(entry_name(self, name))
  if text == nil then
    if code then return nil, nil, select(2, broken(message)) end
    return nil
  end
  local record, err = check_record(name, json.decode(text))
  return record, record and text, err
end

--- Reads the value that `write` wrote: the table, nil and the record's text; nil when
-- there is none; nil and an error as `read_record`.
function DeviceStore:read(name)
  local value, text, err = self:read_record(name)
  if value then value.v = nil end
  return value, err, text
end

--- Writes a record if the stored text is `expected` (nil: none): true, nil and
-- the new text; false when it is another one; nil and an error when it is not
-- known whether the record was written.
function DeviceStore:replace_record(name, record, expected, seconds)
  record.v = VERSION
  local text = json.encode(record)
  local done, message = self.store:replace(entry_name(self, name), text,
    expected, seconds)
  if done == nil then return broken(message) end
  return done, nil, text
end

--- Writes a table as a record. It expires after `seconds`; without `seconds` it never
-- expires.
function DeviceStore:write(name, value, seconds)
  local text = json.encode(tables.add({ v = VERSION }, value))
  local good, message = self.store:set(entry_name(self, name), text, seconds)
  if good then return true end
  return broken(message)
end

--- Deletes an entry; with `text`, only one that has this text.
function DeviceStore:release(name, text)
  local good, message = self.store:delete(entry_name(self, name), text)
  if good then return true end
  return broken(message)
end

return device_store
