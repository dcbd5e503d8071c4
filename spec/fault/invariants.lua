--- Observes the messages between clients and service, and checks the clients'
-- results.
--
--   invariants:check_request(request)              before a request is sent
--   invariants:record_response(request, response)  what the service sent
--   invariants:add_visible(...)                    what a person may see
--   invariants:check_secrets()                     raises if a secret is visible

local catalog = require "adobepass.api.error_catalog"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"

local invariants = {}
local Invariants = {}
Invariants.__index = Invariants

-- --- Messages ---------------------------------------------------------------

local SECRET = { access_token = true, client_secret = true,
  serviceToken = true, serializedToken = true, software_statement = true }

-- Shorter values are not checked: a text may contain them by chance, and some
-- damaged values are common words.
local SHORTEST = 12

function Invariants:add_secret(text)
  if type(text) == "string" and #text >= SHORTEST then
    self.secrets[text] = true
  end
end

local function add_attributes(self, attributes)
  for _, name in ipairs { "userID", "householdID", "primaryOID" } do
    local item = attributes[name]
    if type(item) == "table" then self:add_secret(item.value) end
  end
end

local function add_secrets(self, value)
  for name, item in pairs(value) do
    if SECRET[name] then self:add_secret(item) end
    if name == "attributes" and type(item) == "table" then
      add_attributes(self, item)
    end
    if type(item) == "table" then add_secrets(self, item) end
  end
end

local IDENTITY = { "AD-Service-Token", "Adobe-Subject-Token", "X-SSO-ID",
  "X-SSO-LINK", "AP-TempPass-Identity", "AP-Device-Identifier" }

-- The headers with JSON in which each string identifies the viewer.
local JSON_HEADERS = { "AP-TempPass-Identity", "AP-Partner-Framework-Status" }

local function add_strings(self, value)
  if type(value) ~= "table" then return self:add_secret(value) end
  for _, item in pairs(value) do add_strings(self, item) end
end

local function decoded_json(text)
  return text and json.decode(core.base64.decode(text) or "")
end

-- Adds the identifiers that a request sends encoded.
local function add_decoded(self, headers)
  local id = headers["AP-Device-Identifier"]
  self:add_secret(id and core.base64.decode((id:gsub("^fingerprint ", ""))))
  for _, name in ipairs(JSON_HEADERS) do
    add_strings(self, decoded_json(headers[name]))
  end
  local info = decoded_json(headers["X-Device-Info"])
  self:add_secret(type(info) == "table" and info.connectionIp)
  local token = headers["AD-Service-Token"]
  local claims = token and json.decode(core.jws.peek(token) or "")
  self:add_secret(type(claims) == "table" and claims.sub)
end

local function bearer_of(request)
  return request.bearer and (request.bearer:reveal())
end

-- Returns the model in a request's device info, which is the device's name.
local function model_of(request)
  local info = request.headers["X-Device-Info"]
  local text = info and core.base64.decode(info)
  return text and (json.decode(text) or {}).model
end

--- Returns the device of a request; by its token if it has no device info.
function Invariants:device_of(request)
  local model, bearer = model_of(request), bearer_of(request)
  if model then return model end
  local owners = bearer and self.bearers[bearer] or {}
  local first = next(owners)
  return first and next(owners, first) == nil and first or nil
end

local function identity_of(request)
  return request.headers["AP-TempPass-Identity"] or ""
end

local function add_device(map, key, device)
  map[key] = map[key] or {}
  map[key][device] = true
end

local function permit_key(device, viewer_number, mvpd, identity, resource)
  return table.concat({ device, viewer_number, mvpd, identity, resource }, "\n")
end

-- Records the decisions of the service, by device.
local function record_decisions(self, device, request, value)
  for _, item in ipairs(value.decisions) do
    if item.authorized == true then
      self.permits[permit_key(device, self:viewer_number(device), item.mvpd,
        identity_of(request), item.resource)] = true
    end
    local token = item.token and item.token.serializedToken
    if token then self.media_tokens[token] = device end
  end
end

local function record_profiles(self, device, value)
  for _, profile in pairs(value.profiles) do
    local user = (profile.attributes or {}).userID
    if user then add_device(self.users, user.value, device) end
  end
end

