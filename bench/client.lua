--- The jobs of the client: `profiles` on one connection, 256 concurrent devices.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local device_headers = require "adobepass.device.headers"
local device_record = require "adobepass.device.record"
local shell = require "adobepass.util.shell"

local BATCH = 256

-- The client reads only the first part of the JWT.
local STATEMENT = core.base64.url_encode('{"alg":"RS256"}') .. "."
  .. core.base64.url_encode("{}") .. ".c2ln"

local INFO = { primaryHardwareType = "TV", model = "Living room TV",
  version = "1", manufacturer = "Maker", vendor = "Maker", osName = "Linux",
  osVersion = "6.1", connectionType = "WiFi" }

local now = core.clock.monotonic
local driver = adobepass.driver.tick { reuse = true }
local client, transport, views

local function fields_of(index)
  return { id = ("bench-device-%05d"):format(index), info = INFO,
    ip = ("192.0.%d.%d"):format(math.floor(index / 256),
      index % 256) }
end

local function http_options(folder)
  return { ca_file = folder .. "/server-ca.pem", http2 = false,
    max_connections = BATCH,
    user_agent = "adobepass-lua/" .. adobepass.version }
end

local function new_client(folder, url, more)
  local origin = url:match("^https?://[^/]+")
  local options = { service_provider = "REF30", rate_limit = false,
    software_statement = STATEMENT, environment = { api = origin },
    http = http_options(folder) }
  for name, value in pairs(more or {}) do options[name] = value end
  return adobepass.new(options)
end

local function ask(one)
  if not assert(one.api:profiles()).profiles then error("unexpected response") end
end

-- Passes a transport to the client, so that `batch` can wait in its `step`.
local function new_views(folder, url)
  transport = assert(core.http.new(http_options(folder)))
  client = new_client(folder, url, { driver = driver, transport = transport })
  views = {}
  for index = 1, BATCH do views[index] = client:device(fields_of(index)) end
end

local function batch()
  for index = 1, BATCH do driver.start(ask, views[index]) end
  repeat transport:step(1) until client:update() == 0
end

local function repeated(count, f, ...)
  local start = now()
  for _ = 1, count do f(...) end
  return now() - start
end

local jobs = {}

--- Writes the headers that the client sends with `profiles`, for plain C.
function jobs.headers(_, _, folder)
  local lines = {}
  local record = device_record.new(fields_of(1))
  local headers = device_headers.build(record, "DIFSPV")
  headers.Accept = "application/json"
  headers["User-Agent"] = "adobepass-lua/" .. adobepass.version
  headers.Authorization = "Bearer " .. ("t"):rep(600)
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value .. "\n"
  end
  assert(shell.write_file(folder .. "/headers", table.concat(lines)))
  return 0
end

function jobs.profiles(count, url, folder)
  client = client or new_client(folder, url, { device = fields_of(1) })
  return repeated(count, ask, client)
end

function jobs.devices(count, url, folder)
  if not views then new_views(folder, url) end
  return repeated(count, batch)
end

jobs["end"] = function()
  if client then client:close() end
  client, transport, views = nil, nil, nil
end

return jobs
