--- adobepass doctor: checks the configuration and reports problems.
-- @module adobepass.cli.doctor

local adobepass = require "adobepass"
local core = require "adobepass.core"
local device = require "adobepass.device"
local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local jwt = require "adobepass.cli.jwt"
local profiles = require "adobepass.cli.profiles"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local shell = require "adobepass.util.shell"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local doctor = {
  name = "doctor",
  summary = "Check the configuration and report problems.",
}

local DESCRIPTION = [[
Checks everything that a login needs: the service's address, the network, the
certificate, this machine's clock, the software statement, the store's folder,
the stored credentials and the login. It does not register the device, and does
not log the viewer in or out. With --gateway it also asks a gateway of
examples/openresty whether its Redis works, and whether the maxmemory-policy of
that Redis keeps credentials.]]

local EPILOG = [[
Examples:
  adobepass doctor --environment release-staging --service-provider REF30 \
    --statement statement.txt
  adobepass doctor --json | jq '.checks[] | select(.status == "fail")'

Exit status: 0 no check failed; 1 at least one check failed.]]

--- Declares the options.
function doctor.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  settings.define(parser, parser:option("--gateway", "Also check a running "
    .. "gateway: the address of its health checks, http://127.0.0.1:port.")
    :argname("<url>"):convert(settings.not_empty))
end

-- --- findings ---------------------------------------------------------------

local function ok(name, message)
  return { name = name, status = "ok", message = message }
end

local function warn(name, message, advice)
  return { name = name, status = "warn", message = message, advice = advice }
end

local function fail(name, message, advice)
  return { name = name, status = "fail", message = message, advice = advice }
end

local function failed(name, err)
  return fail(name, err.message, err.code ~= "usage" and report.advice(err)
    or nil)
end

-- --- checks: each returns its findings, or nil if it does not apply. It stores
-- values for later checks in `state` ------------------------------------------

local function service(arguments, state)
  local found, err = settings.origins(arguments)
  if not found then return failed("service", err) end
  state.origins = found
  return ok("service", found.api)
end

local function sentence(text)
  return text:match "%.$" and text or text .. "."
end

local function store(arguments, state)
  local folder, err = settings.folder(arguments)
  if not folder then return failed("store", err) end
  local file_store = adobepass.store.file(folder)
  local done, message = file_store:set("doctor", "1", 1)
  if done then done, message = file_store:delete "doctor" end
  if not done then
    return fail("store", sentence(message), "Make the folder writable for "
      .. "this user only, or use another folder: --store.")
  end
  state.folder, state.store = folder, file_store
  return ok("store", folder .. ", private to this user")
end

local CONNECT_ADVICE = { tls_failed = "For a private certificate authority, use "
    .. "--ca with its certificate. Check this machine's date. Otherwise a proxy "
    .. "may intercept the connection.",
  ca_unreadable = "Use --ca with a readable file of certificates (PEM).",
  resolve_failed = "Check the host name, and DNS on this network.",
  insecure_url = "Use https." }

local function unreachable(name, message, code)
  local advice = CONNECT_ADVICE[code] or "Check the network, the firewall and the "
    .. "address. Proxy variables of the environment are not used."
  return fail(name, sentence(terminal.escape(message)), advice)
end

local function reach(arguments, state)
  if not state.origins then return nil end
  -- Any response shows that the server is reachable.
  local response, message, code = settings.send(arguments,
    { url = state.origins.api .. "/" })
  if code == "ca_unreadable" then
    return unreachable("TLS", message, code)
  elseif code == "tls_failed" then
    return ok("network", "the service responds"),
      unreachable("TLS", message, code)
  elseif not response then
    return unreachable("network", message, code)
  end
  state.date = http_date.parse(response.headers["date"])
  state.is_reached = true
  local tls = state.origins.api:find "^https" and ok("TLS",
    "the certificate is valid") or warn("TLS", "plain http, which is only for "
    .. "this machine", "Use https.")
  return ok("network", "the service responds"), tls
end

local function management(arguments, state)
  if not state.is_reached or state.origins.mgmt == state.origins.api then
    return nil
  end
  local response, message = settings.send(arguments,
    { url = state.origins.mgmt .. "/" })
  if response then return ok("management", state.origins.mgmt) end
  return warn("management", sentence(terminal.escape(message)),
    "Only adobepass reset needs it.")
