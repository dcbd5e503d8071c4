--- Flows that must work with every driver, against a sandbox over HTTPS. Plain
-- asserts, because nginx has no busted.
--
--   flow_conformance.run(name,
--     { api =, mgmt =, control =, ca =, statement = }, driver)

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local operation_setup = require "spec.support.operation_setup"

local flow_conformance = {}

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function equal(expected, value, what)
  if expected == value then return end
  error(("%s: %s instead of %s"):format(what or "value", tostring(value),
    tostring(expected)), 2)
end

local function login_options(more)
  local options = {}
  for name, value in pairs(LOGIN) do options[name] = value end
  for name, value in pairs(more or {}) do options[name] = value end
  return options
end

-- --- The world --------------------------------------------------------

local World = {}
World.__index = World

local function new_world(where, driver, max_connections, timeout)
  local http = { ca_file = where.ca, max_connections = max_connections }
  return setmetatable({ where = where, driver = driver, clients = {}, http = http,
    timeout = timeout,
    transport = assert(core.http.new(http)) }, World)
end

--- Sends a request to the control API. Returns the result.
function World:ask(method, path, body)
  local transfer = assert(self.transport:submit { method = method,
    url = self.where.control .. "/sandbox" .. path,
    body = body and json.encode(body),
    headers = body and { ["Content-Type"] = "application/json" } })
  self.driver.wait(self.transport, transfer, self.driver.now() + (self.timeout or 20))
  local response = assert(transfer:result())
  local result = json.decode(response.body)
  return assert(result.result, result.error)
end

