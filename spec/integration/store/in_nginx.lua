--- What the specs of shdict and redis do inside nginx.

-- luacheck: globals ngx

local store_conformance = require "spec.support.store_conformance"

local in_nginx = {}

local function together(list)
  local threads = {}
  for index, fn in ipairs(list) do threads[index] = ngx.thread.spawn(fn) end
  for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
end

local function open(kind, options)
  return require("adobepass.store." .. kind)(options)
end

--- One case of the conformance: { kind =, options =, name = }.
function in_nginx.conform(argument)
  local store = open(argument.kind, argument.options)
  assert(store:clear())
  store_conformance.run(argument.name,
    { store = store, wait = ngx.sleep, together = together })
  return true
end

--- Calls of a store's methods, one after another: { kind =, options =,
-- calls = { { "set", "k", "v" }, ... } }; the results of each, as texts.
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

--- Each worker adds the same keys as all the others; how many it got is
-- counted in the dictionary `tally`, once they are all there.
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

--- { workers =, rounds = }: how many workers won each round.
function in_nginx.winners(argument)
  local tally = ngx.shared.tally
  while (tally:get("done") or 0) < argument.workers do ngx.sleep(0.001) end
  local winners = {}
  for round = 1, argument.rounds do
    winners[round] = tally:get("won" .. round) or 0
  end
  return winners
end

--- Fills the dictionary until it refuses; whether what stood there before, for
-- ever, is there still, and what was refused.
function in_nginx.fill()
  local store = open("shdict", "store")
  assert(store:clear())
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

--- Fills the dictionary with what ends soon; a full one has room again then.
function in_nginx.refill()
  local store = open("shdict", "store")
  assert(store:clear())
  local count = 0
  repeat count = count + 1
  until not store:set("k" .. count, ("x"):rep(500), 0.02)
  ngx.sleep(0.04)
  local done, message = store:set("credentials", ("y"):rep(500))
  return { done = done, message = message, count = count }
end

--- The same adds in two nginx at once: { kind, options, rounds, name }.
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

--- The messages of wrong constructions: { kind =, given = { options } }.
function in_nginx.refusals(argument)
  local messages = {}
  for index, given in ipairs(argument.given) do
    local _, message = pcall(open, argument.kind, given)
    messages[index] = tostring(message)
  end
  return messages
end

return in_nginx
