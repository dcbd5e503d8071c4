--- Controls a sandbox: clock, logins, revocations, faults, journal, state.
-- Each function takes one table (or nothing) and returns value | nil, message.
-- Over HTTP: `adobepass.sandbox.control.endpoint`.
-- @module adobepass.sandbox.control.commands

local degradation = require "adobepass.sandbox.data.degradation"
local faults = require "adobepass.sandbox.engine.faults"
local journal = require "adobepass.sandbox.engine.journal"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local saml = require "adobepass.sandbox.data.saml"
local state = require "adobepass.sandbox.engine.state"
local tokens = require "adobepass.sandbox.data.tokens"

local commands = {}

local LATEST = 4102444800000 -- the year 2100: os.date works everywhere

-- Functions of (sandbox, given); `commands.new` binds them to a sandbox.
local functions = {}

--- Returns the recorded requests, oldest first.
function functions.journal(sandbox)
  return json.array(journal.read(sandbox))
end

function functions.clear_journal(sandbox)
  journal.clear(sandbox)
  return true
end

--- Returns the sandbox's time in ms since the epoch.
function functions.now(sandbox)
  return sandbox:now()
end

local function move_to(sandbox, ms)
  if type(ms) ~= "number" or ms ~= ms or ms < 0 or ms > LATEST then
    return nil, "invalid time: expected ms since the epoch, 1970 to 2100"
  end
  local moved = json.integer(ms - sandbox:now())
  sandbox.state.clock_offset = sandbox.state.clock_offset + moved
  return true
end

--- Moves the clock by `ms`, forward or back.
function functions.advance(sandbox, ms)
  if type(ms) ~= "number" then
    return nil, "invalid 'advance': expected milliseconds"
  end
  return move_to(sandbox, sandbox:now() + ms)
end

function functions.set_time(sandbox, ms)
  return move_to(sandbox, ms)
end

-- Returns whether `seconds` is nil or a duration within bounds.
local function is_span(seconds)
  return seconds == nil
    or type(seconds) == "number" and seconds >= 0 and seconds <= 1e9
end

local BAD_SECONDS = "invalid 'seconds': expected 0 to 1e9"

local function open_session(sandbox, given)
  if given.code then return sandbox:find_session(given.code) end
  if not sandbox:provider(given.service_provider) then
    return nil, "service_provider"
  end
  if type(given.device) ~= "string" then return nil, "device" end
  return {
    service_provider = given.service_provider, identities = {},
    device = { id = given.device, info = {} }, client_id = given.client_id,
  }
end

--- Logs a viewer in without a browser.
-- @param given { code, username, mvpd? } or, without a code,
--   { service_provider, device, mvpd, username, client_id? }; without client_id,
--   the profile belongs to the client that used the device last
function functions.log_in(sandbox, given)
  local session, why = open_session(sandbox, given)
  if not session then return nil, why end
  return sandbox:complete_login(session, given.mvpd or session.mvpd,
                            given.username)
end

local function jti_of(read, sandbox, compact)
  local claims = read(sandbox, compact)
  return claims and claims.jti
end

local revoke = {}

function revoke.client_id(sandbox, id)
  local client = sandbox.state.clients[id]
  if not client then return nil, "unknown client_id" end
  client.revoked = true
  return true
end

function revoke.token(sandbox, compact)
  local jti = jti_of(tokens.read_access, sandbox, compact)
  if not jti then return nil, "invalid 'token': expected a valid access token" end
  sandbox.state.revoked_tokens[jti] = true
  return true
end

function revoke.statement(sandbox, compact)
  local jti = jti_of(tokens.read_statement, sandbox, compact)
  if not jti then return nil, "invalid 'statement': expected a software statement" end
  sandbox.state.revoked_statements[jti] = true
  return true
end

--- Invalidates the profiles of a viewer at an mvpd, or of all viewers.
function revoke.mvpd(sandbox, mvpd_id, given)
  return profile_store.invalidate(sandbox, mvpd_id, given.username)
end

--- Revokes { client_id } | { token } | { statement } | { mvpd, username? }.
function functions.revoke(sandbox, given)
  for name, action in pairs(revoke) do
    if type(given[name]) == "string" then
      return action(sandbox, given[name], given)
    end
  end
  return nil, "missing field: expected client_id, token, statement or mvpd"
end

--- Starts a degradation rule: { service_provider, mvpd, rule, seconds?, details?
-- (text of AuthZNone denials) }.
function functions.set_degradation(sandbox, given)
  if not sandbox:integration(given.service_provider, given.mvpd) then
    return nil, "unknown integration of service_provider and mvpd"
  end
  if not is_span(given.seconds) then return nil, BAD_SECONDS end
  if given.details ~= nil and type(given.details) ~= "string" then
    return nil, "invalid 'details': expected a string"
  end
  return degradation.set(sandbox, given.service_provider, given.mvpd, given.rule,
                         given.seconds, given.details)
