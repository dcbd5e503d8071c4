--- The sandbox: an Adobe Pass that is one pure function, request to response.
--
-- No I/O, no sleep: time and randomness come in through the options. Hosts
-- (nginx, or the transport in `adobepass.sandbox.transport`) carry the bytes.
--
--   local sandbox = require "adobepass.sandbox"
--   local sandbox = sandbox.new(world, options)
--
-- world    a table laid out as `adobepass.sandbox.data.world` (the default).
-- options  { now = function() -> ms since the epoch,
--            random = function(n) -> n bytes,
--            api = "https://127.0.0.1:8443",   origin used in absolute URLs
--            mgmt = origin of the management host,
--            keys = a table laid out as `adobepass.sandbox.data.keys`,
--            throttle = false }                switches the throttle off
--
-- sandbox:handle(request) -> response; never raises, whatever the request.
--   request  { host_role = "api" | "mgmt" | nil (both), method = "GET",
--              path = "/raw/escaped/path", query = "a=b" | nil,
--              headers = { ["lower-case-name"] = "value" }, body = "",
--              remote_addr = "127.0.0.1" }
--   response { status = 200, headers = { { "Content-Type", "..." }, ... },
--              body = "...", fault = nil | fault }
--
-- A fault is what the host must do to this response on the wire:
--   { kind = "delay", seconds = n }      answer only after n seconds
--   { kind = "reset_before" }            reset, nothing sent
--   { kind = "reset_within" }            head and half of the body, then reset
--   { kind = "reset_after" }             all of the body, then reset
--   { kind = "huge", bytes = n }         pad the body with spaces to n bytes
--   { kind = "drip", seconds = n, bytes = k }  k bytes every n seconds
--   { kind = "tls" }                     break the TLS connection
-- (status, 429, truncated JSON, wrong content type and garbage are already in
-- the response when the host gets it.)
--
-- sandbox:transport()  an object with submit, step, result and close as a
--   core.http transport has: tests without a network (`adobepass.sandbox.transport`).
-- sandbox.control    moves the clock, logs viewers in, revokes, degrades, breaks:
--   `adobepass.sandbox.control.commands`; the same over HTTP under /sandbox/.
-- sandbox.api, .mgmt, .world, sandbox:now() (ms), :random(n), :uuid().
--
-- For the web pages (`adobepass.sandbox.pages.router`: handle(sandbox, request) ->
-- response
-- | nil, asked for every path outside the API), and only they:
--   sandbox:find_session(code) -> session | nil, "unknown" | "expired" |
--       "superseded" | "used"
--     session: { code, service_provider, mvpd?, domain_name?, redirect_url?,
--                device = { id, info? (of X-Device-Info), address },
--                not_after (ms), ... }
--   sandbox:provider(id) -> { id, name, domains, integrations, ... } | nil
--   sandbox:mvpd(id)     -> { id, display_name, logo_url, logout, ... } | nil
--   sandbox:mvpds(provider_id) -> list of the mvpds a picker shows (no TempPass)
--   sandbox:check_password(mvpd_id, username, password) -> boolean
--   sandbox:recognized_at_home(session, mvpd_id) -> username | nil  (HBA: no
--       password is needed where the device is in the viewer's home network)
--   sandbox:resume(session, { mvpd =, domain_name =, redirect_url = })
--       -> true | nil, "mvpd" | "domain_name" | "redirect_url"
--   sandbox:complete_login(session, mvpd_id, username) -> true | nil, reason
--   sandbox:sign_out { mvpd =, redirect_url = } -> redirect_url | nil
--       notes that the viewer signed out at the MVPD; the address to go back
--       to where it is a safe one
--   sandbox:safe_redirect(url) -> boolean: absolute, and no script in disguise
--   GET /api/v2/authenticate/{sp}/{code} answers
--       302 {api}/mvpd/{mvpd}/login?code={code}
--   logout urls: {api}/mvpd/{mvpd}/logout?requestor_id=&redirect_url=
--
-- @module adobepass.sandbox

local core = require "adobepass.core"
local instance = require "adobepass.sandbox.engine.instance"
local commands = require "adobepass.sandbox.control.commands"
local keyring = require "adobepass.sandbox.data.keyring"
local state = require "adobepass.sandbox.engine.state"
local default_world = require "adobepass.sandbox.data.world"

local sandbox = {}

local OPTIONS = {
  now = "function", random = "function", api = "string", mgmt = "string",
  keys = "table", throttle = "boolean",
}

local SECTIONS = {
  "lifetimes", "throttle", "limits", "sso_service", "applications",
  "providers", "mvpds", "degradation", "viewers", "resources", "ratings",
  "partners",
}

local function check_options(options)
  for name, value in pairs(options) do
    local kind = OPTIONS[name]
    if not kind then error("unknown option " .. tostring(name), 3) end
    if type(value) ~= kind then
      error("option " .. name .. ": " .. kind .. " expected", 3)
    end
  end
end

local function check_world(world)
  if type(world) ~= "table" then error("world: table expected", 3) end
  for _, name in ipairs(SECTIONS) do
    if type(world[name]) ~= "table" then
      error("world." .. name .. ": table expected", 3)
    end
  end
end

local function wall_ms()
  return core.clock.wall() * 1000
end

--- A new sandbox. Nothing is shared with another one.
function sandbox.new(world, options)
  world, options = world or default_world, options or {}
  check_options(options)
  check_world(world)
  local api = options.api or "https://127.0.0.1:8443"
  local self = instance.new {
    world = state.copy(world), state = state.new(world),
    keys = keyring.new(options.keys),
    clock = options.now or wall_ms,
    bytes = options.random or core.random.bytes,
    api = api, mgmt = options.mgmt or api,
    is_throttled = options.throttle ~= false,
  }
  self.control = commands.new(self)
  return self
end

return sandbox
