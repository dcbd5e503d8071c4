--- Runs a sandbox in nginx's only worker and saves its state.
--
-- nginx's prefix is the host's folder; it contains `settings.json` and
-- `world.json`.
--
-- @module adobepass.sandbox.host.worker

-- luacheck: globals ngx
local core = require "adobepass.core"
local endpoint = require "adobepass.sandbox.control.endpoint"
local faults = require "adobepass.sandbox.engine.faults"
local json = require "adobepass.util.json"
local adobepass_sandbox = require "adobepass.sandbox"
local recording = require "adobepass.util.recording"
local redaction = require "adobepass.util.redaction"
local shell = require "adobepass.util.shell"
local nginx_adapter = require "adobepass.sandbox.host.nginx_adapter"

local worker = {}

local SAVE_EVERY = 1 -- second
local LARGEST_STATE = 256 * 1024 * 1024

local settings, sandbox, changed, recorded

local function read_json(name)
  return json.decode(assert(shell.read_file(ngx.config.prefix() .. "/" .. name)))
end

local function new_sandbox()
  return adobepass_sandbox.new(read_json "world.json", {
    now = function() return math.floor(core.clock.wall() * 1000) end,
    random = core.random.bytes, api = settings.api, mgmt = settings.mgmt,
    plain_api = settings.plain_api,
    throttle = settings.throttle,
  })
end

local function state_file() return settings.state_dir .. "/state.json" end

local function save()
  if not changed or not settings.state_dir then return end
  local written, message = core.file.write(state_file(),
    json.encode(sandbox.control.snapshot()))
  if written then changed = false
  else ngx.log(ngx.ERR, "cannot save the state: ", message) end
end

local function restore()
  if not settings.state_dir then return end
  local text, message, code = core.file.read(state_file(),
    { max = LARGEST_STATE })
  if code == "not_found" then return end
  if text then text, message = json.decode(text) end
  if text then text, message = sandbox.control.snapshot { restore = text } end
  if text then return end
  error(("cannot restore %s: %s; delete the file, or use another --state-dir"):format(
    state_file(), message), 0)
end

--- Runs before nginx accepts connections; after an error nginx does not start.
function worker.init()
  settings = read_json "settings.json"
  sandbox = new_sandbox()
  restore()
  assert(shell.write_file(ngx.config.prefix() .. "/statement",
    sandbox.control.statement()))
end

-- The replacement of a crashed worker does not know the numbers of the placeholders,
-- so it does not continue the recording.
local function start_recording()
  if not settings.record then return end
  local message
  recorded, message = recording.open(settings.record)
  if not recorded then ngx.log(ngx.ERR, "the recording has ended: ", message) end
end

--- Runs in each new worker, also in the replacement of a crashed one.
function worker.start()
  sandbox = new_sandbox()
  restore()
  start_recording()
  if settings.state_dir then ngx.timer.every(SAVE_EVERY, save) end
end

function worker.stop()
  save()
  if recorded then recorded:close() end
end

--- Runs when a ClientHello arrived. A TLS fault for any operation takes effect now,
-- before an operation is known.
function worker.client_hello(role)
  if role ~= "control" and faults.take(sandbox, nil, "tls") then
    return ngx.exit(ngx.ERROR)
  end
end

-- The control server serves the control API and nothing else.
local function is_served(path, role)
  return endpoint.is_ours(path) == (role == "control")
end

-- fault -> the error code of a client that gets no complete response
local FAILURES = { reset_before = "connection_lost", reset_within = "connection_lost",
  tls = "tls_failed", huge = "too_large" }

local function headers_of(response)
  local headers = {}
  for _, pair in ipairs(response.headers) do headers[pair[1]:lower()] = pair[2] end
  return headers
end

-- Records the exchanges of documented operations, not those of browsers.
local function record(request, response)
  if not recorded or not redaction.is_documented(request.path) then return end
  local failure = response.fault and FAILURES[response.fault.kind]
  local done, message = recorded:finish(recorded:begin(request),
    not failure and { status = response.status, headers = headers_of(response),
      body = response.body } or nil, failure)
  if not done then ngx.log(ngx.ERR, "the recording has ended: ", message) end
end

--- Processes one request. @param role "api", "mgmt", "control" or "plain"
function worker.serve(role)
  local request = nginx_adapter.request(role)
  if not is_served(request.path, role) then return ngx.exit(404) end
  local response = sandbox:handle(request)
  changed = true
  record(request, response)
  nginx_adapter.respond(response)
end

return worker
