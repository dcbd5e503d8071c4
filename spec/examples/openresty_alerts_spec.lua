--- The gateway's alert rules: each is fired by a fault. promtool evaluates the rules
-- with the metrics that the gateway had before and after the fault, so that no spec
-- waits for the minutes of a rule.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local gateway_client = require "spec.examples.gateway_client"
local gateway_nodes = require "spec.examples.gateway_nodes"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local prometheus_server = require "spec.support.prometheus_server"
local promtool = require "spec.support.promtool"
local redis_server = require "spec.support.redis_server"
local service = require "examples.openresty.service"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local RULES = "examples/openresty/deploy/alerts.yml"

-- The label with which the specs below fire each alert.
local LABELS = {
  GatewayDown = "", GatewayErrors = "", GatewaySlow = 'route="login"',
  GatewayRefusesFiles = "", GatewayTooManySeries = "",
  AdobeFails = 'operation="authorize"', AdobeSlow = 'operation="authorize"',
  AdobeThrottles = "", AdobeRefusesCredentials = 'operation="register"',
  CredentialsReplaced = "", CircuitOpen = "",
}

-- The second node has room for ten more series.
local function nearly_full(text)
  if not text:find('"node-2"', 1, true) then return text end
  return (text:gsub("init_by_lua_block {",
    '%0 ngx.shared.gateway_metrics:set("series", 1990)'))
end

