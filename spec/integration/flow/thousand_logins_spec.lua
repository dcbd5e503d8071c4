--- A thousand concurrent logins on one OS thread.

local adobepass = require "adobepass"
local child_process = require "spec.support.child_process"
local open_handles = require "spec.support.open_handles"
local memory = require "adobepass.store.memory"
local operation_setup = require "spec.support.operation_setup"
local timeline = require "spec.support.timeline"

-- The other Luas run single logins only.
if not ("lua5.4 luajit"):find(child_process.interpreter(), 1, true) then return end

local VIEWERS = 1000
-- Viewers of the spec of the memory, which is measured per login.
local MEASURED = os.getenv "ADOBEPASS_THOROUGH" and VIEWERS or 250
local FRAME = 250 -- ms
-- Lua memory per login that waits for the second screen.
local MOST_BYTES = 20 * 1024

describe("thousand logins", function()
  local scenario, driver, gateway, polls, seconds

  -- The journal keeps only 500 entries, so each is taken as it arrives. Every
  -- response has a Date, as the hosts add it.
  local function watch(sandbox)
    local handle = sandbox.handle
    function sandbox:handle(request)
      local response = handle(self, request)
      local entry = table.remove(self.state.journal)
      local code = entry.path:match "/profiles/code/([^/]+)$"
      if code then
        polls[code] = polls[code] or {}
        table.insert(polls[code], { at = entry.time, status = entry.status })
      end
      return response
    end
  end

  before_each(function()
    scenario, polls = timeline.new(), {}
    seconds = 0
    local function now() return seconds end
    driver = adobepass.driver.tick { now = now }
    watch(scenario.sandbox)
    gateway = adobepass.new {
      service_provider = operation_setup.SERVICE_PROVIDER, driver = driver,
      environment = { api = scenario.sandbox.api,
        mgmt = scenario.sandbox.mgmt },
      software_statement = scenario.statement,
      transport = scenario.sandbox:transport(),
      store = memory { now = now, max = 100 * VIEWERS }, rate_limit = false,
    }
  end)

  local function log_in(number, flows)
    local viewer = gateway:device { id = "viewer " .. number,
      info = operation_setup.INFO }
    return viewer:login { mvpd = "Cablevision", domain_name = "adobe.com",
      redirect_url = "https://adobe.com", on_code = function(flow)
        flows[number] = { code = flow.code, at = scenario.sandbox:now() }
      end }
  end

  local function start(flows, count)
    local tasks = {}
    for number = 1, count do
      tasks[number] = driver.start(log_in, number, flows)
    end
    return tasks
  end

  local function frame()
    assert(scenario.control.clock { advance = FRAME })
    seconds = seconds + FRAME / 1000
    return driver.update(gateway.context.connection.transport)
  end

  -- Some viewers sign in at once, others within two minutes.
  local function sign_in(flows, elapsed)
    for number, flow in pairs(flows) do
      if not flow.signed_in and elapsed >= number % 120 * 1000 then
        scenario:sign_in(flow.code)
        flow.signed_in = scenario.sandbox:now()
      end
    end
  end

  local function assert_good_manners(flow)
    local list = assert(polls[flow.code])
    assert.is_true(list[1].at - flow.at >= 5000) -- one interval
    for index = 2, #list do
      local passed = list[index].at - list[index - 1].at
      assert.is_true(passed >= 5000, passed) -- the usual interval
      assert.is_true(passed <= 5000 + 2 * FRAME, passed)
    end
    local last = list[#list].at - flow.signed_in
    assert.is_true(last <= 5000 + 2 * FRAME, last)
  end

  it("[many-logins-none-polled-early] thousand logins: all succeed, and no "
    .. "poll is early", function()
    local flows, began = {}, scenario.sandbox:now()
    local tasks = start(flows, VIEWERS)
    while frame() > 0 do
      local elapsed = scenario.sandbox:now() - began
      assert.is_true(elapsed < 10 * 60 * 1000)
      sign_in(flows, elapsed)
    end
    local count = 0
    for number, task in ipairs(tasks) do
      assert.equal("done", task.status)
      local profile = assert(task.results[1], task.results[2])
      assert.equal("Cablevision", profile.mvpd)
      assert_good_manners(flows[number])
      count = count + #polls[flows[number].code]
    end
    assert.is_true(count > 10 * VIEWERS) -- so the logins waited
  end)

  local function bytes()
    open_handles.collect()
    return collectgarbage "count" * 1024
  end

  -- A separate function, so that no reference stays on the stack.
  local function wait_for_all()
    local flows, waiting = {}, 0
    local tasks = start(flows, MEASURED)
    for _ = 1, 40 do frame() end
    for number, task in ipairs(tasks) do
      assert.equal("running", task.status)
      waiting = waiting + (flows[number] and 1 or 0)
    end
    assert.equal(MEASURED, waiting)
  end

  it("[many-logins-little-memory-wait] thousand logins: each uses little "
    .. "memory while it waits", function()
    wait_for_all()
    local with = bytes()
    -- Releases the clients with their stores; the sandbox stays.
    driver, gateway = nil, nil
    local each = (with - bytes()) / MEASURED
    print(("memory of a viewer who waits: %.1f KiB"):format(each / 1024))
    assert.is_true(each > 1024 and each < MOST_BYTES, each)
  end)
end)
