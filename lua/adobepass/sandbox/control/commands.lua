--- Controls a sandbox: clock, logins, revocations, faults, journal, state.
-- Each function takes one table (or nothing) and returns value | nil, message, name
-- of the wrong field. Names and fields: `adobepass.sandbox.control.calls`; over HTTP:
-- `adobepass.sandbox.control.endpoint`.
-- @module adobepass.sandbox.control.commands

local calls = require "adobepass.sandbox.control.calls"
local degradation = require "adobepass.sandbox.data.degradation"
local faults = require "adobepass.sandbox.engine.faults"
local journal = require "adobepass.sandbox.engine.journal"
local json = require "adobepass.util.json"
local options = require "adobepass.util.options"
local profile_store = require "adobepass.sandbox.data.profile_store"
local saml = require "adobepass.sandbox.data.saml"
local state = require "adobepass.sandbox.engine.state"
local tokens = require "adobepass.sandbox.data.tokens"

local commands = {}

local invalid, missing = calls.invalid, calls.missing

local LATEST = 4102444800000 -- the year 2100

-- Functions of (sandbox, given); `commands.new` checks the fields and binds them to a
-- sandbox.
local functions = {}

--- Returns the recorded requests, oldest first; { clear = true } deletes them.
function functions.journal(sandbox, given)
  if not given.clear then return json.array(journal.read(sandbox)) end
  journal.clear(sandbox)
  return true
end

local function move_to(sandbox, ms, field)
  if ms ~= ms or ms < 0 or ms > LATEST then
    return invalid(field, "a time from 1970 to 2100, in milliseconds")
  end
  local moved = json.integer(ms - sandbox:now())
  sandbox.state.clock_offset = sandbox.state.clock_offset + moved
  return true
end

--- Moves the clock by { advance } ms, forward or back, or to { time } ms since the
-- epoch. Without a field, returns the sandbox's time.
function functions.clock(sandbox, given)
  if given.advance and given.time then
    return invalid("time", "either 'advance' or 'time'")
  elseif given.advance then
    return move_to(sandbox, sandbox:now() + given.advance, "advance")
  elseif given.time then
    return move_to(sandbox, given.time, "time")
  end
  return sandbox:now()
end

-- Fields of a login without a code.
local WITHOUT_CODE = { "service_provider", "device", "client_id" }

local function session_of_code(sandbox, given)
  for _, name in ipairs(WITHOUT_CODE) do
    if given[name] then return invalid(name, "either '" .. name .. "' or 'code'") end
  end
  local session, why = sandbox:find_session(given.code)
  if session then return session end
  return invalid("code", ("an open session, but the code %s is %s"):format(
    json.encode(given.code), why))
end

local function unknown_name(field, expected, value, known)
  return invalid(field, expected .. (options.suggest(value, known)))
end

local function open_session(sandbox, given)
  if given.code then return session_of_code(sandbox, given) end
  if not given.service_provider then
    return nil, "missing 'service_provider', or 'code'", "service_provider"
  end
  if not sandbox:provider(given.service_provider) then
    return unknown_name("service_provider", "a service provider of the world",
      given.service_provider, sandbox.world.providers)
  end
  if not given.device then return missing "device" end
  return {
    service_provider = given.service_provider, identities = {},
    device = { id = given.device, info = {} }, client_id = given.client_id,
  }
end

local function login_refused(sandbox, given, why, mvpd)
  if not given[why] then return missing(why) end
  if why == "mvpd" then
    return unknown_name("mvpd", "an mvpd of the service provider with a login",
      given.mvpd, sandbox.world.mvpds)
  end
  return unknown_name("username", "a viewer of the mvpd", given.username,
    sandbox:viewers_of(mvpd))
end

--- Logs a viewer in without a browser.
-- @param given { code, username, mvpd? } or, without a code,
--   { service_provider, device, mvpd, username, client_id? }; without client_id,
--   the profile belongs to the client that used the device last
function functions.login(sandbox, given)
  local session, message, field = open_session(sandbox, given)
  if not session then return nil, message, field end
  local mvpd = given.mvpd or session.mvpd
  local done, why = sandbox:complete_login(session, mvpd, given.username)
  if done then return true end
  return login_refused(sandbox, given, why, mvpd)
end

local function jti_of(read, sandbox, compact)
  local claims = read(sandbox, compact)
  return claims and claims.jti
end

local revoke = {}

function revoke.client_id(sandbox, id)
  local client = sandbox.state.clients[id]
  if not client then return invalid("client_id", "a registered client") end
  client.revoked = true
  return true
end

function revoke.token(sandbox, compact)
  local jti = jti_of(tokens.read_access, sandbox, compact)
  if not jti then return invalid("token", "a valid access token") end
  sandbox.state.revoked_tokens[jti] = true
  return true
end

function revoke.statement(sandbox, compact)
  local jti = jti_of(tokens.read_statement, sandbox, compact)
  if not jti then return invalid("statement", "a software statement") end
  sandbox.state.revoked_statements[jti] = true
  return true
end

local function check_mvpd(sandbox, id)
  if sandbox:mvpd(id) then return true end
  return unknown_name("mvpd", "an mvpd of the world", id, sandbox.world.mvpds)
end

local function check_viewer(sandbox, username)
  if sandbox.world.viewers[username] then return true end
  return unknown_name("username", "a viewer of the world", username,
    sandbox.world.viewers)
