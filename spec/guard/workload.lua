--- The operations that are counted, each repeated between two marks.
--
--   require("spec.guard.workload").main(url, kind)
--
-- The mark is core.handle_count(), before which callgrind writes its counts; with
-- `allocations`, it is a line with the number of allocations.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"
local keyring = require "adobepass.sandbox.data.keyring"
local operation_setup = require "spec.support.operation_setup"

local workload = {}

--- The profiles of a viewer who is logged in.
local PROFILES = json.encode { profiles = { Cablevision = {
  notBefore = 1697094207324, notAfter = 1897094802367,
  issuer = "Cablevision", type = "regular", attributes = {
    userID = { value = "BASE64_value_userID", state = "plain" },
    zip = { value = { "12345", "12346" }, state = "plain" } } } } }

workload.PROFILES = PROFILES

-- The client reads only the first part of the JWT.
local STATEMENT = core.base64.url_encode '{"alg":"RS256"}' .. "."
  .. core.base64.url_encode "{}" .. ".c2ln"

-- A provider as a format; each of its numbers is the provider's.
local PROVIDER = json.encode { id = "Provider_%04d",
  displayName = "Provider number %d",
  logoUrl = "https://logos.example.com/%04d.png",
  boardingStatus = "SUPPORTED", isTempPass = false, isProxy = false,
  authPerAggregator = false, passiveAuthnEnabled = true,
  requiredMetadataFields = { "userID" } }

--- Returns a configuration response with `count` providers, as JSON.
function workload.configuration(count)
  local list = {}
  for index = 1, count do list[index] = PROVIDER:format(index, index, index) end
  return ('{"requestor":{"id":"REF30","mvpds":[%s],"name":"Reference"}}'):format(
    table.concat(list, ","))
end

-- A transport that responds at once and does not record requests, so that memory
-- does not grow with the number of calls.
local Transfer, Transport = {}, {}
Transfer.__index, Transport.__index = Transfer, Transport

function Transfer:result()
  return { status = 200, body = self.body, headers = {}, http_version = "1.1",
    reused = true }
end

function Transfer.ended() return true end

function Transfer.close() end

local CREDENTIALS = '{"client_id":"an-id","client_secret":"a-secret"}'
local TOKEN = '{"access_token":"%s","expires_in":21600}'
local tokens = 0

-- Each token differs, as Adobe's do. LuaJIT hashes only 16 bytes of a string, so
-- thousands of records with the same token would have the same hash.
local function token_response()
  tokens = tokens + 1
  return TOKEN:format(core.digest.hex(core.digest.sha256(tostring(tokens))))
end

function Transport:submit(given)
  local body
  if given.url:find("/o/client/register", 1, true) then body = CREDENTIALS
  elseif given.url:find("/o/client/token", 1, true) then body = token_response()
  else body = self.respond(given) end
  return setmetatable({ body = body }, Transfer)
end

function Transport.step() return 0 end
function Transport.close() end

--- Returns a transport that responds like that of `client`.
function workload.transport(respond)
  local body = respond
  if type(respond) == "string" then respond = function() return body end end
  return setmetatable({ respond = respond }, Transport)
end

--- Returns a client whose service responds with a fixed body, or with the body
-- that a function of the request returns.
function workload.client(respond, more)
  local options = { service_provider = "REF30", rate_limit = false,
    environment = { api = "https://api.test" }, software_statement = STATEMENT,
    transport = workload.transport(respond), random = function() return 0.5 end,
    device = { id = "a-device", info = operation_setup.INFO } }
  for name, value in pairs(more or {}) do options[name] = value or nil end
  return adobepass.new(options)
end

local function request(url)
  local transport = assert(core.http.new { timeout = 60 })
  local given = { url = url, headers = { Accept = "application/json" } }
  return function()
    local transfer = assert(transport:submit(given))
    while assert(transport:step(1)) > 0 do end
    assert(assert(transfer:result()).status == 200)
    transfer:close()
  end
end

-- Measures one step of a transport with 200 waiting transfers.
local function step_waiting(url)
  local transport = assert(core.http.new { timeout = 600 })
  local transfers = {}
  for index = 1, 200 do
    transfers[index] = assert(transport:submit { url = url .. "silent" })
  end
  for _ = 1, 100 do assert(transport:step(0.001) == #transfers) end
  return function() assert(transport:step(0) == #transfers) end
end

local function token()
  local one = assert(core.token({ access_token = ("t"):rep(600),
    expires_in = 21600 }, { now = 0 }))
  return function() return one:state(100) end
end

local function sha256()
  local bytes = ("x"):rep(1024)
  return function() return core.digest.sha256(bytes) end
end

local function verify()
  local pair = keyring.new()
  local text = assert(core.jws.sign("RS256", pair:private "tokens", PROFILES))
  local key = pair:public "tokens"
  return function() return assert(jws.verify("RS256", key, text)) end
end

local function profiles()
  local client = workload.client(PROFILES)
  return function() return assert(client.api:profiles()) end
end

-- Measures a preauthorization of 25 titles with cached permits.
function workload.cached()
  local titles, decisions = {}, {}
  for index = 1, 25 do
    titles[index] = "Title " .. index
    decisions[index] = { resource = titles[index], authorized = true,
      source = "mvpd", mvpd = "Cablevision", serviceProvider = "REF30" }
  end
  local client = workload.client(
    json.encode { decisions = json.array(decisions) })
  local function ask()
    local catalog = assert(client:preauthorize(titles,
      { mvpd = "Cablevision" }))
    assert(#catalog.permitted == 25)
  end
  ask()
  return ask
end

local function providers()
  local client = workload.client(workload.configuration(2000))
  return function() assert(#assert(client:providers()) == 2000) end
end

local function decode()
  local text = workload.configuration(2000)
  return function() return assert(json.decode(text)) end
end

local function view()
  local client, index = workload.client "{}", 0
  return function()
    index = index + 1
    return client:device { id = "device-"
      .. index, info = operation_setup.INFO }
  end
end

--- In order: name, repetitions, function that prepares the operation.
workload.list = {
  { "core request", 200, request },
  { "step of 200 waiting transfers", 500, step_waiting },
  { "token check", 2000, token },
  { "SHA-256 of 1 KiB", 500, sha256 },
  { "jws.verify", 50, verify },
  { "client.api:profiles", 100, profiles },
  { "25 cached permits", 100, workload.cached },
  { "2,000 providers from JSON", 2, decode },
  { "2,000 providers from the cache", 5, providers },
  { "a view of a device", 200, view },
}

local function run(url, mark)
  for _, item in ipairs(workload.list) do
    local run_once = item[3](url)
    for _ = 1, math.ceil(item[2] / 10) do run_once() end
    collectgarbage()
    collectgarbage()
    mark()
    for _ = 1, item[2] do run_once() end
    mark()
  end
end

function workload.main(url, kind)
  if not kind then return run(url, core.handle_count) end
  local allocations, counts = require "allocations", {}
  run(url, function() counts[#counts + 1] = allocations() end)
  for _, count in ipairs(counts) do print(count) end
end

return workload
