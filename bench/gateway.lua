--- Runs one benchmark of the gateway; started by bench/gateway.sh.

local costs = require "bench.gateway_costs"
local load = require "bench.gateway_load"
local prediction = require "bench.gateway_prediction"
local results = require "bench.results"
local wrk = require "bench.gateway_wrk"

local JOBS = { files = { wrk.files, 10 }, cdn = { wrk.cdn, 10 },
  slow = { wrk.slow, 400 }, hour = { load.hour, 300 },
  costs = { costs.costs, 2000 }, reload = { load.reload, 200 },
  prediction = { prediction.prediction, 20000 } }

local job = JOBS[arg[1]]
if not job then
  io.stderr:write("usage: bench/gateway.sh files|cdn|slow|hour|costs|prediction|reload "
    .. "[number]\n")
  os.exit(2)
end
local number = tonumber(arg[2]) or job[2]
local kept = results.new("gateway-" .. arg[1],
  ("bench/gateway.sh %s %d"):format(arg[1], number))
local fine = job[1](number, kept)
kept:write()
print(fine and "all targets met" or "a target is MISSED")
os.exit(fine and 0 or 1)
