--- Compare-and-swap over a dictionary that has none, with workers that stop
-- between any two calls of the dictionary.

local fake_dict = require "spec.support.fake_dict"
local generations = require "adobepass.store.generations"
local seeded_random = require "spec.fault.seeded_random"

-- Park-Miller generator, because that of seeded_random is too slow here.
local function seeded(seed)
  return function(n)
    seed = seed * 16807 % 2147483647
    return seed % n + 1
  end
end

local function add(dict, ...) return dict:safe_add(...) end

local function get(dict)
  local base = dict:get "k"
  return base and generations.get(dict, "k", base) or nil
end

local function replace(dict, value, expected)
  return (generations.replace(dict, add, "k", value, expected))
end

local function size(dict)
  local count = 0
  for _ in pairs(dict.entries) do count = count + 1 end
  return count
end

-- Returns a dictionary whose calls yield before they run, inside a coroutine.
local function stepped()
  return fake_dict.new(function(name)
    local thread, is_main = coroutine.running()
    if thread and not is_main then coroutine.yield(name) end
  end)
end

local function worker(fn, ...) return coroutine.create(fn), ... end

local function finish(thread, ...)
  local results = { coroutine.resume(thread, ...) }
  while coroutine.status(thread) ~= "dead" do
    results = { coroutine.resume(thread) }
  end
  assert(results[1], results[2])
  return results[2]
end

-- Returns the number of unused entries: all except the entry of the base and
-- the generations from the base on.
local function garbage(dict)
  local base, highest = dict.entries.k, 0
  for key in pairs(dict.entries) do
    highest = math.max(highest, tonumber(key:match "%d+$") or 0)
  end
  return size(dict) - 2 - (highest - base)
end

describe("store.generations", function()
  -- Writes `count` values, as another worker would.
  local function write_on(dict, count)
    for _ = 1, count do
      local present = get(dict)
      assert.is_true(replace(dict, "other " .. ((present or "0"):match
        "%d+" + 1), present))
    end
  end

  local function stopped_at(calls, before, meanwhile, resumes)
    local dict = stepped()
    write_on(dict, before)
    local expected = get(dict)
    local thread = worker(replace)
    coroutine.resume(thread, dict, "mine", expected)
    for _ = 1, calls do
      if coroutine.status(thread) ~= "dead" then coroutine.resume(thread) end
    end
    local seen = get(dict)
    assert.is_true(seen == "mine" or seen == expected)
    if seen == "mine" then
      assert.is_true(replace(dict, "other 100", "mine"))
    end
    write_on(dict, meanwhile)
    local last = get(dict)
    local ended = coroutine.status(thread) == "dead"
    if resumes and not ended then
      local won = finish(thread)
      if seen == expected and meanwhile > 0 then
        assert.is_not_true(won) -- another worker wrote first
        assert.equal(last, get(dict))
      elseif seen == expected then
        assert.is_true(won)
        last = "mine"
      end
    end
    assert.equal(last, get(dict))
    assert.is_true(replace(dict, "next", last))
    assert.equal("next", get(dict))
    assert.equal(0, garbage(dict))
    return ended
  end

  it("[generations-stopped-worker] generations: no write is lost or repeated "
    .. "when a worker stops between two calls", function()
    for before = 0, 3 do
      for meanwhile = 0, 4 do
        for _, resumes in ipairs { false, true } do
          local calls = 0
          local ended
          repeat
            ended = stopped_at(calls, before, meanwhile, resumes)
            calls = calls + 1
          until ended
          assert.is_true(calls >= 9)
        end
      end
    end
  end)

  local function check(holds, message)
    if not holds then error(message, 0) end
  end

  -- Runs four counting workers in a random order of steps, and kills up to two.
  local function count_up(seed)
    local random = seeded(seed)
    local dict, wins, threads, deaths = stepped(), {}, {}, 0
    local highest_seen = 0
    local function count()
      for _ = 1, 6 do
        local least, present = highest_seen, get(dict)
        local number = tonumber(present or "0")
        check(number >= least, "an old value came back")
        highest_seen = math.max(highest_seen, number)
        if replace(dict, tostring(number + 1), present) then
          check(not wins[number + 1], "two have won")
          wins[number + 1] = true
        end
      end
    end
    for index = 1, 4 do threads[index] = worker(count) end
    while #threads > 0 do
      local index = random(#threads)
      check(coroutine.resume(threads[index]))
      if coroutine.status(threads[index]) == "dead" then
        table.remove(threads, index)
      elseif deaths < 2 and random(60) == 1 then
        table.remove(threads, index)
        deaths = deaths + 1
      end
    end
    local last = tonumber(get(dict) or "0")
    for number in pairs(wins) do check(number <= last, "a value was lost") end
    check(size(dict) <= 6, "entries were left")
    return last
  end

  it("[generations-random-orders] generations: random orders of four workers, two "
    .. "of them killed, are atomic", function()
    local written, count = 0, seeded_random.choose_count(300, 1000)
    local before = seeded_random.before_first(count)
    for seed = before + 1, before + count do
      local fine, message = pcall(count_up, seed)
      if not fine then error("seed " .. seed .. ": " .. message, 0) end
      written = written + message
    end
    assert.is_true(written > count)
  end)
end)
