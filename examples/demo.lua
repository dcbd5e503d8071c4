--- A walk through the REST API: a TV logs a viewer in, filters its catalog, plays,
-- logs out and uses a temporary pass. It uses the C core directly, and sends every
-- request over HTTPS to a sandbox that it starts on this machine. Run `make demo`.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local sandbox = require "adobepass.sandbox.host"
local terminal = require "adobepass.cli.terminal"

local PROVIDER, MVPD = "REF30", "Cablevision"
local CHANNELS = { "CNN", "TBS", "HBO", "Late Night" }

-- The device's id and its description; most requests contain both.
local IDENTIFIER = "fingerprint " .. core.base64.encode(core.random.uuid())
local INFO = core.base64.encode(json.encode {
  primaryHardwareType = "TV", model = "Demo", version = "1",
  osName = "Linux", osVersion = "6.1", connectionType = "ethernet",
})

local JSON = "application/json"
local FORM = "application/x-www-form-urlencoded"

local color = terminal.styles().BOLD ~= ""

local function paint(code, text)
  return color and ("\27[%sm%s\27[0m"):format(code, text) or text
end

local function say(text) print("   " .. text) end

local count = 0
local function step(title, why)
  count = count + 1
  print(("\n%s %s"):format(paint("1;36", count .. "."), paint("1", title)))
  for line in why:gmatch("[^\n]+") do
    say(paint("2", (line:gsub("^%s+", ""))))
  end
end

local function note(format, ...)
  say(paint("32", "=> ") .. format:format(...))
end

local transport, token

--- Sends one request and prints it with its response. `who` selects the headers about
-- the device: "device" (both), "info" or nil. The token is sent to the REST API only.
local function ask(method, url, who, kind, body)
  local transfer = assert(transport:submit { method = method, url = url,
    body = body, bearer = url:find("/api/v2/", 1, true) and token or nil,
    headers = { Accept = JSON, ["Content-Type"] = kind,
      ["AP-Device-Identifier"] = who == "device" and IDENTIFIER or nil,
      ["X-Device-Info"] = who and INFO or nil } })
  while select(3, transfer:result()) == "pending" do transport:step(1) end
  local response = assert(transfer:result())
  say(("%s %s  %s %d, HTTP/%s, %.1f ms%s"):format(paint("33", method),
    url:gsub("^https://[^/]+", ""), paint("2", "->"), response.status,
    response.http_version, response.timings.total * 1000,
    response.reused and "" or ", new connection"))
  return json.decode(response.body) or {}
end

local function register(api, statement)
  step("The application registers", [[
    The developer has a software statement from Adobe, a signed text. Each
    installation registers with it once and gets its own credentials.]])
  local client = ask("POST", api .. "/o/client/register", "info", JSON,
    json.encode { software_statement = statement })
  note("client_id %s, and a client_secret, which is not shown", client.client_id)
  return client
end

local function fetch_token(api, client)
  step("The application requests an access token", [[
    Every further request contains the token. The C core adds it to the headers,
    so that Lua code does not read it.]])
  local response = ask("POST", api .. "/o/client/token", "info", FORM,
    ("grant_type=client_credentials&client_id=%s&client_secret=%s"):format(
      client.client_id, client.client_secret))
  token = assert(core.token(response))
  note("%s, %s for %d minutes", tostring(token), token:state(),
    math.floor((token:expires_at() - core.clock.monotonic()) / 60))
end

local function show_providers(v2)
  step("The TV requests the list of TV providers", [[
    The viewer selects a provider from this list.]])
  local response = ask("GET", v2 .. "/configuration", "device")
  local names = {}
  for _, mvpd in ipairs(response.requestor.mvpds) do
    if not mvpd.isTempPass then names[#names + 1] = mvpd.displayName end
  end
  note("%d providers: %s, ...", #names, table.concat(names, ", ", 1, 4))
end

local function start_login(v2, api)
  step("The TV shows a code", [[
    The viewer opens a page on a phone, types this code and logs in there. No
    password is typed with a remote control.]])
  local login = ask("POST", v2 .. "/sessions", "device", FORM,
    ("mvpd=%s&domainName=adobe.com&redirectUrl=https%%3A%%2F%%2Fadobe.com")
      :format(MVPD))
  note("code %s at %s/activate", paint("1;35", login.code), api)
  return login.code
end

local function poll(v2, code, why)
  step("The TV polls for the login", why)
  local response = ask("GET", v2 .. "/profiles/code/" .. code)
  local profile = response.profiles and response.profiles[MVPD]
  if not profile then return note("not logged in yet; poll again in 5 seconds") end
  note("logged in with %s until %s", MVPD,
    os.date("!%Y-%m-%d", math.floor(profile.notAfter / 1000)))
end

local function sign_in(control, code)
  step("The viewer logs in on a phone", [[
    `adobepass sandbox` serves the pages for this. Here the sandbox's control
    API logs in the viewer Bob.]])
  ask("POST", control .. "/sandbox/login", nil, JSON,
    json.encode { code = code, username = "bob" })
end

local function filter(v2)
  step("The TV filters the catalog", [[
    A permit from preauthorize does not allow playback.]])
  local response = ask("POST", v2 .. "/decisions/preauthorize/" .. MVPD,
    "device", JSON, json.encode { resources = json.array(CHANNELS) })
  for _, decision in ipairs(response.decisions) do
    note("%-10s %s", decision.resource, decision.authorized
      and paint("32", "permitted")
      or paint("31", "denied: ") .. (decision.error.details
        or decision.error.message))
  end
end

local function play(v2, mvpd)
  local response = ask("POST", v2 .. "/decisions/authorize/" .. mvpd,
    "device", JSON, json.encode { resources = json.array { CHANNELS[1] } })
  local decision = response.decisions[1]
  note("permitted by %s, with a signed media token of %d bytes",
    decision.source, #decision.token.serializedToken)
end

local function log_out(v2)
  step("The viewer logs out", [[
    The response contains the remaining action for each provider.]])
  local response = ask("GET", ("%s/logout/%s?redirectUrl=%s"):format(v2, MVPD,
    "https%3A%2F%2Fadobe.com"), "device")
  local entry = response.logouts[MVPD]
  note("%s, %s%s", entry.actionName, entry.actionType,
    entry.url and ": the TV opens the provider's logout page" or "")
end

local function tell(running)
  local api = running.api
  local v2 = api .. "/api/v2/" .. PROVIDER
  transport = assert(core.http.new { ca_file = running.ca })
  local client = register(api, running.statement)
  fetch_token(api, client)
  show_providers(v2)
  local code = start_login(v2, api)
  poll(v2, code, "The TV polls every 5 seconds.")
  sign_in(running.control, code)
  poll(v2, code, "This poll finds the profile.")
  filter(v2)
  step("The viewer starts playback", [[
    Each authorization asks the provider, and returns a media token that is
    valid for one playback.]])
  play(v2, MVPD)
  log_out(v2)
  step("Temporary access without a login", [[
    TempPass: the same request, for a provider that permits a day of access.]])
  play(v2, "TempPass")
  transport:close()
end

print(paint("1", "\nadobepass: a TV logs in, plays and logs out"))
print(paint("2", "with the sandbox on this machine, over HTTPS"))
local running, message = sandbox.start { throttle = false }
if not running then
  io.stderr:write("The sandbox did not start: ", message, "\n")
  os.exit(1)
end
local fine, problem = pcall(tell, running)
running:stop()
if not fine then
  io.stderr:write("\nThe demo stopped: ", tostring(problem), "\n")
  os.exit(1)
end
print(paint("1", "\nDone.") .. " Next: bin/adobepass sandbox\n")
