--- The core's clocks, moved by a spec. Whoever asks them after `start` gets
-- what the spec says; `sleep` moves them on. Two clocks that differ: `wall`
-- may be years off, as a TV's.

local core = require "adobepass.core"

local fake_time = {}

local Time = {}
Time.__index = Time

--- Moves both clocks on.
function Time:advance(seconds) self.elapsed = self.elapsed + seconds end

--- Sets the time of day, as NTP or a viewer does.
function Time:set_wall(seconds) self.wall = seconds - self.elapsed end

--- Starts the machine anew: its monotonic clock begins again.
function Time:restart() self.monotonic = 5 - self.elapsed end

--- What a server far away has on its clock, in milliseconds.
function Time:server_ms()
  return math.floor((self.server + self.elapsed) * 1000)
end

--- given: { wall =, server = } seconds since 1970
function fake_time.start(given)
  given = given or {}
  local clock, kept = core.clock, {}
  for name, value in pairs(clock) do kept[name] = value end
  local time = setmetatable({ elapsed = 0, monotonic = 1000,
    wall = given.wall or 1790000000, server = given.server or 1790000000 },
    Time)
  clock.monotonic = function() return time.monotonic + time.elapsed end
  clock.wall = function() return time.wall + time.elapsed end
  clock.sleep = function(seconds) time:advance(seconds) end
  function time.stop()
    for name, value in pairs(kept) do clock[name] = value end
  end
  return time
end

return fake_time
