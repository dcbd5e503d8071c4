--- The sandbox: an emulation of Adobe Pass as a function from request to response.
--
-- A sandbox does no I/O and does not sleep; time and random bytes come from its
-- options. A host receives requests and sends responses: nginx
-- (`adobepass.sandbox.host`) or the in-process transport
-- (`adobepass.sandbox.transport`).
--
--   local adobepass_sandbox = require "adobepass.sandbox"
--   local sandbox = adobepass_sandbox.new(world, options)
--
-- world    a table that is merged over `adobepass.sandbox.data.world`; its fields
--          are in docs/sandbox.md. All mistakes are raised in one error.
-- options  { now = function() -> ms since the epoch,
--            random = function(n) -> n bytes,
--            api = "https://127.0.0.1:8443",   origin in absolute URLs
--            mgmt = origin of the management host,
--            plain_api = second origin of the API, without TLS (default: none),
--            keys = a table with the layout of `adobepass.sandbox.data.keys`,
--            throttle = false }                disables the rate limit
--
-- sandbox:handle(request) -> response; never raises.
--   request  { host_role = "api" | "mgmt" | nil (both), method = "GET",
--              path = "/raw/escaped/path", query = "a=b" | nil,
--              headers = { ["lower-case-name"] = "value" }, body = "",
--              remote_addr = "127.0.0.1",
--              plain = true }   the request came to `plain_api`
--   response { status = 200, headers = { { "Content-Type", "..." }, ... },
--              body = "...", fault = nil | fault }
--
-- The host carries out the fault of a response:
--   { kind = "delay", seconds = n }      send the response after n seconds
--   { kind = "reset_before" }            reset the connection, send nothing
--   { kind = "reset_within" }            send headers and half of the body, reset
--   { kind = "reset_after" }             send the complete body, reset
--   { kind = "huge", bytes = n }         pad the body with spaces to n bytes
--   { kind = "drip", seconds = n, bytes = k }  send k bytes every n seconds
--   { kind = "tls" }                     break the TLS connection
-- The other faults are part of the response: a status, a 429, truncated JSON, a wrong
-- content type, garbage.
--
-- sandbox:transport()  returns an object with the interface of a core.http
--   transport, for tests without a network (`adobepass.sandbox.transport`).
-- adobepass_sandbox.test_client { ... } -> client, control, clock for tests
-- adobepass_sandbox.replay(file)  returns a transport that responds from a recording
--   (`adobepass.sandbox.replay`).
-- sandbox.control    moves the clock, logs viewers in, revokes, degrades, adds
--   faults: `adobepass.sandbox.control.commands`; over HTTP under /sandbox/.
-- sandbox.api, .mgmt, .plain_api, .world, sandbox:now() (ms), :random(n), :uuid().
--
-- Used by the web pages (`adobepass.sandbox.pages.router`) only:
--   sandbox:find_session(code) -> session | nil, "unknown" | "expired" |
--       "superseded" | "used"
--     session: { code, service_provider, mvpd?, domain_name?, redirect_url?,
--                device = { id, info? (of X-Device-Info), address },
--                not_after (ms), ... }
--   sandbox:provider(id) -> { id, name, domains, integrations, ... } | nil
--   sandbox:mvpd(id)     -> { id, display_name, logo_url, logout, ... } | nil
--   sandbox:mvpds(provider_id) -> list of the mvpds of the picker (no TempPass)
--   sandbox:check_password(mvpd_id, username, password) -> boolean
--   sandbox:recognized_at_home(session, mvpd_id) -> username | nil
--       home-based authentication: no password is needed in the viewer's home
--       network
--   sandbox:resume(session, { mvpd =, domain_name =, redirect_url = })
--       -> true | nil, "mvpd" | "domain_name" | "redirect_url"
--   sandbox:complete_login(session, mvpd_id, username) -> true | nil, reason
--   sandbox:sign_out { mvpd =, redirect_url = } -> redirect_url | nil
--       records that the viewer signed out at the MVPD; returns the redirect
--       URL if it is safe
--   sandbox:origin(request) -> the origin that the request came to
--   sandbox:at_origin(url, request) -> url; a URL of this sandbox gets that origin
--   GET /api/v2/authenticate/{sp}/{code} redirects to
--       {api}/mvpd/{mvpd}/login?code={code}
--   logout URLs: {api}/mvpd/{mvpd}/logout?requestor_id=&redirect_url=
--
-- @module adobepass.sandbox

require "adobepass.util.core_check" -- before the core is required
local core = require "adobepass.core"
local leniency = require "adobepass.sandbox.data.leniency"
local instance = require "adobepass.sandbox.engine.instance"
local commands = require "adobepass.sandbox.control.commands"
local keyring = require "adobepass.sandbox.data.keyring"
local options_of = require "adobepass.util.options"
local replay = require "adobepass.sandbox.replay"
local state = require "adobepass.sandbox.engine.state"
local world_schema = require "adobepass.sandbox.data.world_schema"

local sandbox = {}

local OPTIONS = {
  now = "function?", random = "function?", api = "string?", mgmt = "string?",
  keys = "table?", throttle = "boolean?", plain_api = "string?",
}

local function wall_ms()
  return core.clock.wall() * 1000
end

--- Creates a sandbox. Sandboxes share no state.
function sandbox.new(world, options)
  options = options_of.check("sandbox.new", options or {}, OPTIONS)
  local complete, message = world_schema.complete(world)
  if not complete then error(message, 2) end
  local api = options.api or "https://127.0.0.1:8443"
  local self = instance.new {
    world = state.copy(complete), state = state.new(complete),
    keys = keyring.new(options.keys),
    clock = options.now or wall_ms,
    bytes = options.random or core.random.bytes,
    api = api, mgmt = options.mgmt or api, plain_api = options.plain_api,
    is_throttled = options.throttle ~= false,
    lenient = leniency.parse(complete.mode),
  }
  self.control = commands.new(self)
  return self
end

--- Returns a client, control and clock for the tests of an application; see
-- `adobepass.sandbox.test_client`.
function sandbox.test_client(options)
  -- Required late: a sandbox in nginx has no client.
  local new = require "adobepass.sandbox.test_client"
  local client, control, clock = options_of.at_caller(new, sandbox.new, options)
  return client, control, clock
end

--- Returns a transport that responds from a recording; or nil, a message and a code.
-- @function replay
-- @string path
sandbox.replay = replay.new

return sandbox
