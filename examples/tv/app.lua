--- The app: one client, one screen at a time, and the stories between them.
--
-- A story runs as a task of the tick driver: it reads from top to bottom, and
-- no frame waits for it. It belongs to the screen that it was begun on, and
-- ends when another one is shown.

local adobepass = require "adobepass"
local frames = require "frames"
local messages = require "messages"
local settings = require "settings"
local store = require "store"
local ui = require "ui"

local app = {}
local App = {}
App.__index = App

local RISE, HEIGHT = 0.25, 28 -- seconds; how far a new screen rises

local SCREENS = { busy = true, catalog = true, code = true, message = true,
  picker = true, playing = true }

local function device_info()
  local info = adobepass.platform()
  info.primaryHardwareType = "TV"
  info.model = info.model or "Living room TV"
  info.version = info.version or "1"
  info.connectionType = info.connectionType or "LAN"
  return info
end

local function new_client(service, keep, driver)
  return adobepass.new {
    service_provider = settings.service_provider,
    software_statement = service.statement,
    environment = { api = service.api, mgmt = service.mgmt },
    http = { ca_file = service.ca }, driver = driver, store = keep,
    timeout = 10,
    device = { id = assert(adobepass.device_id(keep)), info = device_info() },
  }
end

--- The app, which still shows nothing.
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

--- Shows a screen; what the last one had begun ends.
function App:show(name, given)
  assert(SCREENS[name], name)
  if self.task then self.task:cancel() end
  self.task, self.age = nil, 0
  self.screen = require("screens." .. name)(self, given or {})
  self.screen.name = name
  if self.screen.begin then self.screen:begin() end
end

--- Begins the story of the screen that is shown.
function App:start(story)
  self.task = self.driver.start(story)
end

--- Shows that we wait for something, and what becomes of it.
function App:busy(text, story)
  self:show("busy", { text = text })
  self:start(story)
end

--- Moves everything on; whether the picture is another one now.
function App:update(seconds)
  local rises = self.age < RISE
  self.age = self.age + seconds
  if self.client then frames.network(self.move_network) end
  return self.screen:update(seconds) or rises or self.age == 0
end

-- A new screen rises into its place.
function App:draw()
  ui.begin(self.screen.paper)
  local rest = math.max(0, 1 - self.age / RISE)
  love.graphics.translate(0, math.floor(HEIGHT * rest * rest))
  self.screen:draw()
end

function App:key(key) self.screen:key(key) end

--- Where we are, in one line: the screen, what has the focus, and a note.
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

-- --- stories ----------------------------------------------------------------

-- What went wrong: sign in, or try again.
local function fail(self, err, again)
  if err.action == "authentication" then return self:choose_provider() end
  self:show("message", messages.failed(self, err, again))
end

-- Nobody is signed in any more, though we thought so.
local function signed_out(found)
  local first = found.denied[1]
  return #found.permitted == 0 and first ~= nil
    and first.error.action == "authentication"
end

--- The first screen: who is signed in sees the channels, others choose a
-- provider.
function App:home()
  self.pass = nil
  self:busy("One moment", function()
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

-- The first of our passes that the service has, and the others' list without
-- any.
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
  self:busy("Looking for TV providers", function()
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

--- Signs in with a provider of the list.
function App:sign_in(provider)
  self.client:remember_provider(provider)
  self:show("code", { provider = provider })
end

--- Lets the viewer in without a provider, for some minutes.
function App:try_free(offer)
  self.pass = self.client:temporary_access { mvpd = offer.mvpd }
  self.pass_minutes = offer.minutes
  self:channels()
end

-- Asked anew before each playback: the catalog's decision is no right to
-- play.
local function decide(self, channel)
  if self.pass then return self.pass:authorize(channel.id) end
  return self.client:authorize(channel.id)
end

--- Plays a channel, or tells why not.
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

--- Tells why a channel is locked.
function App:explain(channel, decision)
  self:show("message", messages.locked(self, channel, decision))
end

--- The free minutes are used up.
function App:pass_over()
  self.pass = nil
  self:show("message", messages.pass_over(self))
end

--- The channels: all of them with a pass, else as they were decided.
function App:channels()
  if not self.pass and not self.decisions then return self:home() end
  self:show("catalog", { decisions = not self.pass and self.decisions })
end

--- To the channels, where there are some; else to the providers.
function App:go_back()
  if self.pass or self.decisions then return self:channels() end
  self:choose_provider()
end

--- The viewer's wish to go, and then the going.
function App:ask_to_sign_out()
  self:show("message", messages.ask_to_sign_out(self))
end

function App:sign_out()
  self.decisions = nil
  self:busy("Signing out", function()
    local report, err = self.client:logout {}
    if not report then
      return self:show("message", messages.sign_out_failed(self, err))
    end
    self:show("message", messages.signed_out(self, report))
  end)
end

return app
