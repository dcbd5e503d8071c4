--- Starts the test doubles of bench/doubles.lua, which have the same methods:
--
--   double:url(path)         the address of a path of Adobe's
--   double:log_in(code)      a viewer signs in on a second screen; false if impossible
--   double:advance(ms)       moves the clock; false if impossible
--   double:fail_next()       the next request gets 429; false if impossible
--   double:pids()
--   double:stop()
--   double.start             seconds until the first response
--   double.statement, double.transport

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

local hosts = {}

local now = core.clock.monotonic

local function pids_of(parent)
  local list = { parent }
  for pid in shell.read("pgrep -P " .. parent):gmatch "%d+" do
    for _, found in ipairs(pids_of(pid)) do list[#list + 1] = found end
  end
  return list
end

local Sandbox = {}
Sandbox.__index = Sandbox

function Sandbox:url(path) return self.running.api .. path end

function Sandbox:control(path, body)
  local response = assert(tv_client.fetch(self.transport, { method = "POST",
    url = self.running.control .. "/sandbox/" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode(body) }))
  return response.status < 300
end

function Sandbox:log_in(code)
  return self:control("login", { code = code, username = "bob" })
end

function Sandbox:advance(milliseconds)
  return self:control("clock", { advance = milliseconds })
end

function Sandbox:fail_next()
  return self:control("faults", { kind = "too_many_requests",
    retry_after = 3, count = 1 })
end

function Sandbox:pids() return pids_of(self.running.pid) end

function Sandbox:stop()
  self.transport:close()
  self.running:stop()
end

function hosts.sandbox()
  local started = now()
  local running = assert(host.start { throttle = false })
  local self = setmetatable({ running = running, statement = running.statement,
    transport = assert(core.http.new { ca_file = running.ca }) }, Sandbox)
  assert(tv_client.fetch(self.transport, { url = self:url "/" }))
  self.start = now() - started
  return self
end

local Prism = {}
Prism.__index = Prism

-- The OpenAPI files have no path prefixes.
function Prism:url(path)
  local server = path:find "^/o/" and self.registration or self.api
  return server.origin .. path:gsub("^/o/", "/"):gsub("^/api/v2/", "/")
end

function Prism.log_in() return false end
function Prism.advance() return false end
function Prism.fail_next() return false end

function Prism:pids()
  return { self.api.pid, self.registration.pid }
end

function Prism:stop()
  self.transport:close()
  for _, pid in ipairs(self:pids()) do shell.read("kill " .. pid) end
end

local function start_prism(program, file, port)
  local pid = assert(shell.read(("%s mock -h 127.0.0.1 -p %d spec/openapi/%s "
    .. "> /dev/null 2>&1 & echo $!"):format(program, port, file)))
  return { pid = pid:match "%d+", origin = "http://127.0.0.1:" .. port }
end

--- Starts Prism with Adobe's two OpenAPI files.
-- @tparam string program the path of Prism's command
function hosts.prism(program)
  local started = now()
  local self = setmetatable({ statement = "statement", wants_query = true,
    transport = assert(core.http.new { timeout = 20 }),
    api = start_prism(program, "restApiV2.json", 14010),
    registration = start_prism(program, "dcrApi.json", 14011) }, Prism)
  for _, path in ipairs { "/o/", "/api/v2/" } do
    while not tv_client.fetch(self.transport, { url = self:url(path) }) do
      assert(now() - started < 60, "Prism did not start")
      core.clock.sleep(0.05)
    end
  end
  self.start = now() - started
  return self
end

return hosts
