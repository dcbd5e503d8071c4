--- Random numbers, reports and faults of a simulated run.

local tools = {}

--- Seconds after which no fault happens.
tools.QUIET_AT = 200

--- Returns the next random number of the seed, from 0 to 1.
function tools.next_number(self)
  self.state = self.state * 16807 % 2147483647
  return self.state / 2147483647
end

--- Returns a random whole number from 1 to n.
function tools.upto(self, n) return math.floor(tools.next_number(self) * n) + 1 end

--- Returns true with the probability p.
function tools.chance(self, p) return tools.next_number(self) < p end

--- Returns a random element of a list.
function tools.pick(self, list) return list[tools.upto(self, #list)] end

--- Returns n random bytes.
function tools.bytes(self, n)
  local list = {}
  for index = 1, n do list[index] = string.char(tools.upto(self, 256) - 1) end
  return table.concat(list)
end

--- Prints a line if the run has a trace.
-- @param who a process, or nil
function tools.log(self, who, text, ...)
  if not self.trace then return end
  print(("%9.3f %-4s " .. text):format(self.time, who and who.name or "-", ...))
end

--- Counts a fault.
function tools.count(self, kind)
  self.total.faults[kind] = (self.total.faults[kind] or 0) + 1
end

--- Ends the run: an invariant is violated.
function tools.violated(text, ...) error("violated: " .. text:format(...), 0) end

--- Counts a fault on a process. It explains an unused registration of this process.
function tools.touch(process, kind)
  local self = process.world
  tools.count(self, kind)
  tools.log(self, process, "fault: %s", kind)
  if process.registered then self.excused[process.registered] = kind end
end

--- Returns whether faults may happen now.
function tools.is_noisy(self) return not self.calm and self.time < tools.QUIET_AT end

return tools
