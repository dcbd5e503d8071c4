--- Requirements of every store, in any host.
--
-- Each case receives a table: `store`, empty; `wait(seconds)`, which advances the
-- store's clock; and `together(list)`, which runs functions concurrently if the
-- host can. Plain Lua, because it runs inside nginx, too.

local store_conformance = {}

local cases = {}

local function case(name, run)
  cases[#cases + 1] = { name = name, run = run }
end

local function same(wanted, got)
  if wanted ~= got then
    error(("wanted %s, got %s"):format(tostring(wanted), tostring(got)), 2)
  end
end

-- Expects a value without message and code.
local function expect(wanted, got, ...)
  if wanted ~= got or select("#", ...) > 0 and (...) ~= nil then
    error(("wanted %s, got %s, %s"):format(tostring(wanted), tostring(got),
      tostring((...))), 2)
  end
end

local function refuses(name, call, ...)
  local ok, message = pcall(call, ...)
  if ok or not tostring(message):find("'" .. name .. "'", 1, true) then
    error(("an error that names '%s' was expected, not: %s"):format(name,
      tostring(message)), 2)
  end
end

local SOON, LONG = 0.02, 600

case("[store-nothing-first] store: is empty at first", function(world)
  expect(nil, world.store:get("k"))
end)

case("[store-gives-back-set] store: returns a value that was set without "
  .. "expiry", function(world)
  expect(true, world.store:set("k", "v"))
  expect("v", world.store:get("k"))
  world.wait(SOON)
  expect("v", world.store:get("k"))
  expect(nil, world.store:get("K"))
end)

case("[store-keeps-last-value] store: returns the last value", function(world)
  for _, value in ipairs { "one", "a longer one, and longer", "2" } do
    expect(true, world.store:set("k", value))
    same(value, world.store:get("k"))
  end
end)

case("[store-bytes-keys-values] store: accepts any bytes in keys and "
  .. "values", function(world)
  local store = world.store
  local all = {}
  for byte = 0, 255 do all[byte + 1] = string.char(byte) end
  all = table.concat(all)
  for _, text in ipairs { all, "\0", "../../up", "a/b", " ", "*", "%s",
    "\r\n", ("long "):rep(1000), "é", "-rf" } do
    expect(true, store:set(text, text .. all))
    same(text .. all, store:get(text))
  end
  expect(true, store:set("empty", ""))
  same("", store:get("empty"))
end)

case("[store-keys-apart] store: distinguishes keys", function(world)
  for i = 1, 100 do expect(true, world.store:set("k" .. i, "v" .. i)) end
  for i = 1, 100 do same("v" .. i, world.store:get("k" .. i)) end
end)

case("[store-forgets-time-live] store: removes a value after its time to "
  .. "live", function(world)
  expect(true, world.store:set("k", "v", SOON))
  expect(true, world.store:set("l", "v", LONG))
  world.wait(SOON * 2)
  expect(nil, world.store:get("k"))
  expect("v", world.store:get("l"))
end)

case("[store-starts-new-time] store: starts a new time to live with each "
  .. "set", function(world)
  local store = world.store
  expect(true, store:set("short", "v", SOON))
  expect(true, store:set("short", "w"))
  expect(true, store:set("long", "v"))
  expect(true, store:set("long", "w", SOON))
  world.wait(SOON * 2)
  same("w", store:get("short"))
  same(nil, store:get("long"))
end)

case("[store-short-times] store: accepts very short and very long times to "
  .. "live", function(world)
  expect(true, world.store:set("short", "v", 1e-6))
  for i, seconds in ipairs { 1e9, 1e15, 1e300, math.huge } do
    expect(true, world.store:set("long" .. i, "v", seconds))
  end
  world.wait(SOON)
  expect(nil, world.store:get("short"))
  for i = 1, 4 do expect("v", world.store:get("long" .. i)) end
end)

case("[store-adds-lives] store: adds a value to an unused key "
  .. "only", function(world)
  expect(true, world.store:add("k", "mine", LONG))
  expect(false, world.store:add("k", "yours", LONG))
  same("mine", world.store:get("k"))
end)

case("[store-not-add-set] store: does not add over a value that was "
  .. "set", function(world)
  expect(true, world.store:set("k", "v"))
  expect(false, world.store:add("k", "w", LONG))
  same("v", world.store:get("k"))
end)

case("[store-adds-holder-time] store: adds a value after the previous one has "
  .. "expired", function(world)
  expect(true, world.store:add("k", "dead", SOON))
  world.wait(SOON * 2)
  expect(true, world.store:add("k", "next", LONG))
  same("next", world.store:get("k"))
end)

case("[store-adds-delete] store: adds a value after a delete", function(world)
  expect(true, world.store:add("k", "mine", LONG))
  expect(true, world.store:delete("k"))
  expect(true, world.store:add("k", "yours", LONG))
end)

case("[store-lets-one-many] store: lets one of many callers "
  .. "add", function(world)
  for round = 1, 20 do
    local wins, list = 0, {}
    for i = 1, 20 do
      list[i] = function()
        if world.store:add("k" .. round, "v" .. i, LONG) then
          wins = wins + 1
        end
      end
    end
    world.together(list)
    same(1, wins)
  end
end)

case("[store-replaces-expected] store: replaces a value only if it is the "
  .. "expected one", function(world)
  local store = world.store
  expect(false, store:replace("k", "v", "none"))
  expect(nil, store:get("k"))
  expect(true, store:replace("k", "one", nil))
  same("one", store:get("k"))
  for _, expected in ipairs { "", "One", "on", "one ", "two" } do
    expect(false, store:replace("k", "two", expected))
  end
  expect(false, store:replace("k", "two", nil))
  same("one", store:get("k"))
  expect(true, store:replace("k", "", "one"))
  same("", store:get("k"))
  expect(false, store:replace("k", "three", nil))
  expect(true, store:replace("k", "three", ""))
  expect(true, store:replace("k", "three", "three"))
  same("three", store:get("k"))
end)

case("[store-replaces-bytes] store: replaces any bytes", function(world)
  local all = {}
  for byte = 0, 255 do all[byte + 1] = string.char(byte) end
  all = table.concat(all)
  for _, text in ipairs { all, "\0", "\0001", "+", "-", "7 x", "\r\n" } do
    expect(true, world.store:replace(text, text .. all, nil))
    expect(false, world.store:replace(text, "other", text))
    expect(true, world.store:replace(text, text, text .. all))
    same(text, world.store:get(text))
  end
end)

case("[store-replaces-expiry] store: a replaced value expires and is absent "
  .. "then", function(world)
  local store = world.store
  expect(true, store:replace("k", "short", nil, SOON))
  repeat -- on a slow machine, the first value may expire before it is replaced
    expect(true, store:replace("l", "short", nil, SOON))
  until store:replace("l", "for ever", "short")
  expect(true, store:replace("m", "for ever", nil))
  expect(true, store:replace("m", "short", "for ever", SOON))
  expect(true, store:replace("n", "long", nil, LONG))
  expect(true, store:replace("o", "1e300", nil, 1e300))
  world.wait(SOON * 2)
  expect(nil, store:get("k"))
  expect(nil, store:get("m"))
  expect(false, store:replace("k", "v", "short"))
  expect(true, store:replace("k", "v", nil))
  same("v", store:get("k"))
  same("for ever", store:get("l"))
  same("long", store:get("n"))
  same("1e300", store:get("o"))
end)

case("[store-replaces-after-delete] store: deleted values are absent for "
  .. "a replace", function(world)
  local store = world.store
  for round = 1, 3 do
    local value = "v" .. round
    expect(true, store:replace("k", value, nil))
    expect(true, store:delete("k", "other"))
    same(value, store:get("k"))
    expect(true, store:delete("k", value))
    expect(nil, store:get("k"))
    expect(false, store:replace("k", "w", value))
    expect(true, store:replace("k", value, nil))
    expect(true, store:delete("k"))
    expect(nil, store:get("k"))
    expect(false, store:replace("k", "w", value))
  end
end)

case("[store-replaces-one-wins] store: lets exactly one of many callers "
  .. "replace", function(world)
  local store = world.store
  local present
  for round = 1, 20 do
    local winner, list = nil, {}
    for i = 1, 20 do
      list[i] = function()
        local value = ("%d by %d"):format(round, i)
        if store:replace("k", value, present) then
          if winner then error("two callers replaced the same value") end
          winner = value
        end
      end
    end
    world.together(list)
    same(winner, store:get("k"))
    if not winner then error("no caller replaced the value") end
    present = winner
  end
end)

case("[store-deletes] store: deletes a value", function(world)
  expect(true, world.store:set("k", "v"))
  expect(true, world.store:set("l", "v"))
  expect(true, world.store:delete("k"))
  expect(nil, world.store:get("k"))
  expect(true, world.store:delete("k"))
  expect("v", world.store:get("l"))
end)

case("[store-deletes-value] store: deletes a value only if it is the expected "
  .. "one", function(world)
  local store = world.store
  expect(true, store:add("k", "mine", LONG))
  expect(true, store:delete("k", "yours"))
  expect(true, store:delete("k", ""))
  same("mine", store:get("k"))
  expect(true, store:delete("k", "mine"))
  same(nil, store:get("k"))
  expect(true, store:delete("k", "mine"))
  expect(true, store:set("for ever", "v"))
  expect(true, store:delete("for ever", "v"))
  same(nil, store:get("for ever"))
end)

case("[store-not-late-holder-drop] store: a late lock holder cannot delete "
  .. "the next one's lock", function(world)
  expect(true, world.store:add("k", "late", SOON))
  world.wait(SOON * 2)
  expect(true, world.store:add("k", "next", LONG))
  expect(true, world.store:delete("k", "late"))
  same("next", world.store:get("k"))
end)

case("[store-raises-wrong-arguments] store: raises for invalid arguments and "
  .. "names them", function(world)
  local store = world.store
  for _, method in ipairs { "get", "set", "add", "replace", "delete" } do
    for _, key in ipairs { "", 1, true, {} } do
      refuses("key", store[method], store, key, "v", LONG)
    end
    refuses("key", store[method], store)
  end
  for _, value in ipairs { 1, true, {} } do
    refuses("value", store.set, store, "k", value)
    refuses("value", store.add, store, "k", value, LONG)
    refuses("value", store.delete, store, "k", value)
    refuses("value", store.replace, store, "k", value)
    refuses("expected", store.replace, store, "k", "v", value)
  end
  refuses("value", store.set, store, "k")
  for _, seconds in ipairs { 0, -1, 0 / 0, "1", true } do
    refuses("seconds", store.set, store, "k", "v", seconds)
    refuses("seconds", store.add, store, "k", "v", seconds)
    refuses("seconds", store.replace, store, "k", "v", nil, seconds)
  end
  refuses("seconds", store.add, store, "k", "v")
  expect(nil, store:get("k"))
end)

--- Runs one case; raises when it fails.
function store_conformance.run(name, world)
  for _, entry in ipairs(cases) do
    if entry.name == name then return entry.run(world) end
  end
  error("unknown case: " .. tostring(name))
end

--- Returns the names of all cases, in order.
function store_conformance.names()
  local names = {}
  for index, entry in ipairs(cases) do names[index] = entry.name end
  return names
end

return store_conformance
