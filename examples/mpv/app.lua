--- The app: one client, one screen at a time, and the flows between screens.
--
-- A flow runs as a task of the tick driver, so mpv's script is never blocked. It
-- belongs to the screen on which it started and is cancelled when another screen is
-- shown.

local adobepass = require "adobepass"
local callbacks = require "callbacks"
local gateway = require "gateway"
local settings = require "settings"
local store = require "store"
local view = require "view"

local App = {}
App.__index = App

local screens = { code = require "screens.code", list = require "screens.list",
  playing = require "screens.playing" }

local TICK = 0.02 -- seconds between updates while a task runs

local function device_info()
  local info = adobepass.platform()
  info.primaryHardwareType, info.model = "SetTopBox", "mpv"
  return info
end

local function new_client(service, keep, driver)
  return adobepass.new {
    service_provider = settings.service_provider,
    software_statement = service.statement,
    environment = { api = service.api, mgmt = service.mgmt },
    http = { ca_file = service.ca }, driver = driver, store = keep, timeout = 10,
    domain_name = settings.domain_name, activation_url = service.api .. "/activate",
    redirect_url = service.api .. "/activate/success",
    device = { id = assert(adobepass.device_id(keep)), info = device_info() },
  }
end

-- The timer of the tasks stops when none is left, and that of the clocks never.
local function start_timers(self)
  self.ticks = mp.add_periodic_timer(TICK, callbacks.wrap(function()
    if self.client:update() == 0 then self.ticks:kill() end
  end))
  mp.add_periodic_timer(1, callbacks.wrap(function() self:redraw() end))
end

-- --- screens ----------------------------------------------------------------

--- Shows a screen, and cancels the task of the last one.
function App:show(name, given)
  if self.task then self.task:cancel() end
  local last = self.screen
  self.task, self.screen = nil, screens[name](self, given)
  self.screen.name = name
  if last and last.finish then last:finish() end
  if self.screen.begin then self.screen:begin() end
  if not given.is_busy then self:redraw() end
end

--- Starts a task of the current screen.
function App:start(flow)
  self.task = self.driver.start(flow)
  self.ticks:resume()
end

--- Runs a flow. The last picture stays until the next redraw, so that a short wait
-- does not flicker.
function App:busy(label, flow)
  self:show("list", { what = "busy", title = label, is_busy = true,
    back = function() self:go_back() end })
  self:start(flow)
end

-- Writes the state for an external program (TV_REPORT).
local function report(self)
  local screen = self.screen
  local item = screen.items and screen.items[screen.at]
  local state = table.concat({ screen.name, screen.what or "", item and item.label
    or "", screen:note() or "" }, "\t")
  if not self.report or state == self.reported then return end
  self.reported = state
  self.report:write(state, "\n")
  self.report:flush()
end

function App:redraw()
  self.screen:draw()
  view.finish()
  report(self)
end

function App:key(key)
  local screen = self.screen
  screen:key(key)
  if screen == self.screen then self:redraw() end
end

--- mpv has ended a file.
function App:ended(reason)
  if self.screen.ended then self.screen:ended(reason) end
end

function App:close()
  if not self.client then return end
  self.client:close()
  store.close(self.store)
end

-- --- messages ---------------------------------------------------------------

local function message(self, what, title, text, ...)
  self:show("list", { what = what, title = title, text = text, items = { ... } })
end

local function button(label, act) return { label = label, act = act } end

local function to_providers(self, label)
  return button(label, function() self:choose_provider() end)
end

local function to_channels(self)
  return button("Back", function() self:channels() end)
end

local function failed(self, err, again)
  if err.action == "authentication" then return self:choose_provider() end
  message(self, "failed", "An error occurred", self.client:viewer_text(err),
    button("Try again", again))
end

--- The viewer did not sign in.
function App:login_failed(provider, err)
  local function again() self:show("code", { provider = provider }) end
  if err.code == "login_expired" or err.code == "login_superseded" then
    message(self, "code over", "The code has expired", nil, button("New code", again),
      to_providers(self, "Other provider"))
  elseif err.code == "login_denied" then
    message(self, "denied", provider.display_name .. " did not sign you in", nil,
      button("Try again", again), to_providers(self, "Other provider"))
  else
    failed(self, err, again)
  end
end

--- Says why a channel is locked.
function App:explain(channel, decision)
  message(self, "locked", channel.title .. " is locked", decision.reason,
    to_channels(self))
end

function App:cannot_play(channel, text)
  message(self, "failed", channel.title .. " cannot be played", text,
    button("Try again", function() self:play(channel) end), to_channels(self))
end

--- The temporary pass has expired.
function App:pass_over()
  self.pass = nil
  message(self, "pass over", "Your free minutes are over",
    "Sign in with your TV provider to continue watching.",
    to_providers(self, "Choose a provider"))
end

-- --- flows ------------------------------------------------------------------

