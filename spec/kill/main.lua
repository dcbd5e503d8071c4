--- `make kill`: see spec/kill/kill.mk.

local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"
local sandbox_host = require "adobepass.sandbox.host"
local seeded_random = require "spec.fault.seeded_random"
local trial = require "spec.kill.trial"

local kills, stops, seed, part = tonumber(arg[1]), tonumber(arg[2]),
  tonumber(arg[3]), arg[4]

local LINE = "%s: %d kills (%d in a call), %d stops; %d devices, %d registrations, "
  .. "%d never stored, %d token requests, %d slow calls; %.0f s"

local started = core.clock.monotonic()

local function line_of(name, total)
  return LINE:format(name, total.kills, total.in_call, total.stops, total.devices,
    total.registrations, total.lost, total.tokens, total.slow,
    core.clock.monotonic() - started)
end

local function run(name)
  local running = assert(sandbox_host.start { throttle = false })
  local control = many_clients.control(running)
  local fleet = require("spec.kill." .. name).new(running)
  local good, why = pcall(trial.run, { fleet = fleet, control = control,
    kills = kills, stops = stops, random = seeded_random.new(seed),
    progress = function(total)
      if total.devices % 50 == 0 then
        io.stderr:write(line_of(name, total), "\n")
      end
    end })
  fleet:stop()
  control:close()
  running:stop()
  if not good then
    io.stderr:write(name, ": ", tostring(why), "\n")
    os.exit(1)
  end
  print(line_of(name, why))
end

for _, name in ipairs { "processes", "hosts" } do
  if part == "" or part == name then run(name) end
end
