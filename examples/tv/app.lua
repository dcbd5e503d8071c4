--- The app: one client, one screen at a time, and the flows between screens.
--
-- A flow runs as a task of the tick driver, so it does not block frames. It belongs
-- to the screen on which it started and is cancelled when another screen is shown.

local adobepass = require "adobepass"
local frames = require "frames"
local messages = require "messages"
local settings = require "settings"
local store = require "store"
local text = require "text"
local ui = require "ui"

local app = {}
local App = {}
App.__index = App

local RISE, HEIGHT = 0.25, 28 -- seconds and pixels that a new screen rises

local SCREENS = { busy = true, catalog = true, code = true, message = true,
  picker = true, playing = true }

local function device_info()
  local info = adobepass.platform()
  info.primaryHardwareType, info.model = "TV", "Living room TV"
  return info
end

local function new_client(service, keep, driver)
  return adobepass.new {
    service_provider = settings.service_provider,
    software_statement = service.statement,
    environment = { api = service.api, mgmt = service.mgmt },
    http = { ca_file = service.ca }, driver = driver, store = keep,
    language = settings.language, timeout = 10, domain_name = settings.domain_name,
    redirect_url = service.api .. "/activate/success",
    device = { id = assert(adobepass.device_id(keep)), info = device_info() },
  }
end

--- Creates the app, without a screen.
function app.new()
  local self = setmetatable({ age = 0 }, App)
  local service = settings.service()
  if not service then
    self:show("message", messages.no_service())
    return self
  end
  self.activation_url = service.api .. "/activate"
  self.store = store.new(love.filesystem.getSaveDirectory() .. "/store")
  self.driver = adobepass.driver.tick()
  self.client = new_client(service, self.store, self.driver)
  self.move_network = function() self.client:update() end
  self:home()
  return self
end

-- --- screens ----------------------------------------------------------------

--- Shows a screen, and cancels the task of the last one.
function App:show(name, given)
  assert(SCREENS[name], name)
  if self.task then self.task:cancel() end
  self.task, self.age = nil, 0
  self.screen = require("screens." .. name)(self, given or {})
  self.screen.name = name
  if self.screen.begin then self.screen:begin() end
end

--- Starts a task of the current screen.
function App:start(flow)
  self.task = self.driver.start(flow)
end

--- Shows the busy screen while `act` runs, then its result.
function App:busy(label, flow)
  self:show("busy", { text = label })
  self:start(flow)
end

--- Advances the app; returns whether the picture has changed.
function App:update(seconds)
  local rises = self.age < RISE
  self.age = self.age + seconds
  if self.client then frames.network(self.move_network) end
  return self.screen:update(seconds) or rises or self.age == 0
end

-- Draws the screen; a new screen slides up to its position.
function App:draw()
  ui.begin(self.screen.paper)
  local rest = math.max(0, 1 - self.age / RISE)
  love.graphics.translate(0, math.floor(HEIGHT * rest * rest))
  self.screen:draw()
end

function App:key(key) self.screen:key(key) end

--- Returns the state in one line: the screen, the focus, and a note.
function App:state()
  local screen = self.screen
  local item = screen.focus and screen.focus:item()
  return table.concat({ screen.name, screen.what or "",
    item and item.label or "", screen.note or "" }, "\t")
end

function App:close()
  if not self.client then return end
  self.client:close()
  store.close(self.store)
end

-- --- flows ----------------------------------------------------------------

-- Shows an error, with buttons to log in or to try again.
local function fail(self, err, again)
  if err.action == "authentication" then return self:choose_provider() end
  self:show("message", messages.failed(self, err, again))
end

-- The stored profile is no longer valid.
local function signed_out(found)
  local first = found.denied[1]
  return #found.permitted == 0 and first ~= nil
    and first.error.action == "authentication"
end

--- The first screen: the channels if a viewer is logged in, else the providers.
function App:home()
  self.pass = nil
  self:busy(text "Please wait", function()
    local found, err = self.client:preauthorize(settings.resources())
    if not found then
      return fail(self, err, function() self:home() end)
    end
    if signed_out(found) then return self:choose_provider() end
    self.provider = self.client:remembered_provider()
    self.decisions = found.decisions
    self:channels()
  end)
end

-- Returns the providers of the list without passes, and the first pass of the
-- settings that the list contains.
local function split(list)
  local offered, providers = {}, {}
  for _, item in ipairs(list) do
    if item.temporary then offered[item.id] = true
    else providers[#providers + 1] = item end
  end
  for _, pass in ipairs(settings.passes) do
    if offered[pass.mvpd] then return providers, pass end
  end
  return providers
end

function App:choose_provider()
  self.pass, self.decisions = nil, nil
  self:busy(text "Looking for TV providers", function()
    local list, err = self.client:providers { temporary = true }
    if not list then
      return self:show("message",
        messages.failed(self, err, function() self:choose_provider() end))
    end
    local providers, pass = split(list)
    if #providers == 0 and not pass then
      return self:show("message", messages.no_providers(self))
    end
    self:show("picker", { providers = providers, pass = pass })
  end)
end

--- Logs in with a provider of the list.
function App:sign_in(provider)
  self.client:remember_provider(provider)
  self:show("code", { provider = provider })
end

--- Starts a temporary pass.
function App:try_free(offer)
  self.pass = self.client:temporary_access { mvpd = offer.mvpd }
  self.pass_minutes = offer.minutes
  self:channels()
end

-- Authorizes before each playback: a preauthorization does not allow playback.
local function decide(self, channel)
  if self.pass then return self.pass:authorize(channel.id) end
  return self.client:authorize(channel.id)
end

--- Plays a channel, or shows the reason for a denial.
function App:play(channel)
  self:busy(channel.id, function()
    local decision, err = decide(self, channel)
    err = err or decision.error
    if decision and decision.permitted then
      return self:show("playing", { channel = channel, decision = decision })
    end
    if self.pass and err.action == "authentication" then
      return self:pass_over()
    end
    if decision and err.action == "none" then
      return self:explain(channel, decision)
    end
    fail(self, err, function() self:play(channel) end)
  end)
end

--- Shows why a channel is locked.
function App:explain(channel, decision)
  self:show("message", messages.locked(self, channel, decision))
end

--- The temporary pass has expired.
function App:pass_over()
  self.pass = nil
  self:show("message", messages.pass_over(self))
end

--- Shows the channels: all with a pass, else with their decisions.
function App:channels()
  if not self.pass and not self.decisions then return self:home() end
  self:show("catalog", { decisions = not self.pass and self.decisions })
end

--- Returns to the channels if there are any, else to the providers.
function App:go_back()
  if self.pass or self.decisions then return self:channels() end
  self:choose_provider()
end

--- Asks for confirmation and logs out.
function App:ask_to_sign_out()
  self:show("message", messages.ask_to_sign_out(self))
end

function App:sign_out()
  self.decisions = nil
  self:busy(text "Signing out", function()
    local report, err = self.client:logout {}
    if not report then
      return self:show("message", messages.sign_out_failed(self, err))
    end
    self:show("message", messages.signed_out(self, report))
  end)
end

return app
