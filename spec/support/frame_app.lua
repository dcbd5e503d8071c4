--- Programs with a frame loop beside a sandbox in this process, without frames: the
-- clock is the sandbox's, and moves only in `run` and `await`. Access tokens age by
-- the machine's clocks, so the pause after a failed request for one does not end.
--
--   local world = frame_app.new()              may take options of spec.sandbox.fixture
--   local app = world:start_app(channels)      examples/shared/tv_app.lua
--   world:sign_in(app)                         logs bob in
--   world.is_lost = function(request) return true end     no network
--                                         or returns a URL to send the request to
--   world:run(60)                              seconds in which the program runs
--   world:await(function() return app.screen.name == "catalog" end)
--   world:with_client(function() ... end)      for programs that create a client
--
-- `app.screen` is the last screen of examples/shared/tv_app.lua: `name` and the
-- arguments of `show`.

local TvApp = require "examples.shared.tv_app"
local adobepass = require "adobepass"
local memory = require "adobepass.store.memory"
local sandbox_fixture = require "spec.sandbox.fixture"

local frame_app = {}

local World = {}
World.__index = World

local STEP = 0.25 -- seconds between updates
local LONGEST = 120 -- seconds that `await` waits at most

local App = setmetatable({}, TvApp)
App.__index = App

local begin = {}

function begin.code(app, provider)
  app:log_in(provider, function(login) app.screen.login = login end)
end

function begin.playing(app)
  if app.pass then app:watch_pass() end
end

function App:show(name, ...)
  if self.task then self.task:cancel() end
  self.task, self.screen = nil, { name = name, ... }
  if begin[name] then
    local argument = ...
    self:start(function() begin[name](self, argument) end)
  end
end

function frame_app.new(options)
  local sandbox = sandbox_fixture.new(options).sandbox
  return setmetatable({ sandbox = sandbox, control = sandbox.control,
    is_lost = function() return false end }, World)
end

-- A transport of the sandbox on which lost requests cannot connect.
local function transport_of(world)
  local transport = world.sandbox:transport()
  local submit = transport.submit
  function transport.submit(self, request)
    local lost = world.is_lost(request)
    if not lost then return submit(self, request) end
    local url = type(lost) == "string" and lost or "https://lost.test"
    return submit(self, { url = url })
  end
  return transport
end

--- Calls a function that creates a client with the tick driver. The client sends its
-- requests to the sandbox.
function World:with_client(fn)
  local tick, new = adobepass.driver.tick, adobepass.new
  adobepass.driver.tick = function()
    return tick { now = function() return self.sandbox:now() / 1000 end }
  end
  adobepass.new = function(fields)
    fields.transport, fields.http, fields.rate_limit = transport_of(self), nil, false
    self.client = new(fields)
    return self.client
  end
  local good, problem = pcall(fn)
  adobepass.driver.tick, adobepass.new = tick, new
  assert(good, problem)
end

--- Creates the app, with a new store or a given one, and shows its first screen.
function World:start_app(channels, store)
  local app = setmetatable({}, App)
  self:with_client(function()
    app:connect({ api = self.sandbox.api, mgmt = self.sandbox.mgmt,
      statement = self.control.statement() }, store or memory(), { channels = channels,
      hardware = "TV", model = "spec" })
  end)
  app:home()
  return app
end

--- Runs the program for a time.
function World:run(seconds)
  for _ = 1, seconds / STEP do
    self.client:update()
    assert(self.control.clock { advance = STEP * 1000 })
  end
end

--- Runs the program until a condition is true.
function World:await(is_true)
  for _ = 1, LONGEST / STEP do
    if is_true() then return end
    self:run(STEP)
  end
  error("the condition did not become true", 2)
end

--- Runs the app until it shows a screen. Returns the screen.
function World:await_screen(app, name)
  self:await(function()
    local screen = app.screen
    return screen.name == name and (name ~= "code" or screen.login)
  end)
  return app.screen
end

--- Logs bob in at Cablevision; the app is at its providers.
function World:sign_in(app)
  self:await_screen(app, "picker")
  app:sign_in { id = "Cablevision", display_name = "Cablevision" }
  local login = self:await_screen(app, "code").login
  assert(self.control.login { code = login.code, username = "bob" })
  self:await_screen(app, "catalog")
end

return frame_app
