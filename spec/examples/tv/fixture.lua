--- What an evening needs: a television, a sandbox with the app's world, and a
-- browser for the second screen.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local television = require "spec.examples.tv.love_app"
local webdriver = require "spec.support.webdriver"

local stage = {}
local Stage = {}
Stage.__index = Stage

--- Whether this machine has what it takes.
function stage.is_there()
  return television.is_there() and webdriver.is_there()
end

local function new_sandbox()
  return assert(host.start { throttle = false,
    world = "examples/tv/world.lua" })
end

-- What the app is told of a sandbox.
local function service(sandbox)
  return { api = sandbox.api, mgmt = sandbox.mgmt, ca = sandbox.ca,
    statement = sandbox.statement }
end

--- Builds it up. `look(name)` takes a picture, and `service(sandbox)` may add
-- to what the app is told; both are for the caller to replace.
-- @tparam[opt] table second_screen options of webdriver.start
function stage.new(second_screen)
  local sandbox = new_sandbox()
  local self = setmetatable({ sandbox = sandbox, set = television.new(),
    browser = webdriver.start(second_screen), new_sandbox = new_sandbox,
    transport = assert(core.http.new { ca_file = sandbox.ca }),
    service = service, look = function() end }, Stage)
  self.browser:size(390, 844)
  return self
end

--- Takes all of it down.
function Stage:stop()
  self.set:stop()
  self.browser:stop()
  self.transport:close()
  self.sandbox:stop()
end

return stage