end

local SMALL, LARGE = 30, 300 -- seconds

local function clock(_, state)
  if not state.date then return nil end
  local offset = core.clock.wall() - state.date
  if math.abs(offset) < SMALL then return ok("clock", "correct") end
  local message = ("This machine's clock is %s %s the service's."):format(
    cli_text.duration(math.abs(offset)), offset > 0 and "ahead of" or "behind")
  local advice = "Set it with NTP."
  if math.abs(offset) < LARGE then return warn("clock", message, advice) end
  return fail("clock", message, advice .. " Certificates and tokens are "
    .. "checked against it.")
end

local function check_statement(statement)
  local token = jwt.read(statement)
  if not token then
    return fail("statement", "It does not contain JSON.",
      "Download it again from the TVE Dashboard.")
  elseif jwt.kind(token.claims) ~= "statement" then
    return fail("statement", "This is another kind of token, not a software "
      .. "statement.", "Show it with adobepass inspect. Download the software "
      .. "statement from the TVE Dashboard.")
  elseif jwt.has_scope(token.claims) == nil then
    return ok("statement", "a software statement; it does not list its scopes"),
      token.claims
  elseif not jwt.has_scope(token.claims) then
    return fail("statement", "It lacks " .. jwt.SCOPE .. ", the scope of the "
      .. "REST API v2.", "Have the application's scope changed in the TVE "
      .. "Dashboard, then download the statement again.")
  end
  return ok("statement", "a software statement with the v2 scope"),
    token.claims
end

local function statement(arguments, state)
  local text, err = settings.statement(arguments)
  if err then return failed("statement", err) end
  state.statement = text
  if not text then return nil end
  local finding, claims = check_statement(text)
  state.claims = claims
  return finding
end

-- Returns whether a list contains an id; an empty list restricts nothing.
local function is_allowed(list, id)
  for _, item in ipairs(list) do
    if item == id then return true end
  end
  return #list == 0
end

local function provider(arguments, state)
  if not state.origins then return nil end
  local id, err = settings.service_provider(arguments, state.origins,
    state.statement)
  if not id then return failed("provider", err) end
  state.service_provider = id
  local list = jwt.list(state.claims and state.claims.service_providers)
  if is_allowed(list, id) then return ok("provider", id) end
  return fail("provider", "The statement is not for " .. id .. ".",
    "Use one of: " .. table.concat(list, ", ") .. ".")
end

local function device_info(arguments, state)
  local info, err = settings.device_info(arguments)
  if not info then return failed("device", err) end
  local advice = "Describe the device in a file, with --device-info."
  local _, lacking = device.parse(core.base64.encode(json.encode(info)))
  if lacking then
    return fail("device", terminal.escape(lacking.message), advice)
  end
  state.has_info = true
  local wrong = device.check(info)
  if #wrong == 0 then
    return ok("device", terminal.escape(("%s, %s"):format(info.model,
      info.osName)))
  end
  return warn("device", terminal.escape(table.concat(wrong, "; ")) .. ".",
    "Adobe gives unknown devices shorter logins. " .. advice)
end

-- Omits the software statement, so that the client cannot register.
local function client_of(arguments, state)
  if not (state.origins and state.store and state.service_provider
      and state.has_info) then
    return nil
  end
  return settings.make_client(arguments, { origins = state.origins,
    ca = settings.ca(arguments), store = state.store,
    service_provider = state.service_provider })
end

local function unregistered(state)
  if state.statement then
    return ok("credentials", "none yet; the first command registers the device")
  end
  return fail("credentials", "This device is not registered, and there is no "
    .. "software statement to register with.", "Download it from the TVE "
    .. "Dashboard, and pass it once: --statement FILE.")
end

local UNKNOWN = { invalid_client = true, unauthorized = true }

local function refused(err)
  if UNKNOWN[err.code] or err.action == "application-registration" then
    return fail("credentials", "The service refused the stored credentials.",
      "Register again: adobepass login --statement FILE. Viewers must log "
      .. "in again.")
  end
  return failed("credentials", err)
