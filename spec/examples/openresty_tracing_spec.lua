--- Tracing and metrics of the gateway.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local gateway_client = require "spec.examples.gateway_client"
local gateway_nodes = require "spec.examples.gateway_nodes"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local promtool = require "spec.support.promtool"
local service = require "examples.openresty.service"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

package.path = "examples/openresty/lua/?.lua;" .. package.path

local trace = require "gateway.trace"

local ID, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
local TRACEPARENT = ("00-%s-%s-01"):format(ID, PARENT)

describe("gateway trace", function()
  it("[gateway-trace-parses] gateway trace: accepts a traceparent of W3C Trace "
    .. "Context, also of a later version", function()
    assert.same({ id = ID, parent = PARENT, is_sampled = true },
      trace.parse(TRACEPARENT))
    assert.is_false(trace.parse(("00-%s-%s-02"):format(ID, PARENT)).is_sampled)
    assert.equal(ID, trace.parse(("cc-%s-%s-01-more"):format(ID, PARENT)).id)
  end)

  it("[gateway-trace-refuses] gateway trace: refuses a traceparent that is not valid",
    function()
    for _, text in ipairs { "", "x", "ff-" .. TRACEPARENT:sub(4), TRACEPARENT:upper(),
        TRACEPARENT .. "-more", ("00-%s-%s-01"):format(("0"):rep(32), PARENT),
        ("00-%s-%s-01"):format(ID, ("0"):rep(16)), TRACEPARENT:sub(1, -2),
        ("00-%s-%s-01"):format(ID:sub(2), PARENT), "cc" .. TRACEPARENT:sub(3) .. "x",
        TRACEPARENT .. ", " .. TRACEPARENT } do
      assert.is_nil(trace.parse(text), text)
    end
    assert.is_nil(trace.parse(nil))
  end)
end)

describe("gateway metrics", function()
  local metrics, entries

  -- The methods of nginx's shared dictionary that gateway.metrics uses.
  local dict = {}
  function dict:get(key) return self and entries[key] end
  function dict:incr(key, by, initial)
    entries[key] = self and (entries[key] or initial) + by
  end
  function dict:get_keys()
    local list = {}
    for key in pairs(self and entries) do list[#list + 1] = key end
    return list
  end

  before_each(function()
    entries = {}
    rawset(_G, "ngx", { shared = { gateway_metrics = dict } })
    package.loaded["gateway.metrics"] = nil
    metrics = require "gateway.metrics"
  end)
  after_each(function() rawset(_G, "ngx", nil) end)

  local function request(operation, status)
    metrics.event { type = "request", operation = operation, status = status,
      error = not status and "timeout" or nil, seconds = 0.2 }
  end

  it("[gateway-metrics-outcome] gateway metrics: have a histogram for each operation "
    .. "and outcome", function()
    for _, status in ipairs { 200, 201, 302, 404, 429, 500, 503 } do
      request("authorize", status)
    end
    request("authorize", nil)
    local text = metrics.text()
    for outcome, count in pairs { success = 3, refused = 1, throttled = 1, failed = 2,
        no_response = 1 } do
      assert.matches(('gateway_adobe_request_seconds_count{operation="authorize",'
        .. 'outcome="%s"} %d\n'):format(outcome, count), text, nil, true)
    end
    assert.matches('outcome="failed",le="0.1"} 0\n', text, nil, true)
    assert.matches('outcome="failed",le="0.5"} 2\n', text, nil, true)
  end)

  it("[gateway-metrics-bounded] gateway metrics: count at most 2,000 series, and what "
    .. "was dropped", function()
    request("authorize", 200)
    for index = 1, 5000 do request("operation " .. index, 200) end
    request("authorize", 200)
    local count = 0
    for _ in pairs(entries) do count = count + 1 end
    assert.is_true(count <= 2002, count) -- and the two counters
    local text = metrics.text()
    assert.matches('{operation="authorize",outcome="success"} 2\n', text, nil, true)
    local dropped = tonumber(text:match "gateway_metrics_dropped_total{} (%d+)")
    assert.is_true(dropped > 9000)
  end)
end)

describe("gateway tracing", function()
  local running, control, tv, one

  setup(function()
    running = assert(service.start { throttle = false, nodes = 1,
      settings = { allow_listed = true, forward_traceparent = true } })
    control = many_clients.control(running.sandbox)
    one = running.nodes[1].url
    tv = gateway_client.new { ip = "192.0.2.1" }
    control:take()
  end)
  teardown(function()
    tv:close()
    control:close()
    running:stop()
  end)

  -- Returns the new lines of the log, after a request with some headers.
  local function log_of(headers)
    local before = #folder.read(running.log)
    assert.equal(200, (tv:post(one .. "/login", { mvpd = "Cablevision" }, headers)))
    local lines = {}
    for line in folder.read(running.log):sub(before + 1):gmatch "[^\n]+" do
      lines[#lines + 1] = assert(json.decode(line))
    end
    return lines
  end

  it("[gateway-trace-continues] gateway: its log lines and its requests to Adobe "
    .. "continue the trace of a request", function()
    local lines, events = log_of { traceparent = TRACEPARENT }, {}
    for _, line in ipairs(lines) do
      events[line.event] = true
      assert.same({ ID, PARENT, lines[1].span }, { line.trace, line.parent, line.span })
    end
    assert.is_true(events.request and events.adobe_request and events.adobe_token)
    local journal, seen = control:take(), 0
    for _, entry in ipairs(journal) do
      if entry.headers then
        seen = seen + 1
        assert.equal(("00-%s-%s-01"):format(ID, lines[1].span),
          entry.headers.traceparent)
      end
    end
    assert.is_true(seen >= 3) -- register, token, session
  end)

  it("[gateway-trace-begins] gateway: a request without a valid traceparent begins a "
    .. "trace", function()
    for _, headers in ipairs { {}, { traceparent = "00-x" } } do
      local line = log_of(headers)[1]
      assert.matches("^%x+$", line.trace)
      assert.equal(line.request, line.trace)
      assert.is_nil(line.parent)
    end
  end)

  it("[gateway-metrics-promtool] gateway: its metrics pass promtool, with a histogram "
    .. "for each operation and outcome", function()
    tv:get(one .. "/login/status")
    local _, text = tv:get(running.nodes[1].operator .. "/metrics")
    assert.same({ 0, "" }, { promtool.run("check metrics", text) })
    for _, series in ipairs {
        'gateway_adobe_request_seconds_count{operation="create_session",'
          .. 'outcome="success"} 1\n',
        'gateway_request_seconds_count{route="login/status",outcome="success"} 1\n' } do
      assert.matches(series, text, nil, true)
    end
  end)

  it("[gateway-trace-not-forwarded] gateway: sends Adobe no trace unless it is "
    .. "configured", function()
    local node = running.nodes[1]
    local former = gateway_nodes.workers(node)
    running:configure { forward_traceparent = false }
    folder.run("kill -HUP " .. node.server.pid)
    gateway_nodes.await_end(former)
    control:take()
    local other = gateway_client.new { ip = "192.0.2.2" }
    assert.equal(200, (other:post(one .. "/login", { mvpd = "Cablevision" },
      { traceparent = TRACEPARENT })))
    other:close()
    local journal = control:take()
    assert.is_true(#journal >= 3)
    for _, entry in ipairs(journal) do
      assert.is_nil(entry.headers and entry.headers.traceparent)
    end
  end)
end)
