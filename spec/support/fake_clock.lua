--- Replaces the core's clocks by clocks that a spec moves. `sleep` advances them.
-- The wall clock may differ from the server's by years, as on a TV.

local core = require "adobepass.core"

local fake_clock = {}

local Clock = {}
Clock.__index = Clock

--- Advances both clocks.
function Clock:advance(seconds) self.elapsed = self.elapsed + seconds end

--- Sets the wall clock, as NTP or a viewer may.
function Clock:set_wall(seconds) self.wall = seconds - self.elapsed end

--- Restarts the machine: the monotonic clock starts again.
function Clock:restart() self.monotonic = 5 - self.elapsed end

--- Returns the server's time in milliseconds.
function Clock:server_ms()
  return math.floor((self.server + self.elapsed) * 1000)
end

--- Replaces the clocks. given: { wall =, server = } seconds since 1970
function fake_clock.start(given)
  given = given or {}
  local clock, saved = core.clock, {}
  for name, value in pairs(clock) do saved[name] = value end
  local fake = setmetatable({ elapsed = 0, monotonic = 1000,
    wall = given.wall or 1790000000, server = given.server or 1790000000 },
    Clock)
  clock.monotonic = function() return fake.monotonic + fake.elapsed end
  clock.wall = function() return fake.wall + fake.elapsed end
  clock.sleep = function(seconds) fake:advance(seconds) end
  function fake.stop()
    for name, value in pairs(saved) do clock[name] = value end
  end
  return fake
end

return fake_clock