end

--- Ends the rule of { service_provider, mvpd }; without an mvpd, all rules.
function functions.clear_degradation(sandbox, given)
  if given.mvpd then
    degradation.clear(sandbox, tostring(given.service_provider), given.mvpd)
  else
    sandbox.state.degradation = {}
  end
  return true
end

--- Adds a fault; for its fields see `adobepass.sandbox.engine.faults`.
function functions.fault(sandbox, given)
  return faults.set(sandbox, given)
end

function functions.faults(sandbox)
  return faults.list(sandbox)
end

function functions.clear_faults(sandbox)
  faults.clear(sandbox)
  return true
end

--- Restores the initial state: memory, journal, faults and clock.
function functions.reset(sandbox)
  sandbox.state = state.new(sandbox.world)
  return true
end

local function application(sandbox, id)
  for _, row in ipairs(sandbox.world.applications) do
    if row.id == id then return row end
  end
  return id == nil and sandbox.world.applications[1] or nil
end

local function is_list_of_strings(list)
  if type(list) ~= "table" then return false end
  for key, value in pairs(list) do
    if type(key) ~= "number" or type(value) ~= "string" then return false end
  end
  return true
end

--- Returns a software statement of the world's first application, or of
-- { application = id }. `service_provider` and `scopes` restrict it.
function functions.statement(sandbox, given)
  local row = application(sandbox, given.application)
  if not row then return nil, "unknown application" end
  local sp = given.service_provider
  if sp and not sandbox:provider(sp) then
    return nil, "unknown service_provider"
  end
  if not is_list_of_strings(given.scopes or {}) then
    return nil, "invalid 'scopes': expected a list of strings"
  end
  return tokens.statement(sandbox, {
    id = row.id, name = row.name, uri = row.uri,
    redirect_uri = row.redirect_uri, scopes = given.scopes or row.scopes,
    providers = sp and { sp } or row.providers,
  })
end

local ROLES = { service = "identity", platform = "platform" }

--- Returns a signed identity token for AD-Service-Token (kind "service") or
-- Adobe-Subject-Token (kind "platform").
-- @param given { kind, subject, seconds? (lifetime, default 3600) }
function functions.identity(sandbox, given)
  local role = ROLES[given.kind]
  if not role or type(given.subject) ~= "string" then
    return nil, "missing field: expected kind (service or platform) and subject"
  end
  if not is_span(given.seconds) then return nil, BAD_SECONDS end
  return tokens.identity(sandbox, role, given.subject, given.seconds)
end

--- Returns an mvpd's SAML response to the request of operation 14.
-- @param given { request (base64), mvpd, username }
-- @return base64 | nil, message
function functions.saml_response(sandbox, given)
  if type(given.request) ~= "string" or not sandbox:mvpd(given.mvpd)
      or not sandbox.world.viewers[given.username] then
    return nil, "invalid field: expected request, mvpd and username"
  end
  return saml.response(sandbox, given.request, given.mvpd, given.username)
end

--- Returns PEM certificates that verify media tokens and access tokens, and the
-- programmer's certificate and private key for encrypted metadata.
function functions.certificates(sandbox)
  return {
    media = sandbox.keys:certificate "media",
    tokens = sandbox.keys:certificate "tokens",
    metadata = sandbox.keys:certificate "metadata",
    metadata_private_key = sandbox.keys.pems.metadata.private,
  }
end

--- Returns a copy of the world.
function functions.world(sandbox)
  return state.copy(sandbox.world)
end

--- Returns a copy of the state as plain data.
function functions.snapshot(sandbox)
  return state.copy(sandbox.state)
end

--- Restores a state. @param data a value that `snapshot` returned
function functions.restore(sandbox, data)
  if type(data) ~= "table" or data.version ~= state.VERSION then
    return nil, "invalid snapshot: expected version " .. state.VERSION
  end
  for name, value in pairs(state.new(sandbox.world)) do
    if type(data[name]) ~= type(value) then
      return nil, "invalid snapshot: " .. name
    end
  end
  sandbox.state = state.copy(data)
  return true
end

--- Binds the functions to a sandbox.
function commands.new(sandbox)
  local bound = {}
  for name, run in pairs(functions) do
    bound[name] = function(given)
      if given == nil then given = {} end
      return run(sandbox, given)
    end
  end
  return bound
end

--- Returns whether an IP address is a loopback address.
function commands.is_loopback(address)
  return address == "::1" or address == "::ffff:127.0.0.1"
    or (address or ""):find "^127%.%d+%.%d+%.%d+$" ~= nil
end

return commands
