--- Runs in a worker of nginx for bench/driver.lua: makes calls of the client, or
-- the same calls with bare cosockets.

-- luacheck: globals ngx

local adobepass = require "adobepass"
local cjson = require "cjson"
local core = require "adobepass.core"
local device_headers = require "adobepass.device.headers"
local device_record = require "adobepass.device.record"
local tools = require "bench.gateway_tools"

local PATH = "/api/v2/REF30/profiles"
local INFO = { primaryHardwareType = "TV", model = "Living room TV",
  version = "1", manufacturer = "Maker", vendor = "Maker", osName = "Linux",
  osVersion = "6.1", connectionType = "WiFi" }
local DEVICE = { id = "bench-device", info = INFO, ip = "192.0.2.1" }
local STATEMENT = core.base64.url_encode('{"alg":"RS256"}') .. "."
  .. core.base64.url_encode("{}") .. ".c2ln"

local now = core.clock.monotonic
local driver = adobepass.driver.ngx()

local function new_client(plan)
  return adobepass.new { service_provider = "REF30", rate_limit = false,
    software_statement = STATEMENT, driver = driver, device = DEVICE,
    environment = { api = plan.url }, timeout = 60,
    http = { ca_file = plan.ca, http2 = plan.http2 or false,
      max_connections = plan.in_flight } }
end

local function client_call(plan)
  local client = new_client(plan)
  return function() assert(assert(client.api:profiles()).profiles) end,
    function() client:close() end
end

local function request_of(plan)
  local headers = device_headers.build(device_record.new(DEVICE), "DIFSPV")
  headers.Accept = "application/json"
  headers["User-Agent"] = "adobepass-lua/" .. adobepass.version
  headers.Authorization = "Bearer " .. ("t"):rep(600)
  headers.Host = "127.0.0.1:" .. plan.port
  local lines = { "GET " .. PATH .. " HTTP/1.1" }
  for name, value in pairs(headers) do lines[#lines + 1] = name .. ": " .. value end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function read_response(socket)
  assert(socket:receive():find "^HTTP/1.1 200")
  local length
  repeat
    local line = assert(socket:receive())
    local name, value = line:match "^([^:]+): *(.*)$"
    if name and name:lower() == "content-length" then length = tonumber(value) end
  until line == ""
  return cjson.decode(assert(socket:receive(length)))
end

local function cosocket_call(plan)
  local request = request_of(plan)
  return function()
    local socket = ngx.socket.tcp()
    socket:settimeout(60000)
    assert(socket:connect("127.0.0.1", plan.port, { pool_size = plan.in_flight,
      pool = plan.port .. ":" .. plan.in_flight }))
    if plan.ca then assert(socket:sslhandshake(nil, "localhost", true)) end
    assert(socket:send(request))
    assert(read_response(socket).profiles)
    assert(socket:setkeepalive(60000))
  end, function() end
end

local function run_until(call, ends, times)
  return function()
    while now() < ends do
      local started = now()
      call()
      times[#times + 1] = now() - started
    end
  end
end

local function together(count, fn)
  local threads = {}
  for index = 1, count do threads[index] = ngx.thread.spawn(fn) end
  for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
end

local function quantile(times, part)
  return (times[math.max(1, math.ceil(part * #times))] or 0) * 1000
end

--- Makes calls for a time, after each connection has been used once. plan:
-- { kind = "client" or "cosocket", url =, port =, ca =, http2 =, in_flight =,
-- seconds = }. Returns calls/s, CPU in us for each call, and percentiles in ms.
local function measure(plan)
  local call, close = (plan.kind == "client" and client_call
    or cosocket_call)(plan)
  call()
  together(plan.in_flight, call)
  local pids, times = { ngx.worker.pid() }, {}
  local cpu, started = tools.cpu_seconds(pids), now()
  together(plan.in_flight, run_until(call, started + plan.seconds, times))
  local took = now() - started
  cpu = tools.cpu_seconds(pids) - cpu
  close()
  collectgarbage()
  table.sort(times)
  return { rate = #times / took, cpu = cpu / #times * 1e6,
    p50 = quantile(times, 0.5), p99 = quantile(times, 0.99) }
end

--- Parks calls of one client, after each connection has been used once. Returns
-- the CPU use in percent of a core from `settle` seconds after the start until half
-- a second before the responses are due.
local function park(plan)
  local call, close = client_call(plan)
  local failed, use = 0, nil
  local function parked()
    if not pcall(call) then failed = failed + 1 end
  end
  together(plan.in_flight, parked)
  local watch = ngx.thread.spawn(function()
    ngx.sleep(plan.settle)
    local pids = { ngx.worker.pid() }
    local cpu, started = tools.cpu_seconds(pids), now()
    ngx.sleep(plan.seconds - plan.settle - 0.5)
    use = 100 * (tools.cpu_seconds(pids) - cpu) / (now() - started)
  end)
  together(plan.in_flight, parked)
  ngx.thread.wait(watch)
  close()
  return { use = use, failed = failed }
end

return { measure = measure, park = park }