--- Returns a client of a new device.
function World:new_client()
  local where = self.where
  local client = adobepass.new {
    service_provider = "REF30", software_statement = where.statement,
    environment = { api = where.api, mgmt = where.mgmt },
    http = self.http, timeout = self.timeout, driver = self.driver, rate_limit = false,
    device = { info = operation_setup.INFO,
      id = core.digest.hex(core.random.bytes(8)) },
  }
  self.clients[#self.clients + 1] = client
  return client
end

function World:sign_in(code, username)
  self:ask("POST", "/login", { code = code, username = username or "ann" })
end

--- Returns a client whose viewer has signed in.
function World:viewer(username)
  local client = self:new_client()
  local flow = assert(client:start_login(login_options()))
  self:sign_in(flow.code, username)
  assert(client:poll_login(flow))
  return client
end

function World:close()
  for _, client in ipairs(self.clients) do client:close() end
  self.transport:close()
end

-- --- The scenarios ----------------------------------------------------

local scenarios = {}

scenarios["[flow-logs-second-screen] flows: log in on a second screen, step "
  .. "by step"] = function(world)
  local client, phone = world:new_client(), world:new_client()
  local flow = assert(client:start_login { domain_name = "adobe.com",
    redirect_url = "https://adobe.com", mvpd = "Cablevision",
    activation_url = world.where.api .. "/activate" })
  equal("pending", flow.state)
  equal(world.where.api .. "/activate?code=" .. flow.code, flow.qr)
  equal("Cablevision", assert(phone:check_code(flow.code)).mvpd)
  equal("pending", select(2, client:poll_login(flow)))
  -- The state is plain data: another worker may continue the login.
  flow = json.decode(json.encode(flow))
  world:sign_in(flow.code)
  local profile = assert(client:poll_login(flow))
  equal("Cablevision", profile.mvpd)
  equal("ann-household", profile.attributes.householdID)
  equal(profile.not_after, assert(client:login {}).not_after)
end

scenarios["[flow-logs-browser-screen] flows: log in with a browser on this "
  .. "screen"] = function(world)
  local client, is_back = world:new_client(), false
  local key = assert(core.private_key(
    world:ask("GET", "/certificates").metadata_private_key))
  local profile = assert(client:login(login_options {
    metadata_key = key, browser_returned = function() return is_back end,
    on_code = function(flow)
      assert(flow.url:find(world.where.api, 1, true))
      world:sign_in(flow.code)
      is_back = true
    end }))
  equal("77754", profile.attributes.zip)
end

scenarios["[flow-stops-login-cancelled] flows: stop a cancelled "
  .. "login"] = function(world)
  local calls = 0
  local profile, err = world:new_client():login(login_options {
    on_code = function() end, cancel = function()
      calls = calls + 1
      return calls > 2
    end })
  equal(nil, profile)
  equal("cancelled", err.code)
end

scenarios["[flow-filters-catalog] flows: filter a catalog"] = function(world)
  local client, titles = world:viewer "bob", {}
  for number = 1, 12 do titles[number] = "Title " .. number end
  titles[4], titles[9] = "HBO", "Live"
  local catalog = assert(client:preauthorize(titles))
  equal(10, #catalog.permitted)
  equal("Title 1", catalog.permitted[1])
  equal("Title 12", catalog.permitted[10])
end

scenarios["[flow-plays-media-token] flows: authorize with a valid media "
  .. "token"] = function(world)
  local client = world:viewer()
  local key = assert(core.public_key(
    world:ask("GET", "/certificates").media))
  local decision = assert(client:authorize "CNN")
  assert(decision.permitted, decision.reason)
  local media_token = require "adobepass.media_token"
  local fields = assert(media_token.verify(decision.media_token, {
    key = key, now_ms = client:now_ms(), resource = "CNN",
    requestor = "REF30", once = adobepass.store.memory() }))
  equal("Cablevision", fields.mvpd)
  local late = assert(world:viewer("kim"):authorize "Late Night")
  equal("authorization_denied_by_parental_controls", late.error.code)
end

scenarios["[flow-logs-out] flows: log out"] = function(world)
  local client, opened = world:viewer(), nil
  local report = assert(client:logout { redirect_url = "https://adobe.com",
    open_url = function(url) opened = url end })
  equal("opened", report[1].outcome)
  assert(opened:find(world.where.api .. "/mvpd/Cablevision/logout", 1, true))
  local decision, err = client:authorize "CNN"
  equal(nil, decision)
  equal("not_logged_in", err.code)
  equal(nil, next(assert(client.api:profiles()).profiles))
end

scenarios["[flow-plays-pass-next] flows: play with one TempPass and then with "
  .. "the next"] = function(world)
  local client = world:new_client()
  local pass = client:temporary_access { expiring = 200,
    mvpd = { "flexibleTempPass", "TempPass_TEST40" },
    user = { email = client.context.record.id .. "@domain.com" } }
  for number = 1, 5 do
    assert(assert(pass:authorize("Title " .. number)).permitted)
    equal(5 - number, pass:remaining_resources())
  end
  equal("active", pass:check())
  equal("TempPass_TEST40", assert(pass:authorize "Title 6").mvpd)
  equal("expiring", pass:check())
  local left = pass:remaining_ms()
  assert(left > 170000 and left <= 181000, left)
  assert(client:reset_temp_pass { mvpd = "TempPass_TEST40",
    device = client.context.record.id })
end

scenarios["[flow-several-viewers] flows: refuse authorize on a second device "
  .. "when only the first is logged in"] = function(world)
  local gateway = world:viewer()
  local second = gateway:device { id = "beside " .. gateway.context.record.id }
  local decision, err = second:authorize "CNN"
  equal(nil, decision)
  equal("not_logged_in", err.code)
  assert(assert(gateway:authorize "CNN").permitted)
end

scenarios["[flow-signs-partner-framework] flows: sign on through a partner's "
  .. "framework"] = function(world)
  local client, notified = world:new_client(), nil
  local status = client:partner_status { access = "granted",
    provider_id = "Cablevision", expires_at = client:now_ms() + 3600000 }
  local profile = assert(client:partner_login { partner = "Apple",
    status = status, domain_name = "adobe.com",
    redirect_url = "https://adobe.com",
    respond = function(request, mvpd)
      return world:ask("POST", "/saml", { request = request.request,
        mvpd = mvpd, username = "ann" })
    end })
  equal("appleSSO", profile.type)
  assert(assert(client:authorize("CNN",
    { partner_status = status })).permitted)
  local report = assert(client:logout { redirect_url = "https://adobe.com",
    on_partner_logout = function(mvpd) notified = mvpd end })
  equal("viewer_told", report[1].outcome)
  equal("Cablevision", notified)
end

-- Logs in on one device, and on a second one with the same token.
local function sign_on_twice(world, client, identity)
  local flow = assert(client:start_login(login_options(identity)))
  equal("pending", flow.state)
  world:sign_in(flow.code)
  assert(client:poll_login(flow))
  local second = client:device { id = "second " .. client.context.record.id }
  local again = assert(second:start_login(login_options(identity)))
  equal("done", again.state)
  assert(assert(second:authorize("CNN", identity)).permitted)
  return again.profile.type
end

scenarios["[flow-signs-platform] flows: sign on with a platform "
  .. "identity"] = function(world)
  local client = world:new_client()
  local token = world:ask("POST", "/identity",
    { kind = "platform", subject = client.context.record.id })
  equal("platformSSO", sign_on_twice(world, client,
    { subject_token = token }))
end

scenarios["[flow-signs-service-token] flows: sign on with a service "
  .. "token"] = function(world)
  local client = world:new_client()
  local token = assert(client:get_service_token {
    sso_id = client.context.record.id })
  equal("serviceTokenSSO", sign_on_twice(world, client,
    { service_token = token }))
  equal("string", type(assert(client:link_device(token))))
  assert(client:linked_devices(token))
end

scenarios["[flow-provider-trouble] flows: give access while a provider is "
  .. "degraded"] = function(world)
  local client = world:new_client()
  local profile = assert(client:login(
    login_options { mvpd = "DegradedMvpd" }))
  equal("degraded", profile.type)
  equal("degradation", assert(client:authorize("CNN",
    { mvpd = "DegradedMvpd" })).source)
end

function flow_conformance.names()
  local names = {}
  for name in pairs(scenarios) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- Runs one scenario; raises when it fails.
function flow_conformance.run(name, where, driver)
  local world = new_world(where, driver)
  scenarios[name](world)
  world:close()
end

--- Logs in by polling, for a driver with a fake clock. Returns the seconds of the
-- polls that found no profile.
function flow_conformance.log_in_by_polling(where, driver)
  local world, polls = new_world(where, driver), {}
  local client = world:new_client()
  local began, code
  local profile = assert(client:login(login_options {
    on_code = function(flow) began, code = driver.now(), flow.code end,
    on_poll = function()
      polls[#polls + 1] = driver.now() - began
      if #polls == 2 then world:sign_in(code) end
    end }))
  equal("Cablevision", profile.mvpd)
  world:close()
  return polls
end

-- The sandbox serves at most 1,024 connections. The time is for a slow machine.
local MOST_CONNECTIONS, LONG_TIMEOUT = 100, 600

--- Returns viewers of one client: `log_in()` logs a new device in, after `count` of
-- them wait for their providers.
function flow_conformance.new_viewers(where, driver, count)
  local world = new_world(where, driver, MOST_CONNECTIONS, LONG_TIMEOUT)
  local client = world:new_client()
  local viewers = { logged_in = 0 }
  local waiting = 0

  function viewers.log_in()
    local device = client:device { info = operation_setup.INFO,
      id = core.digest.hex(core.random.bytes(8)) }
    local flow = assert(device:start_login(login_options()))
    waiting = waiting + 1
    while waiting < count do driver.sleep(0.25) end
    world:sign_in(flow.code)
    equal("Cablevision", assert(device:poll_login(flow)).mvpd)
    viewers.logged_in = viewers.logged_in + 1
  end

  function viewers.close() world:close() end
  return viewers
end

return flow_conformance