--- Checks that a request has no token or credentials of another device.
function Invariants:check_request(request)
  local device, bearer = model_of(request), bearer_of(request)
  self.requests = self.requests + 1
  for _, name in ipairs(IDENTITY) do
    self:add_secret(request.headers[name])
  end
  add_decoded(self, request.headers)
  if not device then return end
  local owners = bearer and self.bearers[bearer]
  assert(not owners or owners[device], "the token of another device")
  local id = (request.body or ""):match "^client_id=([^&]+)"
    or (request.body or ""):match "&client_id=([^&]+)"
  assert(not id or not self.clients[id] or self.clients[id][device],
    "the credentials of another device")
end

--- Records a response of the service, before the network damages it.
function Invariants:record_response(request, response)
  local value = json.decode(response.body)
  if type(value) ~= "table" then return end
  add_secrets(self, value)
  local device = self:device_of(request) or "?"
  if value.decisions then record_decisions(self, device, request, value) end
  if value.profiles then record_profiles(self, device, value) end
end

--- Records a response that a client received.
function Invariants:record_delivery(request, response)
  local value, device = json.decode(response.body), model_of(request)
  self.delivered_bodies[#self.delivered_bodies + 1] = response.body
  if type(value) ~= "table" or not device then return end
  if type(value.access_token) == "string" then
    add_device(self.bearers, value.access_token, device)
  end
  if type(value.client_id) == "string" then
    add_device(self.clients, value.client_id, device)
  end
end

-- --- Results ----------------------------------------------------------------

--- Starts a new viewer of a device: earlier permits are invalid.
function Invariants:change_viewer(device)
  self.viewer_numbers[device] = self:viewer_number(device) + 1
end

function Invariants:viewer_number(device)
  return self.viewer_numbers[device] or 1
end

local function flatten(value, list, seen)
  if type(value) ~= "table" then
    list[#list + 1] = tostring(value)
  elseif not seen[value] then
    seen[value] = true
    for key, item in pairs(value) do
      list[#list + 1] = tostring(key)
      flatten(item, list, seen)
    end
  end
end

--- Records what a person may see: an event, an error, a result of tostring.
function Invariants:add_visible(...)
  for index = 1, select("#", ...) do
    flatten((select(index, ...)), self.visible, {})
  end
end

local function was_delivered(self, code)
  for _, text in ipairs(self.delivered_bodies) do
    if text:find(code, 1, true) then return true end
  end
  return false
end

-- Returns whether the client or the service defines the code. The client shortens
-- invalid codes and removes control characters.
local function is_named(self, code)
  return catalog.codes[code] ~= nil or code:find "^http_%d%d%d$" ~= nil
    or was_delivered(self, code) or not code:find "^[%w_]+$"
end

local STATES = { pending = true, expired = true, superseded = true,
  denied = true }

function Invariants:check_error(err)
  if STATES[err] then return end
  assert(errors.is(err), "not an error object: " .. tostring(err))
  assert(is_named(self, err.code), "an unknown error code: " .. err.code)
  self:add_visible(err, tostring(err), err:viewer_text(), err:hint())
end

--- Checks a decision: a permit must come from the service, for this device and
-- its current viewer. `options`: { mvpd =, identity = }
function Invariants:check_decision(device, decision, options)
  if decision.error then self:check_error(decision.error) end
  if not decision.permitted then return end
  local key = permit_key(device, self:viewer_number(device), options.mvpd,
    options.identity or "", decision.resource)
  assert(self.permits[key], "a permit that the service did not give: "
    .. decision.resource)
  local token = decision.media_token
  if self.media_tokens[token] then
    assert(self.media_tokens[token] == device,
      "the media token of another device")
  end
end

--- Checks that the service sent this profile to this device.
function Invariants:check_profile(device, profile)
  local user = profile.attributes.userID
  local owners = user and self.users[user]
  assert(not owners or owners[device] or owners["?"],
    "the profile of another device")
end

--- Checks that no secret is visible.
function Invariants:check_secrets()
  local all = table.concat(self.visible, "\n")
  for secret in pairs(self.secrets) do
    local at = all:find(secret, 1, true)
    if at then
      error(("a secret of %d bytes is visible: %s[...]"):format(#secret,
        all:sub(math.max(1, at - 120), at - 1)), 0)
    end
  end
end

function invariants.new()
  return setmetatable({ secrets = {}, visible = {}, delivered_bodies = {},
    permits = {},
    media_tokens = {}, users = {}, bearers = {}, clients = {},
    viewer_numbers = {},
    requests = 0 }, Invariants)
end

return invariants