end

--- Invalidates the profiles of a viewer at an mvpd, or of all viewers.
function revoke.mvpd(sandbox, mvpd_id, given)
  local known, message, field = check_mvpd(sandbox, mvpd_id)
  if known and given.username then
    known, message, field = check_viewer(sandbox, given.username)
  end
  if not known then return nil, message, field end
  return profile_store.invalidate(sandbox, mvpd_id, given.username)
end

local TARGETS = { "client_id", "token", "statement", "mvpd" }

--- Revokes { client_id } | { token } | { statement } | { mvpd, username? }.
-- @return true; for mvpd, the number of profiles
function functions.revoke(sandbox, given)
  local target
  for _, name in ipairs(TARGETS) do
    if given[name] and target then
      return invalid(name, ("either '%s' or '%s'"):format(target, name))
    end
    target = given[name] and name or target
  end
  if target then return revoke[target](sandbox, given[target], given) end
  return nil, "missing field: expected client_id, token, statement or mvpd",
    "client_id"
end

local function end_degradation(sandbox, given)
  if given.mvpd and not given.service_provider then
    return missing "service_provider"
  elseif given.mvpd then
    degradation.clear(sandbox, given.service_provider, given.mvpd)
  else
    sandbox.state.degradation = {}
  end
  return true
end

--- Starts a degradation rule: { service_provider, mvpd, rule, seconds?, details?
-- (text of AuthZNone denials) }; or ends it: { clear, service_provider, mvpd };
-- { clear } ends all rules.
function functions.degrade(sandbox, given)
  if given.clear then return end_degradation(sandbox, given) end
  for _, name in ipairs { "service_provider", "mvpd", "rule" } do
    if not given[name] then return missing(name) end
  end
  if not sandbox:provider(given.service_provider) then
    return unknown_name("service_provider", "a service provider of the world",
      given.service_provider, sandbox.world.providers)
  elseif not sandbox:integration(given.service_provider, given.mvpd) then
    return unknown_name("mvpd", "an mvpd of the service provider", given.mvpd,
      sandbox.world.mvpds)
  end
  local done = degradation.set(sandbox, given.service_provider, given.mvpd,
    given.rule, given.seconds, given.details)
  if done then return true end
  return invalid("rule", "AuthNAll, AuthZAll or AuthZNone")
end

--- Adds a fault; for its fields see `adobepass.sandbox.engine.faults`. { list }
-- returns the faults that remain, { clear } removes them.
function functions.fault(sandbox, given)
  if given.list then return faults.list(sandbox) end
  if not given.clear then return faults.set(sandbox, given) end
  faults.clear(sandbox)
  return true
end

--- Restores the initial state: deletes clients, profiles, journal and faults, and sets
-- the clock back.
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

--- Returns a software statement of the world's first application, or of
-- { application = id }. `service_provider` and `scopes` restrict it.
function functions.statement(sandbox, given)
  local row = application(sandbox, given.application)
  if not row then return invalid("application", "an application of the world") end
  local sp = given.service_provider
  if sp and not sandbox:provider(sp) then
    return unknown_name("service_provider", "a service provider of the world", sp,
      sandbox.world.providers)
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
  if not role then return invalid("kind", "service or platform") end
  if not given.subject then return missing "subject" end
  return tokens.identity(sandbox, role, given.subject, given.seconds)
end

--- Returns an mvpd's SAML response to the request of operation 14.
-- @param given { request (base64), mvpd, username }
-- @return base64 | nil, message, name of the wrong field
function functions.saml(sandbox, given)
  for _, name in ipairs { "request", "mvpd", "username" } do
    if not given[name] then return missing(name) end
  end
  local known, message, field = check_mvpd(sandbox, given.mvpd)
  if known then known, message, field = check_viewer(sandbox, given.username) end
  if not known then return nil, message, field end
  local response = saml.response(sandbox, given.request, given.mvpd, given.username)
  if response then return response end
  return invalid("request", "a SAML request in base64")
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

--- Returns a copy of the world, which can be loaded as a world: without the ids that
-- `adobepass.sandbox.engine.instance` adds to rows.
function functions.world(sandbox)
  local copy = state.copy(sandbox.world)
  for _, row in pairs(copy.providers) do row.id = nil end
  for _, row in pairs(copy.mvpds) do row.id = nil end
  return copy
end

local function restore(sandbox, data)
  if data.version ~= state.VERSION then
    return invalid("restore", "a snapshot of version " .. state.VERSION)
  end
  for name, value in pairs(state.new(sandbox.world)) do
    if type(data[name]) ~= type(value) then
      return invalid("restore", "a snapshot with " .. name)
    end
  end
  sandbox.state = state.copy(data, state.from_text)
  return true
end

--- Returns a copy of the state that JSON can hold; { restore = data } restores what
-- `snapshot` returned.
function functions.snapshot(sandbox, given)
  if given.restore then return restore(sandbox, given.restore) end
  return state.copy(sandbox.state, state.to_text)
end

--- Binds the functions to a sandbox.
function commands.new(sandbox)
  local bound = {}
  for name, run in pairs(functions) do
    bound[name] = function(given)
      if given == nil then given = {} end
      local valid, message, field = calls.check(name, given)
      if not valid then return nil, message, field end
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
