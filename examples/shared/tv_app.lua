--- A TV app without its screens: the client with the tick driver, and every flow: home,
-- login, playback, temporary pass, logout. The apps of examples/tv and examples/mpv
-- inherit from it.
--
-- A flow runs as a task, so it does not block the program. It belongs to the screen on
-- which it started, and is cancelled when another screen is shown.
--
-- An app supplies `show(name, ...)`, which cancels `self.task` and shows a screen:
--
--   busy (text, must_finish)       a flow runs; Back calls go_back, unless the flow
--                                  must finish
--   picker (providers, pass)       calls sign_in(provider) or try_free(pass)
--   code (provider)                calls log_in in a task
--   catalog (decisions)            all channels are open if `decisions` is nil; calls
--                                  is_locked(decision) and play(channel)
--   playing (channel, decision)    calls watch_pass in a task if there is a pass
--
-- and messages with buttons: failed (err, again), login_ended (err), no_providers,
-- code_over (provider), denied (provider), locked (channel, decision), pass_over,
-- signed_out (result), sign_out_failed (err). A channel has a field `resource`.

local adobepass = require "adobepass"

local TvApp = {}
TvApp.__index = TvApp

local SERVICE_PROVIDER, DOMAIN_NAME = "REF30", "adobe.com"
local POLL_INTERVAL = 3 -- seconds

-- In order of preference: the app offers the first that the service has.
local PASSES = { { mvpd = "TempPass_10mins", minutes = 10 },
  { mvpd = "TempPass_5mins", minutes = 5 } }

local ASK_EVERY = 5 -- seconds between two requests for the end of a pass

--- Returns an English text in the app's language.
function TvApp.text(english) return english end

--- Returns the addresses and the software statement of the environment, which the
-- program that starts the app sets; nil if one is missing.
function TvApp.service()
  local service = { api = os.getenv "ADOBEPASS_API", mgmt = os.getenv "ADOBEPASS_MGMT",
    ca = os.getenv "ADOBEPASS_CA", statement = os.getenv "ADOBEPASS_STATEMENT" }
  return service.api and service.statement and service or nil
end

--- Creates the client.
-- @tparam table service see TvApp.service
-- @param store a store whose writes do not wait for the disk
-- @tparam table fields `channels`; `hardware` and `model` of the device; `language`
function TvApp:connect(service, store, fields)
  local info = adobepass.platform()
  info.primaryHardwareType, info.model = fields.hardware, fields.model
  self.store, self.driver = store, adobepass.driver.tick()
  self.channels, self.activation_url = fields.channels, service.api .. "/activate"
  self.client = adobepass.new {
    service_provider = SERVICE_PROVIDER, software_statement = service.statement,
    environment = { api = service.api, mgmt = service.mgmt },
    http = { ca_file = service.ca }, driver = self.driver, store = store,
    language = fields.language, timeout = 10, domain_name = DOMAIN_NAME,
    activation_url = self.activation_url,
    redirect_url = self.activation_url .. "/success",
    device = { id = assert(adobepass.device_id(store)), info = info },
  }
end

--- Starts a task of the current screen.
function TvApp:start(flow) self.task = self.driver.start(flow) end

--- Cancels the tasks, so that none leaves a lock in the store, and closes the client.
function TvApp:close()
  for _, task in pairs { self.task, self.updates } do task:cancel() end
  self.client:close()
end

-- Shows the busy screen while a flow runs, which shows the next screen.
local function busy(self, text, flow, must_finish)
  self:show("busy", text, must_finish)
  self:start(flow)
end

-- Shows an error. Without a login, shows the providers instead. If a login has ended,
-- first shows why.
local function fail(self, err, again)
  if err.code == "not_logged_in" then return self:choose_provider() end
  if err.action == "authentication" then return self:show("login_ended", err) end
  self:show("failed", err, again)
end

-- --- login ------------------------------------------------------------------

-- Returns the error of a stored profile that is no longer valid, or nil.
local function login_error(found)
  local first = found.denied[1]
  if #found.permitted > 0 or not first then return nil end
  return first.error.action == "authentication" and first.error or nil
end

--- The first screen: the channels if a viewer is signed in, else the providers.
function TvApp:home()
  self.pass = nil
  local resources = {}
  for index, channel in ipairs(self.channels) do resources[index] = channel.resource end
  busy(self, self.text "Please wait", function()
    self.provider = self.client:remembered_provider()
    local found, err = self.client:preauthorize(resources)
    err = err or login_error(found)
    if err then return fail(self, err, function() self:home() end) end
    self.decisions = found.decisions
    self:open_catalog()
  end)
end