-- The stored profile is no longer valid.
local function is_signed_out(found)
  local first = found.denied[1]
  return #found.permitted == 0 and first and first.error.action == "authentication"
end

--- The first screen: the channels if a viewer is signed in, else the providers.
function App:home()
  self.pass = nil
  self:busy("Please wait", function()
    local found, err = self.client:preauthorize(settings.resources())
    if not found then return failed(self, err, function() self:home() end) end
    if is_signed_out(found) then return self:choose_provider() end
    self.provider, self.decisions = self.client:remembered_provider(), found.decisions
    self:channels()
  end)
end

local function provider_items(self, list)
  local offered, items = {}, {}
  for _, provider in ipairs(list) do
    if provider.temporary then
      offered[provider.id] = true
    else
      items[#items + 1] = { label = provider.display_name,
        note = provider.remembered and "Last time" or nil,
        act = function() self:sign_in(provider) end }
    end
  end
  for _, pass in ipairs(settings.passes) do
    if offered[pass.mvpd] then
      table.insert(items, 1, { label = ("Watch %d minutes free"):format(pass.minutes),
        note = "No sign-in needed", act = function() self:try_free(pass) end })
      break
    end
  end
  return items
end

function App:choose_provider()
  self.pass, self.decisions = nil, nil
  self:busy("Looking for TV providers", function()
    local list, err = self.client:providers { temporary = true }
    if not list then
      return failed(self, err, function() self:choose_provider() end)
    end
    self:show("list", { what = "providers", title = "Choose your TV provider",
      items = provider_items(self, list), back = function() end })
  end)
end

function App:sign_in(provider)
  self.client:remember_provider(provider)
  self:show("code", { provider = provider })
end

--- Starts a temporary pass.
function App:try_free(offer)
  self.pass = self.client:temporary_access { mvpd = offer.mvpd }
  self:channels()
end

local function channel_item(self, channel, decision)
  local is_locked = decision and not decision.permitted
  return { label = channel.title, is_locked = is_locked,
    note = is_locked and decision.reason or nil, act = function()
      if is_locked then return self:explain(channel, decision) end
      self:play(channel)
    end }
end

--- Shows the channels: all with a pass, else with their decisions.
function App:channels()
  if not self.pass and not self.decisions then return self:home() end
  local items = {}
  for index, channel in ipairs(settings.channels) do
    items[index] = channel_item(self, channel, not self.pass and self.decisions[index])
  end
  items[#items + 1] = self.pass and to_providers(self, "Sign in")
    or button("Sign out", function() self:sign_out() end)
  self:show("list", { what = self.pass and "free" or "channels", items = items,
    title = self.pass and "Free preview" or "Choose a channel", back = function() end })
end

--- Returns to the channels if there are any, else to the providers.
function App:go_back()
  if self.pass or self.decisions then return self:channels() end
  self:choose_provider()
end

-- Authorizes before each playback: a preauthorization does not allow playback.
local function decide(self, channel)
  if self.pass then return self.pass:authorize(channel.resource) end
  return self.client:authorize(channel.resource)
end

--- Plays a channel, or shows the reason for a denial.
function App:play(channel)
  self:busy(channel.title, function()
    local decision, err = decide(self, channel)
    err = err or decision.error
    if decision and decision.permitted then
      local url, text = gateway.playlist(self.gateway, self.driver, channel,
        decision.media_token)
      if not url then return self:cannot_play(channel, text) end
      return self:show("playing", { channel = channel, url = url })
    end
    if self.pass and err.action == "authentication" then return self:pass_over() end
    if decision and err.action == "none" then return self:explain(channel, decision) end
    failed(self, err, function() self:play(channel) end)
  end)
end

local STILL_SIGNED_IN = "You may still be signed in on the phone or computer that you "
  .. "used. Sign out there as well."

function App:sign_out()
  self.decisions = nil
  self:busy("Signing out", function()
    local result, err = self.client:logout {}
    local text = err and self.client:viewer_text(err)
      or result[1] and result[1].outcome == "no_browser" and STILL_SIGNED_IN or nil
    message(self, "signed out", "You are signed out", text,
      to_providers(self, "Choose a provider"))
  end)
end

local app = {}

--- Creates the app and shows its first screen.
-- @string here the folder of this file
function app.new(here)
  local path = os.getenv "TV_REPORT"
  local self = setmetatable({ seconds = 0,
    report = path and assert(io.open(path, "a")) }, App)
  local service = settings.service()
  if not service then
    message(self, "no service", "No service configured",
      "Start the app in the folder of the checkout with: make player")
    return self
  end
  self.activation_url, self.gateway = service.api .. "/activate", service.gateway
  self.driver = adobepass.driver.tick()
  self.store = store.new(settings.folder(), here)
  self.client = new_client(service, self.store, self.driver)
  start_timers(self)
  self:home()
  return self
end

return app
