--- The TV app, a sandbox with the app's world, and a browser for the second
-- screen.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local screen_app = require "spec.support.screen_app"
local webdriver = require "spec.support.webdriver"

local fixture = {}
local Fixture = {}
Fixture.__index = Fixture

--- Returns whether the required programs are installed.
function fixture.is_there()
  return screen_app.is_there() and webdriver.is_there()
end

local function new_sandbox()
  return assert(host.start { throttle = false,
    world = "examples/tv/world.lua" })
end

-- Returns the app's options for a sandbox.
local function service(sandbox)
  return { api = sandbox.api, mgmt = sandbox.mgmt, ca = sandbox.ca,
    statement = sandbox.statement }
end

--- Starts everything. The caller may replace `take_picture(name)`, and
-- `service(sandbox)`, which returns the app's options.
-- @tparam[opt] table second_screen options of webdriver.start
function fixture.new(second_screen)
  local sandbox = new_sandbox()
  local self = setmetatable({ sandbox = sandbox, app = screen_app.new(),
    browser = webdriver.start(second_screen), new_sandbox = new_sandbox,
    transport = assert(core.http.new { ca_file = sandbox.ca }),
    service = service, take_picture = function() end }, Fixture)
  self.browser:size(390, 844)
  return self
end

--- Stops everything.
function Fixture:stop()
  self.app:stop()
  self.browser:stop()
  self.transport:close()
  self.sandbox:stop()
end

return fixture