-- Returns the providers of the list without passes, and the pass to offer.
local function split(list)
  local offered, providers = {}, {}
  for _, item in ipairs(list) do
    if item.temporary then offered[item.id] = true
    else providers[#providers + 1] = item end
  end
  for _, pass in ipairs(PASSES) do
    if offered[pass.mvpd] then return providers, pass end
  end
  return providers
end

function TvApp:choose_provider()
  self.pass, self.decisions = nil, nil
  busy(self, self.text "Looking for TV providers", function()
    local list, err = self.client:providers { temporary = true }
    if not list then
      return self:show("failed", err, function() self:choose_provider() end)
    end
    local providers, pass = split(list)
    if #providers == 0 and not pass then return self:show "no_providers" end
    self:show("picker", providers, pass)
  end)
end

--- Shows the screen that logs in with a provider of the list. The login keeps the
-- provider in the store, so a cancelled one does not replace that of the profile.
function TvApp:sign_in(provider)
  self:show("code", provider)
end

--- Logs in and shows the next screen; in a task.
-- @tparam table provider of the list
-- @tparam function on_code called with the login when it has a code
-- @tparam function on_poll called with the login after each poll
function TvApp:log_in(provider, on_code, on_poll)
  local profile, err = self.client:login { mvpd = provider.id,
    interval = POLL_INTERVAL, on_code = on_code, on_poll = on_poll }
  if profile then return self:home() end
  if err.code == "login_expired" or err.code == "login_superseded" then
    self:show("code_over", provider)
  elseif err.code == "login_denied" then
    self:show("denied", provider)
  else
    self:show("failed", err, function() self:sign_in(provider) end)
  end
end

-- --- channels ---------------------------------------------------------------

--- Shows the channels: all with a pass, else with their decisions.
function TvApp:open_catalog()
  if not self.pass and not self.decisions then return self:home() end
  self:show("catalog", not self.pass and self.decisions or nil)
end

--- Returns whether a decision of the catalog locks its channel. Only a denial of this
-- item does, which has status 200. After a failed request, or a denial that may be
-- temporary, `play` requests a new decision.
function TvApp.is_locked(decision)
  local err = decision.error
  return not decision.permitted and err.http_status == 200 and err.action ~= "retry"
end

--- Returns to the channels if there are any, else to the providers.
function TvApp:go_back()
  if self.pass or self.decisions then return self:open_catalog() end
  self:choose_provider()
end

-- Authorizes before each playback: a preauthorization does not allow playback.
local function decide(self, channel)
  if self.pass then return self.pass:authorize(channel.resource) end
  return self.client:authorize(channel.resource)
end

--- Plays a channel, or shows the reason for a denial.
function TvApp:play(channel)
  busy(self, channel.resource, function()
    local decision, err = decide(self, channel)
    err = err or decision.error
    if decision and decision.permitted then
      self.pass_left = nil
      return self:show("playing", channel, decision)
    end
    if self.pass and err.action == "authentication" then return self:end_pass() end
    if decision and err.action == "none" then
      return self:show("locked", channel, decision)
    end
    fail(self, err, function() self:play(channel) end)
  end)
end

-- --- temporary pass ---------------------------------------------------------

--- Starts a temporary pass.
function TvApp:try_free(pass)
  self.pass = self.client:temporary_access { mvpd = pass.mvpd }
  self.pass_minutes, self.pass_ends = pass.minutes, 0
  self:open_catalog()
end

-- Requests the end of a pass. The last known end stays if the request fails, or if the
-- service does not know the playback yet.
local function update_end(self, pass)
  local known, err = pass:refresh()
  if not known and err.action ~= "authentication" then return end
  local left = pass:remaining_ms()
  if left then self.pass_ends = self.client:now_ms() + left end
end

-- The requests have a task of their own: the countdown does not wait for a response.
-- The task ends by itself after the countdown.
local function start_updates(self, pass, countdown)
  self.updates = self.driver.start(function()
    while countdown.status == "running" do
      update_end(self, pass)
      self.driver.sleep(ASK_EVERY)
    end
  end)
end

--- Sets `pass_left`, the remaining ms, until the pass has ended; in a task of the
-- screen that plays. The app itself must end playback: without network at the last
-- known end, or after the whole time of the pass.
function TvApp:watch_pass()
  local client = self.client
  local now = client:now_ms()
  -- The service has permitted playback, so a known end in the past is out of date.
  if self.pass_ends <= now then
    self.pass_ends = now + self.pass_minutes * 60000
  end
  start_updates(self, self.pass, self.driver.task())
  while self.pass_ends > client:now_ms() do
    self.pass_left = self.pass_ends - client:now_ms()
    self.driver.sleep(1)
  end
  self:end_pass()
end

function TvApp:end_pass()
  self.pass = nil
  self:show "pass_over"
end

-- --- logout -----------------------------------------------------------------

-- Without a way back: a cancelled logout would leave the profile at the service.
function TvApp:sign_out()
  self.decisions = nil
  busy(self, self.text "Signing out", function()
    local result, err = self.client:logout {}
    if not result then return self:show("sign_out_failed", err) end
    self:show("signed_out", result)
  end, true)
end

-- --- for other programs -----------------------------------------------------

local report, reported
local path = os.getenv "TV_REPORT"
if path then report = assert(io.open(path, "a")) end

--- Appends the state to the file that TV_REPORT names, one line per change: screen,
-- kind of screen, label with the focus, note. The specs read it.
function TvApp:report(label, note)
  if not report then return end
  local screen = self.screen
  local state = table.concat({ screen.name, screen.what or "", label or "",
    note or "" }, "\t")
  if state == reported then return end
  reported = state
  report:write(state, "\n")
  report:flush()
end

return TvApp
