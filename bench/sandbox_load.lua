-- The load behind bench/sandbox_load.sh: run by `adobepass sandbox --exec`.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"
local wrk = require "bench.wrk"

local REQUESTS = tonumber(arg[1])
local ROUNDS = 3
-- What the worker may grow by in a round after the first: a tenth of the
-- requests open sessions, which live on for half an hour as at Adobe.
local BOUND_KB = 8 * 1024

local api = os.getenv "ADOBEPASS_API"
local transport = assert(core.http.new { ca_file = os.getenv "ADOBEPASS_CA" })

local function control(path, body)
  local response = assert(tv_client.fetch(transport, { method = "POST",
    url = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode(body) }))
  assert(response.status == 200, response.body)
end

local function worker()
  local pid = os.getenv "ADOBEPASS_PID"
  return assert(shell.read_file(("/proc/%s/task/%s/children")
    :format(pid, pid)):match("%d+"))
end

local function memory()
  return tonumber(shell.read_file("/proc/" .. worker() .. "/status")
    :match("VmRSS:%s+(%d+)"))
end

-- wrk's Lua is LuaJIT with nothing else; it gets plain text.
local WRK = [[
local list, at, failed = %s, 0, 0
function request()
  at = at %% #list + 1
  local one = list[at]
  return wrk.format(one.method, one.path, one.headers, one.body)
end
function response(status)
  if status < 200 or status > 299 then
    failed = failed + 1
    if failed < 4 then print("status " .. status) end
  end
end
]]

local function requests(screen, code, other)
  local device = { Authorization = screen.bearer, Accept = "application/json",
    ["AP-Device-Identifier"] = screen:identifier() }
  local function with(kind)
    local headers = { ["Content-Type"] = kind }
    for name, value in pairs(device) do headers[name] = value end
    return headers
  end
  local list = {}
  local function add(method, path, headers, body)
    list[#list + 1] = { method = method, path = path,
      headers = headers or device, body = body }
  end
  local resources = '{"resources":["CNN","TBS"]}'
  add("GET", "/api/v2/REF30/configuration")
  add("GET", "/api/v2/REF30/profiles")
  add("GET", "/api/v2/REF30/profiles/Cablevision")
  add("GET", "/api/v2/REF30/profiles/code/" .. code)
  add("GET", "/api/v2/REF30/configuration")
  add("POST", "/api/v2/REF30/decisions/authorize/Cablevision",
    with "application/json", resources)
  add("POST", "/api/v2/REF30/decisions/preauthorize/Cablevision",
    with "application/json", resources)
  -- On a TV of its own: a new code kills the older ones of its device.
  local open = with "application/x-www-form-urlencoded"
  open["AP-Device-Identifier"] = other
  add("POST", "/api/v2/REF30/sessions", open, "")
  add("GET", "/activate", {})
  add("GET", "/api/v2/REF30/logout/Spectrum?redirectUrl=https%3A%2F%2Fadobe"
    .. ".com")
  return list
end

-- wrk counts seconds, not requests: as many seconds as it takes.
local function run_wrk(script)
  local count, seconds, failed = 0, 0, nil
  repeat
    local text, status = shell.read(shell.line("wrk", "-t", "1", "-c", "32",
      "-d", "3s", "-s", script, api))
    assert(status == 0, text)
    count = count + tonumber(text:match("(%d+) requests in"))
    seconds = seconds + 3
    if text:find("Non%-2xx") or text:find("Socket errors:") then
      failed = text
    end
  until count >= REQUESTS or failed
  return count, count / seconds, failed
end

local function run_h2load(screen, code)
  local text = shell.read(shell.line("h2load", "-n", REQUESTS, "-c", "8",
    "-m", "8", "-H", "Authorization: " .. screen.bearer, "-H",
    "AP-Device-Identifier: " .. screen:identifier(),
    api .. "/api/v2/REF30/profiles/code/" .. code,
    api .. "/api/v2/REF30/configuration", api .. "/activate"))
  local count, failed = text:match("(%d+) succeeded, (%d+) failed")
  local rate = tonumber(text:match("([%d.]+) req/s"))
  local good = tonumber(text:match("status codes: (%d+) 2xx"))
  if failed ~= "0" or good ~= REQUESTS then return count, rate, text end
  return tonumber(count), rate, nil
end

local screen = tv_client.new { transport = transport, api = api,
  statement = os.getenv "ADOBEPASS_STATEMENT" }
local code = screen:code()
control("/login", { code = code, mvpd = "Cablevision", username = "ann" })

screen.device = "another TV"
local other = screen:identifier()
screen.device = "tv-1"

local script = os.tmpname()
assert(shell.write_file(script, WRK:format(
  wrk.literal(requests(screen, code, other)))))

local start, before = memory(), nil
print(("worker at the start %9d KB"):format(start))
local trouble = false
for round = 1, ROUNDS do
  before = memory()
  for _, kind in ipairs { "HTTP/1.1", "HTTP/2" } do
    local count, rate, failed
    if kind == "HTTP/2" then
      count, rate, failed = run_h2load(screen, code)
    else
      count, rate, failed = run_wrk(script)
    end
    print(("round %d  %-8s  %6.0f requests  %6.0f a second  worker %6d KB  %s")
      :format(round, kind, count, rate, memory(),
        failed and "FAILED\n" .. failed or "no error"))
    trouble = trouble or failed
  end
end
os.remove(script)

local growth = memory() - before
print(("growth in the last round %d KB, bound %d KB"):format(growth, BOUND_KB))
if growth > BOUND_KB then
  print "the worker grows"
  trouble = true
end
transport:close()
os.exit(trouble and 1 or 0)