end

local function login_of(state, list)
  local item = list[1]
  if not item then
    return warn("login", "Not logged in.", "Run adobepass login.")
  end
  return ok("login", ("%s, until %s"):format(terminal.escape(item.mvpd),
    cli_text.date(item.not_after, state.client:now_ms())))
end

local function credentials(arguments, state)
  local client, err = client_of(arguments, state)
  if err then return failed("store", err) end
  if not client then return nil end
  local id, broken = client:client_id()
  if broken then return failed("credentials", broken) end
  if not id then return unregistered(state) end
  if not state.is_reached then return nil end
  state.client = client
  local list, why = profiles.request(client)
  if not list then return refused(why) end
  return ok("credentials", "the service accepts them"), login_of(state, list)
end

local function qrencode()
  if select(2, shell.read "command -v qrencode") == 0 then
    return ok("qrencode", "login draws QR codes")
  end
  return warn("qrencode", "Not installed: login shows only the code and the "
    .. "address.", "Install the package qrencode.")
end

local function gateway(arguments)
  if not arguments.gateway then return nil end
  local response, message, code = settings.send(arguments,
    { url = arguments.gateway:gsub("/$", "") .. "/health/ready" })
  if not response then return unreachable("gateway", message, code) end
  local reply = json.decode(response.body)
  if type(reply) ~= "table" or not (reply.state or reply.message) then
    return fail("gateway", "The response is not one of a gateway.",
      "Give the address of its health checks, not of its viewers.")
  end
  local fault = reply.warning or reply.message
  if not fault then return ok("gateway", "ready; Redis keeps credentials") end
  return fail("gateway", sentence(terminal.escape(tostring(fault))),
    'See "Redis" in examples/openresty/README.md.')
end

local CHECKS = { service, reach, management, clock, statement, provider, store,
  device_info, credentials, gateway, qrencode }

-- --- output -----------------------------------------------------------------

local MARKS = { ok = { "GOOD", "✓", "ok  " }, warn = { "WARN", "!", "warn" },
  fail = { "BAD", "✗", "FAIL" } }

local NAME = 12 -- columns of a check's name

-- Prints a text, wrapped to the terminal's width. The first line starts after
-- `prefix`, the others at column `indent`.
local function print_block(prefix, text, style, indent)
  local _, columns = terminal.size()
  for _, line in ipairs(cli_text.wrap(text, math.max(30, columns - indent))) do
    terminal.print(prefix .. terminal.paint(style, line))
    prefix = (" "):rep(indent)
  end
end

local function show(finding)
  local mark = MARKS[finding.status]
  local sign = terminal.is_utf8() and mark[2] or mark[3]
  local indent = 1 + cli_text.width(sign) + 2 + NAME + 1
  print_block((" %s  %s "):format(terminal.paint(mark[1], sign),
    cli_text.pad(finding.name, NAME)), terminal.escape(finding.message),
    "PLAIN", indent)
  if finding.advice then
    print_block((" "):rep(indent), finding.advice, "DIM", indent)
  end
end

local function as_json(findings, count)
  report.json { checks = json.array(findings), fail = count.fail,
    warn = count.warn }
end

local function verdict(count)
  if count.fail > 0 then
    return terminal.paint("BAD", ("%d problem%s found."):format(count.fail,
      count.fail == 1 and "" or "s"))
  end
  return terminal.paint("GOOD", "No problems found.")
end

local function as_text(findings, count)
  for _, finding in ipairs(findings) do show(finding) end
  terminal.print()
  terminal.print(" " .. verdict(count))
end

--- Runs the checks and prints the findings. Returns the exit status.
function doctor.run(arguments)
  local state = {}
  local findings, count = {}, { ok = 0, warn = 0, fail = 0 }
  for _, check in ipairs(CHECKS) do
    for _, finding in ipairs { check(arguments, state) } do
      findings[#findings + 1] = finding
      count[finding.status] = count[finding.status] + 1
    end
  end
  if arguments.json then as_json(findings, count)
  else as_text(findings, count) end
  return count.fail > 0 and report.FAILURE or report.SUCCESS
end

return doctor
