--- Compares this client, its core alone and lua-http. Each makes the same call over
-- https, one at a time, on Lua 5.2, for which Debian has lua-http. Run bench/peers.
-- `bench/driver` compares with a bare cosocket.

local adobepass = require "adobepass"
local certificates = require "adobepass.sandbox.host.certificates"
local cjson = require "cjson"
local core = require "adobepass.core"
local nginx = require "adobepass.sandbox.host.nginx"
local results = require "bench.results"
local shell = require "adobepass.util.shell"
local tools = require "bench.gateway_tools"

local PATH = "/api/v2/REF30/profiles"
local PROFILES = '{"profiles":{"Cablevision":{"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"issuer":"Cablevision","type":"regular",'
  .. '"attributes":{"userID":{"value":"BASE64_value_userID","state":"plain"}}}}}'
local SERVER = [[http { default_type application/json;
  keepalive_requests 1000000000; keepalive_timeout 600;
  server {
    listen 127.0.0.1:@PORT@ ssl;
    ssl_certificate @FOLDER@/server.pem; ssl_certificate_key @FOLDER@/server.key;
    location = /o/client/register {
      return 201 '{"client_id":"bench","client_secret":"bench"}';
    }
    location = /o/client/token {
      return 201 '{"access_token":"@TOKEN@","expires_in":86400}';
    }
    location = @PATH@ { return 200 '@PROFILES@'; }
  } }]]
local TOKEN = ("t"):rep(600)
local STATEMENT = core.base64.url_encode '{"alg":"RS256"}' .. "."
  .. core.base64.url_encode "{}" .. ".c2ln"
local DEVICE = { id = "bench-device", info = { primaryHardwareType = "TV",
  model = "TV", version = "1", osName = "Linux", osVersion = "6.1",
  connectionType = "WiFi" } }
local ROUNDS, SECONDS = 7, 1

local now = core.clock.monotonic

local function service(folder)
  return assert(nginx.start { ports = 1, config = function(ports)
    return (SERVER:gsub("@(%u+)@", { PORT = ports[1], FOLDER = folder,
      TOKEN = TOKEN, PATH = PATH, PROFILES = PROFILES }))
  end })
end

local function headers_of()
  local headers = require "adobepass.device.headers"
  local record = require "adobepass.device.record"
  local list = headers.build(record.new(DEVICE), "DI")
  list.Accept = "application/json"
  list.Authorization = "Bearer " .. TOKEN
  return list
end

local function check(text)
  return assert(cjson.decode(text).profiles.Cablevision)
end

-- Each contender is a function of origin and CA file that returns a call.
local contenders = {}

function contenders.client(origin, ca_file)
  local client = adobepass.new { service_provider = "REF30", rate_limit = false,
    software_statement = STATEMENT, device = DEVICE,
    environment = { api = origin },
    http = { ca_file = ca_file, http2 = false } }
  return function()
    return assert(assert(client.api:profiles()).profiles.Cablevision)
  end
end

function contenders.core(origin, ca_file)
  local transport = assert(core.http.new { ca_file = ca_file, http2 = false })
  local headers = headers_of()
  return function()
    local transfer = assert(transport:submit { url = origin .. PATH,
      headers = headers })
    while not transfer:ended() do transport:step(1) end
    return check(assert(transfer:result()).body)
  end
end

local function tls_context(ca_file)
  local context = require "http.tls".new_client_context()
  local store = require "openssl.x509.store".new()
  store:add(ca_file)
  context:setStore(store)
  return context
end

local function http_headers(origin)
  local list = require "http.headers".new()
  list:append(":method", "GET")
  list:append(":scheme", "https")
  list:append(":authority", (origin:gsub("^https://", "")))
  list:append(":path", PATH)
  for name, value in pairs(headers_of()) do list:append(name:lower(), value) end
  return list
end

contenders["lua-http"] = function(origin, ca_file)
  local connection = assert(require "http.client".connect({ host = "127.0.0.1",
    port = tonumber(origin:match "%d+$"), tls = true, version = 1.1,
    sendname = "localhost", ctx = tls_context(ca_file) }, 10))
  local headers = http_headers(origin)
  return function()
    local stream = connection:new_stream()
    assert(stream:write_headers(headers, true, 10))
    assert(stream:get_headers(10):get ":status" == "200")
    return check(assert(stream:get_body_as_string(10)))
  end
end

local ORDER = { "core", "client", "lua-http" }

local function measure(call)
  local count, started, cpu = 0, now(), os.clock()
  local ends = started + SECONDS
  while now() < ends do
    call()
    count = count + 1
  end
  return count / (now() - started), (os.clock() - cpu) / count * 1e6
end

local folder = assert(shell.make_folder "adobepass-bench")
assert(certificates.make(folder))
local running = service(folder)
local origin = "https://127.0.0.1:" .. running.ports[1]
local calls, rates, cpus = {}, {}, {}
for _, name in ipairs(ORDER) do
  calls[name] = contenders[name](origin, folder .. "/server-ca.pem")
  calls[name]()
  rates[name], cpus[name] = {}, {}
end
for round = 1, ROUNDS do
  for offset = 0, #ORDER - 1 do
    local name = ORDER[(round + offset) % #ORDER + 1]
    rates[name][round], cpus[name][round] = measure(calls[name])
  end
end
running:stop()
shell.execute(shell.line("rm", "-rf", folder))

local kept = results.new("peers", "bench/peers")
for _, name in ipairs(ORDER) do
  local rate, cpu = tools.median(rates[name]), tools.median(cpus[name])
  tools.say("%-10s %6.0f requests/s, %4.0f us CPU for each", name, rate, cpu)
  kept:figure(name .. ", requests/s", ("%.0f"):format(rate), "")
  kept:figure(name .. ", CPU", ("%.0f"):format(cpu), "us")
end
kept:write()
