--- One sandbox: its world, its state and the functions of the web pages.
-- The interface is documented in `adobepass.sandbox`.
-- @module adobepass.sandbox.engine.instance

local core = require "adobepass.core"
local device = require "adobepass.sandbox.engine.device"
local checks = require "adobepass.sandbox.engine.checks"
local engine = require "adobepass.sandbox.engine.engine"
local journal = require "adobepass.sandbox.engine.journal"
local json = require "adobepass.util.json"
local profile_store = require "adobepass.sandbox.data.profile_store"
local redirect = require "adobepass.sandbox.engine.redirect"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"
local xml = require "adobepass.util.xml"

local Sandbox = {}
Sandbox.__index = Sandbox

local instance = {}

-- The first 16 characters of a UTF-8 text.
local SHORT_NAME = "^" .. ("[^\128-\191]?[\128-\191]*"):rep(16)

local function logo(name)
  return ('<svg xmlns="http://www.w3.org/2000/svg" width="112" height="33">'
    .. '<rect width="112" height="33" rx="6" fill="#20304a"/>'
    .. '<text x="56" y="21" fill="#fff" font-family="sans-serif"'
    .. ' font-size="12" text-anchor="middle">%s</text></svg>')
    :format(xml.escape(name:match(SHORT_NAME)))
end

-- Sets `id`, `display_name` and `logo_url` of each row. A logo is a data: URL,
-- because the pages load nothing from other hosts.
local function name_rows(world)
  for id, row in pairs(world.providers) do row.id = id end
  for id, row in pairs(world.mvpds) do
    row.id, row.display_name = id, row.display_name or id
    row.logo_url = row.logo_url
      or "data:image/svg+xml;base64," .. core.base64.encode(logo(row.display_name))
  end
end

function instance.new(fields)
  name_rows(fields.world)
  return setmetatable(fields, Sandbox)
end

--- Returns whether the world turns a rule off (`adobepass.sandbox.data.leniency`).
function Sandbox:is_lenient(name)
  return self.lenient[name] == true
end

--- Returns the time in whole milliseconds since the epoch.
function Sandbox:now()
  return json.integer(self.clock() + self.state.clock_offset)
end

function Sandbox:random(n)
  return self.bytes(n)
end

function Sandbox:uuid()
  local hex = core.digest.hex(self.bytes(16))
  local variant = ("89ab"):sub(hex:byte(17) % 4 + 1, hex:byte(17) % 4 + 1)
  return ("%s-%s-4%s-%s%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12),
    hex:sub(14, 16), variant, hex:sub(18, 20), hex:sub(21, 32))
end

--- Processes one request. Never raises.
function Sandbox:handle(request)
  return engine.handle(self, request)
end

--- Returns a transport with the methods of a core.http transport.
function Sandbox:transport(options)
  -- Required late: only tests without a network use this module.
  return require("adobepass.sandbox.transport").new(self, options)
end

--- Runs checks by name and returns the first refusal, or nil.
function Sandbox:check(context, names) -- luacheck: no self
  for _, name in ipairs(names) do
    local refusal = checks[name](context)
    if refusal then return refusal end
  end
end

function Sandbox:provider(id)
  return self.world.providers[id]
end

function Sandbox:mvpd(id)
  return self.world.mvpds[id]
end

--- Returns the enabled integration of a provider with an mvpd, or nil.
function Sandbox:integration(provider_id, mvpd_id)
  local provider = self.world.providers[provider_id]
  local integration = provider and provider.integrations[mvpd_id]
  if not integration or integration.enabled == false then return nil end
  if not self.world.mvpds[mvpd_id] then return nil end
  return integration
end