describe("gateway alerts", function()
  local running, control, one, two, tv

  setup(function()
    running = assert(service.start { throttle = false, workers = 1,
      edit = nearly_full, settings = { rate_limit = false } })
    control = many_clients.control(running.sandbox)
    one, two = running.nodes[1], running.nodes[2]
  end)
  teardown(function()
    control:close()
    running:stop()
  end)

  local count = 0
  local function new_tv(transport)
    count = count + 1
    return gateway_client.new { ip = "192.0.2." .. count, transport = transport }
  end

  before_each(function()
    tv = new_tv()
    tv:sign_in(control, one.url)
    control:take()
  end)
  after_each(function()
    control:ask("DELETE", "/sandbox/faults")
    tv:close()
  end)

  local function fault(kind, operation, more)
    local fields = { kind = kind, operation = operation }
    for name, value in pairs(more or {}) do fields[name] = value end
    control:fault(fields)
  end

  local function play() return (tv:post(one.url .. "/play/cnn")) end

  local function login()
    local other = new_tv()
    local status = other:post(one.url .. "/login")
    other:close()
    return status
  end

  local function metrics_of(node)
    local status, text = tv:get(node.operator .. "/metrics")
    return promtool.series(status == 200 and text or nil, node.name)
  end

  -- Asserts that exactly these alerts fire if the fault occurs "once", or if it is
  -- repeated "each minute".
  local function assert_fires(alerts, node, how_often, provoke)
    local before = metrics_of(node)
    provoke()
    local expected = {}
    for index, name in ipairs(alerts) do
      expected[index] = ('{alertname="%s",%s}'):format(name, LABELS[name])
    end
    local status, output = promtool.test_alerts(RULES, { before = before,
      after = metrics_of(node), is_lasting = how_often == "each minute" }, expected)
    assert.equal(0, status, output)
  end

  it("[gateway-alert-none] gateway alerts: no alert fires for logins, playback and a "
    .. "few errors of requests", function()
    assert_fires({}, one, "each minute", function()
      local other = new_tv()
      other:sign_in(control, one.url)
      other:close()
      assert.equal(404, (tv:post(one.url .. "/play/nothing")))
      for _ = 1, 5 do assert.equal(200, play()) end
      assert.equal(200, (tv:get(one.url .. "/hls/cnn/index.m3u8")))
      tv:post(one.url .. "/logout")
    end)
  end)

  it("[gateway-alert-down] gateway alerts: GatewayDown fires when nginx is killed",
    function()
    assert_fires({ "GatewayDown" }, two, "each minute", function()
      gateway_nodes.kill(two)
    end)
    assert.is_true(two.server:restart())
  end)

  it("[gateway-alert-errors] gateway alerts: GatewayErrors fires while Redis is down",
    function()
    assert_fires({ "GatewayErrors" }, one, "each minute", function()
      local pid = running.redis:pid()
      folder.write(running.folder .. "/down", "")
      folder.run("kill -9 " .. pid)
      redis_server.await_end(pid)
      assert.equal(503, play())
      folder.run("rm " .. running.folder .. "/down")
      assert(running.redis:await())
    end)
  end)

  it("[gateway-alert-slow] gateway alerts: GatewaySlow and AdobeSlow fire for a login "
    .. "of 5 s, and a request to Adobe of 2.5 s", function()
    assert_fires({ "GatewaySlow", "AdobeSlow" }, one, "each minute", function()
      for _, operation in ipairs { "register", "token", "profiles",
          "create_session" } do
        fault("delay", operation, { seconds = 1.3 })
      end
      fault("delay", "authorize", { seconds = 2.6 })
      local other = new_tv(tv.transport)
      local slow = other:submit("POST", one.url .. "/login", {})
      assert.equal(200, play())
      assert.equal(200, (other:finish(slow)))
    end)
  end)

  it("[gateway-alert-files] gateway alerts: GatewayRefusesFiles fires when segments "
    .. "are requested without a ticket", function()
    assert.equal(200, play())
    assert_fires({ "GatewayRefusesFiles" }, one, "each minute", function()
      assert.equal(200, (tv:get(one.url .. "/hls/cnn/index.m3u8")))
      local copied = new_tv()
      assert.equal(401, (copied:get(one.url .. "/hls/cnn/index.m3u8")))
      copied:close()
    end)
  end)

  it("[gateway-alert-series] gateway alerts: GatewayTooManySeries fires when a node "
    .. "has 2,000 series", function()
    assert_fires({ "GatewayTooManySeries" }, two, "once", function()
      for _, path in ipairs { "/login/status", "/catalog", "/providers" } do
        assert.equal(200, (tv:get(two.url .. path)))
      end
    end)
  end)

  it("[gateway-alert-adobe-fails] gateway alerts: AdobeFails fires for 503 responses "
    .. "of Adobe, although a retry succeeds", function()
    assert_fires({ "AdobeFails" }, one, "each minute", function()
      fault("status", "authorize", { status = 503 })
      assert.equal(200, play())
    end)
  end)

  it("[gateway-alert-circuit] gateway alerts: CircuitOpen, AdobeFails and "
    .. "GatewayErrors fire when all requests of an operation fail", function()
    local alerts = { "CircuitOpen", "AdobeFails", "GatewayErrors" }
    assert_fires(alerts, one, "each minute", function()
      fault("status", "authorize", { status = 503, count = 1000 })
      local transfers = {}
      for index = 1, 10 do
        transfers[index] = tv:submit("POST", one.url .. "/play/cnn", {})
      end
      for _, transfer in ipairs(transfers) do
        assert.equal(503, (tv:finish(transfer)))
      end
    end)
    control:ask("DELETE", "/sandbox/faults")
    gateway_nodes.eventually(function() return play() == 200 end)
  end)

  it("[gateway-alert-throttled] gateway alerts: AdobeThrottles fires when Adobe "
    .. "responds with 429, although a retry succeeds", function()
    assert_fires({ "AdobeThrottles" }, one, "each minute", function()
      fault("too_many_requests", "authorize")
      assert.equal(200, play())
    end)
  end)

  it("[gateway-alert-credentials] gateway alerts: AdobeRefusesCredentials and "
    .. "GatewayErrors fire when the software statement is revoked", function()
    local alerts = { "AdobeRefusesCredentials", "GatewayErrors" }
    assert_fires(alerts, one, "each minute", function()
      control:ask("POST", "/sandbox/revoke", { statement = running.sandbox.statement })
      local status = login()
      control:ask("POST", "/sandbox/reset", {})
      assert.equal(502, status)
    end)
  end)

  -- The next request of the TV registers its device again.
  local function revoke_credentials()
    assert.equal(200, play())
    local token = many_clients.bearer(control:take())
    local claims = json.decode((core.jws.peek(token)))
    control:ask("POST", "/sandbox/revoke", { client_id = claims.sub })
    assert.equal(401, play())
    assert.equal(1, select(2, control:take()).register)
  end

  it("[gateway-alert-replaced] gateway alerts: CredentialsReplaced fires when one "
    .. "device registers again", function()
    assert_fires({ "CredentialsReplaced" }, one, "once", revoke_credentials)
  end)

  it("[gateway-alert-all] gateway alerts: each rule is fired by one of these specs",
    function()
    local rules, known = {}, {}
    for name in folder.read(RULES):gmatch "%- alert: (%w+)" do rules[name] = true end
    for name in pairs(LABELS) do known[name] = true end
    assert.same(known, rules)
  end)

  it("[gateway-alerts-promtool] alert rules: are valid, and use metrics of the gateway",
    function()
    assert.equal(0, (promtool.run("check rules " .. RULES)))
    local status, output = promtool.run "test rules spec/examples/alerts_test.yml"
    assert.equal(0, status, output)
    local _, text = tv:get(one.operator .. "/metrics")
    local names = 0
    for name in folder.read(RULES):gmatch "gateway_[%l_]+" do
      names = names + 1
      local family = name:gsub("_count$", ""):gsub("_bucket$", "")
      assert.matches("# TYPE " .. family .. " ", text, nil, true)
    end
    assert.is_true(names > 10)
  end)

  describe("Prometheus", function()
    local prometheus

    setup(function()
      prometheus = prometheus_server.start(RULES, (one.operator:gsub("^http://", "")))
    end)
    teardown(function() prometheus:stop() end)

    it("[gateway-prometheus-scrapes] gateway: Prometheus reads its metrics and loads "
      .. "the alert rules", function()
      tv:get(one.url .. "/login/status")
      prometheus:await("/api/v1/query?query=sum(gateway_requests_total)", function(data)
        return data.result[1] and tonumber(data.result[1].value[2]) >= 1
      end)
      prometheus:await("/api/v1/targets", function(data)
        return data.activeTargets[1] and data.activeTargets[1].health == "up"
      end)
      local _, alerts = folder.read(RULES):gsub("%- alert:", "")
      prometheus:await("/api/v1/rules?type=alert", function(data)
        local rules = 0
        for _, group in ipairs(data.groups) do rules = rules + #group.rules end
        return rules == alerts
      end)
    end)

    it("[gateway-prometheus-fires] gateway alerts: Prometheus fires "
      .. "CredentialsReplaced, and no other alert, when one device registers again",
      function()
      prometheus:await("/api/v1/query?query=sum(gateway_requests_total)", function(data)
        return data.result[1]
      end)
      revoke_credentials()
      local firing = prometheus:await("/api/v1/alerts", function(data)
        local names = {}
        for _, alert in ipairs(data.alerts) do
          if alert.state == "firing" then names[#names + 1] = alert.labels.alertname end
        end
        return names[1] and names
      end)
      assert.same({ "CredentialsReplaced" }, firing)
    end)
  end)
end)
