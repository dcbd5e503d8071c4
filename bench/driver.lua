--- Compares client.api:profiles() with the same call by a bare cosocket, in one
-- worker of nginx; see bench/README.md.
--
--   bench/driver [rounds]     5 rounds of one second each
--   bench/driver park [n]     CPU use while n (4,000) calls wait for 10 s

local certificates = require "adobepass.sandbox.host.certificates"
local nginx = require "adobepass.sandbox.host.nginx"
local nginx_host = require "spec.support.nginx_host"
local results = require "bench.results"
local shell = require "adobepass.util.shell"
local tools = require "bench.gateway_tools"

local ATTRIBUTE = '"%s":{"value":"BASE64_value_%s","state":"plain"}'
local PROFILES = '{"profiles":{"Cablevision":{"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"issuer":"Cablevision","type":"regular",'
  .. '"attributes":{' .. ATTRIBUTE:gsub("%%s", "userID") .. ","
  .. ATTRIBUTE:gsub("%%s", "upstreamUserID") .. "}}}}"

local SERVER = [[
  server {
    @LISTEN@
    ssl_certificate @FOLDER@/server.pem; ssl_certificate_key @FOLDER@/server.key;
    location = /o/client/register {
      return 201 '{"client_id":"bench","client_secret":"bench"}';
    }
    location = /o/client/token {
      return 201 '{"access_token":"@TOKEN@","expires_in":86400}';
    }
    location = /api/v2/REF30/profiles { @RESPOND@ }
  }
]]
local RETURN = "return 200 '@PROFILES@';"
local SLOW = [[content_by_lua_block {
  ngx.sleep(@SECONDS@) ngx.header.content_length = #'@PROFILES@'
  ngx.print('@PROFILES@') }]]

local function server(ports, first, respond)
  return (SERVER:gsub("@RESPOND@", function() return respond end)
    :gsub("@LISTEN@", ("listen 127.0.0.1:%d backlog=4096; "
      .. "listen 127.0.0.1:%d ssl http2 backlog=4096;"):format(
      ports[first], ports[first + 1])))
end

local function service(folder)
  return assert(nginx.start { lua = true, ports = 6, connections = 8192,
    config = function(ports)
      local text = server(ports, 1, RETURN)
        .. server(ports, 3, (SLOW:gsub("@SECONDS@", "0.05")))
        .. server(ports, 5, (SLOW:gsub("@SECONDS@", "10")))
      return "http { default_type application/json;\n"
        .. "keepalive_requests 1000000000; keepalive_timeout 600;\n"
        .. text:gsub("@(%u+)@", { FOLDER = folder, PROFILES = PROFILES,
          TOKEN = ("t"):rep(600) }) .. "}"
    end })
end

local function gateway(folder)
  return nginx_host.start { connections = 16384, http =
    ("lua_ssl_trusted_certificate %s/server-ca.pem; lua_ssl_verify_depth 3;\n"
    .. "lua_socket_pool_size 1024;"):format(folder) }
end

-- In flight, first port of the service, targets of the rate and of CPU.
local ROWS = { { 1, 1, 0.7 }, { 64, 3, 0.97 }, { 1000, 3, 0.8 } }
local CPU_TARGET = 1.4
local KINDS = { { "http", 0, false }, { "https", 1, false }, { "https, HTTP/2", 1,
  true } }

local function plan_of(running, row, kind, seconds)
  local port = running.service.ports[row[2] + kind[2]]
  local is_tls = kind[2] == 1
  return { port = port, in_flight = row[1], seconds = seconds, http2 = kind[3],
    ca = is_tls and running.folder .. "/server-ca.pem" or nil,
    url = (is_tls and "https" or "http") .. "://127.0.0.1:" .. port }
end

local function measure(running, plan, kind)
  plan.kind = kind
  return running.host:call("bench.driver_calls", "measure", plan)
end

local NUMBERS = { "rate", "cpu", "p50", "p99" }

-- Returns the medians of both sides, and of the ratios of each round.
local function compare(running, plan, count)
  local lists = { client = {}, cosocket = {}, ratio = {} }
  for round = 1, count do
    local order = round % 2 == 0 and { "client", "cosocket" }
      or { "cosocket", "client" }
    local found = {}
    for _, kind in ipairs(order) do found[kind] = measure(running, plan, kind) end
    for _, name in ipairs(NUMBERS) do
      local ratio = found.client[name] / found.cosocket[name]
      for kind, value in pairs { client = found.client[name],
        cosocket = found.cosocket[name], ratio = ratio } do
        lists[kind][name] = lists[kind][name] or {}
        lists[kind][name][round] = value
      end
    end
  end
  for _, list in pairs(lists) do
    for _, name in ipairs(NUMBERS) do list[name] = tools.median(list[name]) end
  end
  return lists
end

local function print_row(kept, row, kind, found)
  local name = ("%s, %d in flight"):format(kind[1], row[1])
  tools.say("%-24s %7.0f /s %6.0f us CPU, p50 %6.2f p99 %6.2f ms | cosocket "
    .. "%7.0f /s %6.0f us, %6.2f %6.2f | %.2f of its requests, %.2fx CPU",
    name, found.client.rate, found.client.cpu, found.client.p50,
    found.client.p99, found.cosocket.rate, found.cosocket.cpu,
    found.cosocket.p50, found.cosocket.p99, found.ratio.rate,
    found.ratio.cpu)
  kept:figure(name .. ", requests/s", ("%.2f"):format(found.ratio.rate),
    "of the cosocket", ">= " .. row[3])
  kept:figure(name .. ", CPU", ("%.2f"):format(found.ratio.cpu),
    "of the cosocket", "<= " .. CPU_TARGET)
  kept:figure(name .. ", p50, p99", ("%.2f, %.2f"):format(found.client.p50,
    found.client.p99), "ms")
  return found.ratio.rate >= row[3] and found.ratio.cpu <= CPU_TARGET
end

local function speed(running, count, kept)
  local is_met = true
  for _, kind in ipairs(KINDS) do
    for _, row in ipairs(ROWS) do
      local found = compare(running, plan_of(running, row, kind, 1), count)
      is_met = print_row(kept, row, kind, found) and is_met
    end
  end
  return is_met
end

local function park(running, count, kept)
  local is_met = true
  for _, kind in ipairs(KINDS) do
    local plan = plan_of(running, { count, 5 }, kind, 10)
    plan.settle = 3
    local found = running.host:call("bench.driver_calls", "park", plan)
    local name = ("%s, %d waiting calls"):format(kind[1], count)
    tools.say("%s: CPU %.1f %% of a core, %d failed", name, found.use,
      found.failed)
    kept:figure(name .. ", CPU", ("%.1f"):format(found.use), "% of a core",
      "<= 10")
    is_met = is_met and found.use <= 10 and found.failed == 0
  end
  return is_met
end

local is_parked = arg[1] == "park"
local number = tonumber(arg[is_parked and 2 or 1])
local kept = results.new(is_parked and "driver-park" or "driver",
  "bench/driver " .. table.concat(arg, " "))
local folder = assert(shell.make_folder "adobepass-bench")
assert(certificates.make(folder))
local running = { folder = folder, service = service(folder),
  host = gateway(folder) }
local is_met = (is_parked and park or speed)(running,
  number or is_parked and 4000 or 5, kept)
running.host:stop()
running.service:stop()
shell.execute(shell.line("rm", "-rf", folder))
kept:write()
print(is_met and "all targets met" or "a target is MISSED")
os.exit(is_met and 0 or 1)
