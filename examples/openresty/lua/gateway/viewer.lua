--- Identifies the device of a request by a signed cookie.
--
-- X-Device-Info describes the device, as for Adobe; nginx provides its address and
-- port (see set_real_ip_from in gateway.conf). They are passed on to Adobe, as its
-- server-to-server cookbook requires: a login sends the port of its connection, and
-- later requests may send the same one on another connection. Behind a load balancer,
-- nginx does not know the port.
-- @module gateway.viewer

-- luacheck: globals ngx

local core = require "adobepass.core"
local device = require "adobepass.device"
local lrucache = require "resty.lrucache"
local problem = require "gateway.problem"

local viewer = {}

local COOKIE = "gateway_device=%s; Path=/; Max-Age=34560000%s" -- 400 days
local MOST_VIEWS = 2000
local LONGEST_AGENT = 300

local client, devices, cookie_ending, is_shared, views

--- @param given an adobepass client
-- @param config see gateway.config
-- @param of_devices verifies device cookies; see gateway.sign
function viewer.start(given, config, of_devices)
  client, cookie_ending, is_shared = given, config.cookie_ending, config.is_shared
  devices, views = of_devices, lrucache.new(MOST_VIEWS)
end

local function agent()
  local text = ngx.var.http_user_agent
  return text and text ~= "" and text:sub(1, LONGEST_AGENT)
    :gsub("[^\32-\126]", "?") or nil
end

local function identify(id)
  local header = ngx.var.http_x_device_info
  local info, err = device.parse(header)
  if not info then return nil, problem.new(400, err.code, err.message) end
  return { id = id, key = core.digest.hex(core.digest.sha256(id)):sub(1, 32),
    header = header, info = info, ip = ngx.var.remote_addr,
    port = tonumber(ngx.var.remote_port), user_agent = agent() }
end

--- Returns the device of the request; or nil and a problem.
function viewer.who()
  local id = devices:open("device", ngx.var.cookie_gateway_device)
  if id then return identify(id) end
  return nil, problem.new(401, "device_unknown",
    "The device's cookie is missing or not valid. Send POST /login first.",
    "authentication")
end

--- Returns the device of the request, and gives a new device its cookie. The device
-- id is permanent: the login belongs to it.
function viewer.who_or_new()
  local known = devices:open("device", ngx.var.cookie_gateway_device)
  local who, err = identify(known or assert(device.generate_id()))
  if not who then return nil, err end
  viewer.set_cookie(COOKIE:format(devices:seal("device", who.id),
    cookie_ending)) -- sent each time, to extend its lifetime
  return who
end

local IPV4_MAPPED = ("\0"):rep(10) .. "\255\255"

-- Returns an IPv4 address, or the first bytes of an IPv6 address.
local function network_of(address, bytes)
  if #address ~= 16 then return address end
  if address:sub(1, 12) == IPV4_MAPPED then return address:sub(13) end
  return address:sub(1, bytes)
end

-- An IPv6 host chooses among the 2^64 addresses of a network (RFC 4291), and a home may
-- have 256 networks (RFC 6177): a /64 and a /56, in bytes.
local HOST, SITE = 8, 7

-- The routes with which a new device may begin; they give it a cookie.
local IS_FIRST = { ["/login"] = true, ["/providers"] = true }

--- For rewrite_by_lua: sets the keys of nginx's limits. The key of a known device is
-- its id, because many homes may share an address; `gateway_device` limits how many of
-- its requests run at once. The key of another request is its IPv4 address or IPv6 /64.
-- The first request of a device also counts against the limit of new devices of its
-- IPv4 address or IPv6 /56; at an address that the settings list as shared, it counts
-- against the higher limit of such addresses only.
function viewer.set_limits()
  local variables = ngx.var
  local id = devices:open("device", variables.cookie_gateway_device)
  local address = variables.binary_remote_addr
  variables.gateway_device = id or ""
  if not id and IS_FIRST[variables.uri] then
    if is_shared(variables.remote_addr) then
      variables.gateway_shared_newcomer = address
      return
    end
    variables.gateway_newcomer = network_of(address, SITE)
  end
  variables.gateway_viewer = id or network_of(address, HOST)
end

--- Sets the only cookie of a response.
function viewer.set_cookie(text) ngx.header["Set-Cookie"] = text end

-- Without the port: it differs for each connection.
local function key_of(who)
  return table.concat({ who.id, who.ip, who.user_agent or "", who.header }, "\n")
end

-- Names the device of the request in the log.
local function named(who, view)
  who.device = view:event_name()
  return view
end

--- Creates a client of a device with its present port and without cached permits, and
-- stores it for `viewer.client`.
function viewer.new_client(who)
  local view = client:device { id = who.id, info = who.info, ip = who.ip,
    port = who.port, user_agent = who.user_agent }
  views:set(key_of(who), view)
  return named(who, view)
end

--- Returns the client of a device. It is cached, so that its permits are kept and its
-- token is not read from Redis for each request.
function viewer.client(who)
  local view = views:get(key_of(who))
  return view and named(who, view) or viewer.new_client(who)
end

return viewer