--- Returns the mvpds with an enabled integration that are not hidden, sorted by
-- id.
function Sandbox:integrated(provider_id)
  local provider, list = self.world.providers[provider_id], {}
  for id in pairs(provider and provider.integrations or {}) do
    local row = self.world.mvpds[id]
    if self:integration(provider_id, id) and not row.hidden then
      list[#list + 1] = row
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- Returns the mvpds that a picker shows: without TempPass.
function Sandbox:mvpds(provider_id)
  local list = {}
  for _, row in ipairs(self:integrated(provider_id)) do
    if not row.temp_pass then list[#list + 1] = row end
  end
  return list
end

--- Returns the session of a code that can still be logged in with.
-- @return session | nil, "unknown" | "superseded" | "used" | "expired"
function Sandbox:find_session(code)
  local session = self.state.sessions[code]
  if not session then return nil, "unknown" end
  if session.superseded then return nil, "superseded" end
  if self:now() >= session.not_after then return nil, "expired" end
  if session.used then return nil, "used" end
  return session
end

local function is_customer(viewer, mvpd_id)
  if not viewer then return false end
  if not viewer.mvpds then return true end
  for _, id in ipairs(viewer.mvpds) do
    if id == mvpd_id then return true end
  end
  return false
end

--- Returns the viewers who can log in at an mvpd, by name.
function Sandbox:viewers_of(mvpd_id)
  local found = {}
  for name, viewer in pairs(self.world.viewers) do
    if is_customer(viewer, mvpd_id) then found[name] = viewer end
  end
  return found
end

function Sandbox:check_password(mvpd_id, username, password)
  local viewer = self.world.viewers[username]
  return is_customer(viewer, mvpd_id)
    and core.digest.equal(viewer.password, password)
end

--- Returns whether a device is in the viewer's home network.
-- @param where { info?, address }
function Sandbox:is_at_home(viewer, where) -- luacheck: no self
  local address = device.address(where) or ""
  for _, prefix in ipairs(viewer and viewer.home or {}) do
    if address:sub(1, #prefix) == prefix then return true end
  end
  return false
end

--- Returns the username that the mvpd recognizes by the device's address, or nil.
function Sandbox:recognized_at_home(session, mvpd_id)
  local names = {}
  for username in pairs(self.world.viewers) do names[#names + 1] = username end
  table.sort(names)
  for _, username in ipairs(names) do
    local viewer = self.world.viewers[username]
    if is_customer(viewer, mvpd_id)
        and self:is_at_home(viewer, session.device) then
      return username
    end
  end
end

-- A TempPass has no login.
local function can_log_in_at(self, provider_id, mvpd_id)
  return mvpd_id ~= nil and self:integration(provider_id, mvpd_id) ~= nil
    and not self.world.mvpds[mvpd_id].temp_pass
end

--- Sets the parameters that the streaming device did not send.
-- @param given { mvpd?, domain_name?, redirect_url? }
-- @return true | nil, "mvpd" | "domain_name" | "redirect_url"
function Sandbox:resume(session, given)
  local mvpd_id = given.mvpd or session.mvpd
  if not can_log_in_at(self, session.service_provider, mvpd_id) then
    return nil, "mvpd"
  end
  local provider = self:provider(session.service_provider)
  if given.domain_name ~= nil
      and not redirect.is_domain_allowed(self, provider, given.domain_name) then
    return nil, "domain_name"
  end
  if given.redirect_url ~= nil
      and not redirect.is_allowed(self, provider, given.redirect_url) then
    return nil, "redirect_url"
  end
  session.mvpd = mvpd_id
  session.domain_name = given.domain_name or session.domain_name
  session.redirect_url = given.redirect_url or session.redirect_url
  return true
end

local function new_profile(self, mvpd_id, username, where)
  local lifetimes = self.world.lifetimes
  local life = where.info and lifetimes.profile
    or lifetimes.profile_unknown_platform
  local now = self:now()
  return {
    mvpd = mvpd_id, username = username, type = "regular", issuer = mvpd_id,
    not_before = now, not_after = now + life * 1000,
    at_home = self:is_at_home(self.world.viewers[username], where),
  }
end

--- Returns the key of the regular profiles of a client on a device.
-- @param device_key "sp|device"
-- @param client_id nil: the client that used the device last; if no client did,
--   the profile belongs to the device and any client finds it
function Sandbox:profile_owner(device_key, client_id)
  if self:is_lenient "profiles_follow_device" then return device_key end
  client_id = client_id or self.state.device_clients[device_key]
  return client_id and client_id .. "|" .. device_key or device_key
end

--- Creates the profile of a viewer who logged in.
-- @param session an open session, or { service_provider, device, identities }
-- @return true | nil, reason
function Sandbox:complete_login(session, mvpd_id, username)
  if session.code then
    local found, why = self:find_session(session.code)
    if not found then return nil, why end
  end
  if not can_log_in_at(self, session.service_provider, mvpd_id) then
    return nil, "mvpd"
  end
  if not is_customer(self.world.viewers[username], mvpd_id) then
    return nil, "username"
  end
  local profile = new_profile(self, mvpd_id, username, session.device)
  profile.identities = session.identities or {}
  local device_key = session.service_provider .. "|" .. session.device.id
  local owner = self:profile_owner(device_key, session.client_id)
  profile_store.save(self, owner, profile)
  session.mvpd, session.used = mvpd_id, true
  self.state.last_mvpd[device_key] = mvpd_id
  return true
end

--- Returns the origin of the API that a request came to.
function Sandbox:origin(request)
  return request.plain and self.plain_api or self.api
end

--- Returns a URL. A URL of this sandbox gets the origin that the request came to,
-- because a phone in the LAN cannot open a loopback address.
function Sandbox:at_origin(url, request)
  local path = redirect.own_path(self, url)
  return path and self:origin(request) .. path or url
end

--- Records in the journal that the viewer signed out at the mvpd.
-- @return the redirect URL if it is safe, else nil
function Sandbox:sign_out(given)
  journal.note(self, "sign_out", given.mvpd)
  if url_encoding.safe_url(given.redirect_url) then return given.redirect_url end
end

return instance
