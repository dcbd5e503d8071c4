--- Functions that the specs of shdict and redis run inside nginx.

-- luacheck: globals ngx

local store_conformance = require "spec.support.store_conformance"
local together = require "spec.support.nginx_threads"

local in_nginx = {}

local function open(kind, options)
  return require("adobepass.store." .. kind)(options)
end

-- Empties the dictionary of `open("shdict", "store")`.
local function flush() ngx.shared.store:flush_all() end

--- Runs one case of the conformance. argument: { kind =, options =, name = }; the
-- options of redis have a prefix that no other case has.
function in_nginx.conform(argument)
  if argument.kind == "shdict" then flush() end
  store_conformance.run(argument.name, { wait = ngx.sleep, together = together,
    store = open(argument.kind, argument.options) })
  return true
end

--- Calls methods of a store in order; returns the results of each call as strings.
-- argument: { kind =, options =, calls = { { "set", "k", "v" }, ... } }
function in_nginx.calls(argument)
  local store = open(argument.kind, argument.options)
  local results = {}
  for index, call in ipairs(argument.calls) do
    local value, message, code = store[call[1]](store, call[2], call[3],
      call[4])
    results[index] = { tostring(value), message or "", code or "" }
  end
  return results
end

--- Adds the same keys as all other workers, after all have started. Counts the
-- successful adds in the dictionary `tally`.
function in_nginx.race(workers, rounds)
  local tally = ngx.shared.tally
  local store = open("shdict", "store")
  local name = tostring(ngx.worker.id())
  tally:incr("there", 1, 0)
  while tally:get("there") < workers do ngx.sleep(0.001) end
  for round = 1, rounds do
    local won, message = store:add("k" .. round, name, 600)
    assert(won ~= nil, message)
    if won then tally:incr("won" .. round, 1, 0) end
  end
  tally:incr("done", 1, 0)
end

--- Returns how many workers won each round. argument: { workers =, rounds = }
function in_nginx.winners(argument)
  local tally = ngx.shared.tally
  while (tally:get("done") or 0) < argument.workers do ngx.sleep(0.001) end
  local winners = {}
  for round = 1, argument.rounds do
    winners[round] = tally:get("won" .. round) or 0
  end
  return winners
end

--- Fills the dictionary until it is full. Returns the results of the refused calls
-- and which earlier entries are still there.
function in_nginx.fill()
  flush()
  local store = open("shdict", "store")
  assert(store:set("credentials", "precious"))
  local count, refused = 0, { true }
  while refused[1] do
    count = count + 1
    refused = { store:set("k" .. count, ("x"):rep(500)) }
  end
  local replaced = { store:set("credentials", ("y"):rep(5000)) }
  local added = { store:add("lock", ("x"):rep(2000), 600) }
  return { message = refused[2], code = refused[3], count = count,
    kept = store:get("credentials"), first = store:get("k1") ~= nil,
    replaced = tostring(replaced[1]) .. " " .. replaced[3],
    added = tostring(added[1]) .. " " .. added[3] }
end

--- Fills the dictionary with entries that expire soon. Returns the result of a set
-- after their expiry.
function in_nginx.refill()
  flush()
  local store = open("shdict", "store")
  local count = 0
  repeat count = count + 1
  until not store:set("k" .. count, ("x"):rep(500), 0.02)
  ngx.sleep(0.04)
  local done, message = store:set("credentials", ("y"):rep(500))
  return { done = done, message = message, count = count }
end

--- Adds the same keys as another nginx at the same time.
-- argument: { kind =, options =, rounds =, name = }
function in_nginx.contend(argument)
  local store = open(argument.kind, argument.options)
  local won = {}
  for round = 1, argument.rounds do
    local done, message = store:add("k" .. round, argument.name, 600)
    assert(done ~= nil, message)
    won[round] = done
  end
  return won
end

--- Returns the messages of usage errors. argument: { kind =, given = { options } }
function in_nginx.refusals(argument)
  local messages = {}
  for index, given in ipairs(argument.given) do
    local _, message = pcall(open, argument.kind, given)
    messages[index] = tostring(message)
  end
  return messages
end

return in_nginx
