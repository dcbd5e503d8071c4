--- Hears all that goes between the clients and the service, and judges what
-- the clients make of it.
--
--   witness:sent(request)               a request that leaves
--   witness:answered(request, response) what the service really said
--   witness:told(...)                   what a person may get to see
--   witness:judge()                     raises where a secret was told

local catalog = require "adobepass.api.error_catalog"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local header_table = require "adobepass.api.request".header_table
local json = require "adobepass.util.json"

local witness = {}
local Witness = {}
Witness.__index = Witness

-- --- what was said ----------------------------------------------------------

local SECRET = { access_token = true, client_secret = true,
  serviceToken = true, serializedToken = true, software_statement = true }

-- Shorter ones stand in a text by chance, and some of our junk is a word.
local SHORTEST = 12

function Witness:keep_secret(text)
  if type(text) == "string" and #text >= SHORTEST then
    self.secrets[text] = true
  end
end

local function keep_attributes(self, attributes)
  for _, name in ipairs { "userID", "householdID", "primaryOID" } do
    local item = attributes[name]
    if type(item) == "table" then self:keep_secret(item.value) end
  end
end

local function keep_secrets(self, value)
  for name, item in pairs(value) do
    if SECRET[name] then self:keep_secret(item) end
    if name == "attributes" and type(item) == "table" then
      keep_attributes(self, item)
    end
    if type(item) == "table" then keep_secrets(self, item) end
  end
end

local IDENTITY = { "AD-Service-Token", "Adobe-Subject-Token", "X-SSO-ID",
  "X-SSO-LINK", "AP-TempPass-Identity", "AP-Device-Identifier" }

local function bearer_of(request)
  return request.bearer and (request.bearer:reveal())
end

-- A request's info has the device's name as model.
local function model_of(request)
  local info = header_table(request)["X-Device-Info"]
  local text = info and core.base64.decode(info)
  return text and (json.decode(text) or {}).model
end

--- Which device a request is of; by its token, where it has no info.
function Witness:device_of(request)
  local model, bearer = model_of(request), bearer_of(request)
  if model then return model end
  local owners = bearer and self.bearers[bearer] or {}
  local first = next(owners)
  return first and next(owners, first) == nil and first or nil
end

local function identity_of(request)
  return header_table(request)["AP-TempPass-Identity"] or ""
end

local function note(map, key, device)
  map[key] = map[key] or {}
  map[key][device] = true
end

local function said_key(device, era, mvpd, identity, resource)
  return table.concat({ device, era, mvpd, identity, resource }, "\n")
end

-- Every decision that the service gave, by whom it gave it to.
local function note_decisions(self, device, request, value)
  for _, item in ipairs(value.decisions) do
    if item.authorized == true then
      self.said[said_key(device, self:era(device), item.mvpd,
        identity_of(request), item.resource)] = true
    end
    local token = item.token and item.token.serializedToken
    if token then self.media[token] = device end
  end
end

local function note_profiles(self, device, value)
  for _, profile in pairs(value.profiles) do
    local user = (profile.attributes or {}).userID
    if user then note(self.users, user.value, device) end
  end
end

--- A request leaves: with nobody else's token, and nobody else's client.
function Witness:sent(request)
  local device, bearer = model_of(request), bearer_of(request)
  self.requests = self.requests + 1
  for _, name in ipairs(IDENTITY) do
    self:keep_secret(header_table(request)[name])
  end
  if not device then return end
  local owners = bearer and self.bearers[bearer]
  assert(not owners or owners[device], "the token of another device")
  local id = (request.body or ""):match "^client_id=([^&]+)"
    or (request.body or ""):match "&client_id=([^&]+)"
  assert(not id or not self.clients[id] or self.clients[id][device],
    "the credentials of another device")
end

--- The service said this, whatever may come of it on the way.
function Witness:answered(request, response)
  local value = json.decode(response.body)
  if type(value) ~= "table" then return end
  keep_secrets(self, value)
  local device = self:device_of(request) or "?"
  if value.decisions then note_decisions(self, device, request, value) end
  if value.profiles then note_profiles(self, device, value) end
end

--- What came out at the other end.
function Witness:delivered(request, response)
  local value, device = json.decode(response.body), model_of(request)
  self.heard[#self.heard + 1] = response.body
  if type(value) ~= "table" or not device then return end
  if type(value.access_token) == "string" then
    note(self.bearers, value.access_token, device)
  end
  if type(value.client_id) == "string" then
    note(self.clients, value.client_id, device)
  end
end

-- --- what was made of it ----------------------------------------------------

--- From here on another viewer may sit before the device: what was permitted
-- before counts no more.
function Witness:turn(device)
  self.eras[device] = self:era(device) + 1
end

function Witness:era(device) return self.eras[device] or 1 end

local function flat(value, list, seen)
  if type(value) ~= "table" then
    list[#list + 1] = tostring(value)
  elseif not seen[value] then
    seen[value] = true
    for key, item in pairs(value) do
      list[#list + 1] = tostring(key)
      flat(item, list, seen)
    end
  end
end

--- A person may see this: an event, an error, what tostring says.
function Witness:told(...)
  for index = 1, select("#", ...) do
    flat((select(index, ...)), self.texts, {})
  end
end

local function was_heard(self, code)
  for _, text in ipairs(self.heard) do
    if text:find(code, 1, true) then return true end
  end
  return false
end

-- Ours, or the service's own word; which is cut and cleaned where it is odd.
local function is_named(self, code)
  return catalog.codes[code] ~= nil or code:find "^http_%d%d%d$" ~= nil
    or was_heard(self, code) or not code:find "^[%w_]+$"
end

local STATES = { pending = true, expired = true, superseded = true,
  denied = true }

function Witness:check_error(err)
  if STATES[err] then return end
  assert(errors.is(err), "no error of ours: " .. tostring(err))
  assert(is_named(self, err.code), "a code that nobody knows: " .. err.code)
  self:told(err, tostring(err), err:viewer_text(), err:hint())
end

--- A decision: permitted only where the service said so, to this device, since
-- its viewer came. `asked`: { mvpd =, identity = }
function Witness:check_decision(device, decision, asked)
  if decision.error then self:check_error(decision.error) end
  if not decision.permitted then return end
  local key = said_key(device, self:era(device), asked.mvpd,
    asked.identity or "", decision.resource)
  assert(self.said[key], "a permit that nobody gave: " .. decision.resource)
  local token = decision.media_token
  if self.media[token] then
    assert(self.media[token] == device, "the media token of another device")
  end
end

--- A profile: of somebody whom the service showed to this device.
function Witness:check_profile(device, profile)
  local user = profile.attributes.userID
  local owners = user and self.users[user]
  assert(not owners or owners[device] or owners["?"],
    "the profile of another device")
end

--- No secret was told.
function Witness:judge()
  local all = table.concat(self.texts, "\n")
  for secret in pairs(self.secrets) do
    local at = all:find(secret, 1, true)
    if at then
      error(("a secret of %d bytes was told: %s[...]"):format(#secret,
        all:sub(math.max(1, at - 120), at - 1)), 0)
    end
  end
end

function witness.new()
  return setmetatable({ secrets = {}, texts = {}, heard = {}, said = {},
    media = {}, users = {}, bearers = {}, clients = {}, eras = {},
    requests = 0 }, Witness)
end

return witness
