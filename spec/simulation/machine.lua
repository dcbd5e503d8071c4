--- A simulated machine: its clocks, random numbers, files and modules.

local modules = require "spec.simulation.modules"
local tools = require "spec.simulation.tools"

local chance, bytes, touch = tools.chance, tools.bytes, tools.touch
local is_noisy = tools.is_noisy

local function file_of(self)
  local file = {}
  function file.make_folder() return true end
  function file.read(path)
    local content = self.files[path]
    if content then return content end
    return nil, "There is no file.", "not_found"
  end
  function file.write(path, content)
    self.files[path] = content
    return true
  end
  function file.remove(path)
    self.files[path] = nil
    return true
  end
  function file.lock()
    local process = self.running
    if process and is_noisy(self) and chance(self, self.rate / 4) then
      touch(process, "store lock")
      return nil, "busy", "busy"
    end
    return { close = function() end }
  end
  return file
end

--- Creates a machine of a run; `defect` as in spec.simulation.modules.
local function new_machine(self, number, defect)
  local machine = { wall = 0, boot = "boot" .. number, started = number * 1e4 }
  machine.clock = { monotonic = function() return machine.started + self.time end,
    wall = function() return 1.75e9 + self.time + machine.wall end }
  machine.random = { bytes = function(n) return bytes(self, n) end,
    uuid = function()
      self.uuids = self.uuids + 1
      return "uuid-" .. self.uuids
    end }
  machine.file = file_of(self)
  machine.require = modules.new(machine, defect)
  return machine
end

return { new = new_machine }
