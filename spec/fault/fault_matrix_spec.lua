--- The fault matrix: every operation with every fault of the sandbox, once and
-- at each request. spec.support.fault_table has the expected results; all arrive
-- within the deadline.

local adobepass = require "adobepass"
local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local fault_table = require "spec.support.fault_table"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local operations = require "adobepass.api.operations"
local operation_setup = require "spec.support.operation_setup"
local client_fixture = require "spec.support.client_fixture"
local tv_client = require "spec.support.tv_client"

local TIMEOUT = 30
local COUNTS = { once = 1, always = 1000 }

local function attempt(client, operation, params)
  local good, value, err = pcall(client.api[operation], client.api, params)
  assert(good, value)
  return value, err
end

local function ending(value, err)
  if value ~= nil then return "value" end
  assert(errors.is(err))
  assert.is_string(err.message)
  assert.is_nil(tostring(err):find("eyJ", 1, true))
  return err.code
end

local function inject_fault(control, row, operation, times)
  local fault = { operation = operation, count = COUNTS[times] }
  for name, value in pairs(row.fault) do fault[name] = value end
  assert(control.fault(fault))
end

-- Checks the result and the number of requests of one case.
local function check(fixture, row, operation, times, params)
  fixture:restore { timeout = TIMEOUT }
  inject_fault(fixture.control, row, operation, times)
  local started = fixture.driver.now()
  local ended = ending(attempt(fixture.client, operation, params))
  local expected, requests = fault_table.expected(row, operation, times)
  local where = row.name .. ", " .. times
  assert.equal(expected, ended, where)
  assert.equal(requests, #fixture:received(operation), where)
  assert.is_true(fixture.driver.now() - started <= TIMEOUT, where)
end

describe("fault matrix", function()
  local names = {}
  for _, operation in ipairs(operations) do
    if not operation.url_only then names[#names + 1] = operation.name end
  end

  for _, operation in ipairs(names) do
    it("[client-fault-matrix-operation] fault matrix: " .. operation
      .. " returns the expected result for each fault", function()
      local fixture = client_fixture.new()
      fixture.client.api:profiles() -- gets a token
      local params = operation_setup[operation](fixture)
      fixture:save()
      for _, row in ipairs(fault_table.list) do
        check(fixture, row, operation, "once", params)
        check(fixture, row, operation, "always", params)
      end
    end)
  end

  it("[client-fault-all-cases] fault matrix: has 21 operations", function()
    assert.equal(21, #names)
  end)

  it("[client-fault-kind-sandbox] fault matrix: contains every kind of fault "
    .. "of the sandbox", function()
    local known = {}
    for _, row in ipairs(fault_table.list) do known[row.fault.kind] = true end
    local file = assert(io.open "lua/adobepass/sandbox/engine/faults.lua")
    local kinds = file:read("*a"):match "\nlocal KINDS = {\n(.-)\n}\n"
    file:close()
    local count = 0
    for kind in kinds:gmatch "\n?  ([%w_]+) = {" do
      count = count + 1
      assert.is_true(known[kind], kind)
    end
    assert.equal(13, count)
  end)
end)

-- A client without token and credentials sends a registration and a token request
-- first. The faults occur in these requests, and the caller receives their errors.
describe("faults of a first call", function()
  for _, operation in ipairs { "register", "token" } do
    it("[client-fault-first-call] client: handles each fault of " .. operation
      .. " in a first call", function()
      local fixture = client_fixture.new()
      fixture:save()
      for _, row in ipairs(fault_table.list) do
        for times in pairs(COUNTS) do
          fixture:restore { timeout = TIMEOUT }
          inject_fault(fixture.control, row, operation, times)
          local ended = ending(attempt(fixture.client, "profiles"))
          local expected, requests =
            fault_table.expected(row, operation, times)
          assert.equal(expected, ended, row.name .. ", " .. times)
          assert.equal(requests, #fixture:received(operation), row.name)
          assert.is_true(fixture.driver.now() <= TIMEOUT)
        end
      end
    end)
  end
end)

-- --- over real HTTPS -------------------------------------------------------

local function control_of(running, transport)
  local function call(method, path, given)
    local response = assert(tv_client.fetch(transport, { method = method,
      url = running.control .. "/sandbox/" .. path,
      body = given and json.encode(given) or nil,
      headers = given and { ["Content-Type"] = "application/json" } or nil }))
    local decoded = json.decode(response.body)
    return decoded.result, decoded.error
  end
  return {
    fault = function(given) return call("POST", "faults", given) end,
    login = function(given) return call("POST", "login", given) end,
    clear = function()
      call("DELETE", "faults")
      call("DELETE", "journal")
    end,
    count = function(operation)
      local count = 0
      for _, entry in ipairs(call("GET", "journal")) do
        if entry.operation == operation then count = count + 1 end
      end
      return count
    end,
  }
end

local LIMIT = 20 -- seconds; below the 30 of retry_after
-- In seconds. The request must arrive within SHORT also on a loaded machine.
local SHORT, DELAY = 1, 20

-- Result and number of requests of each fault; `unsafe` and `empty` operations have
-- different ones. libcurl has several error codes for a broken connection.
local LOST = { connection_lost = true, tls_failed = true,
  protocol_error = true }
local REAL = {
  { { kind = "delay", seconds = DELAY }, "timeout", 1, timeout = SHORT },
  { { kind = "delay", seconds = 0.2 }, "value", 1 },
  { { kind = "status", status = 500 }, "value", 2,
    unsafe = { "http_500", 1 } },
  { { kind = "status", status = 503, retry_after = 0 }, "value", 2 },
  { { kind = "status", status = 503, retry_after = 30 }, "http_503", 1 },
  { { kind = "status", status = 302 }, "http_302", 1 },
  { { kind = "status", status = 404 }, "http_404", 1 },
  { { kind = "status", status = 401 }, "value", 2 },
  { { kind = "too_many_requests" }, "value", 2 },
  { { kind = "too_many_requests", retry_after = 30 },
    "too_many_requests", 1 },
  { { kind = "reset_before" }, "value", 2, unsafe = { LOST, 1 } },
  -- A response without a body is complete unless the reset arrives before it.
  { { kind = "reset_within" }, "value", 2, unsafe = { LOST, 1 },
    empty = { "value" } },
  { { kind = "truncated" }, "malformed_response", 1, empty = { "value", 1 } },
  { { kind = "garbage" }, "malformed_response", 1, empty = { "value", 1 } },
  { { kind = "wrong_content_type" }, "value", 1 },
  { { kind = "huge" }, "too_large", 1, empty = { "value", 1 } },
  { { kind = "drip", seconds = 0.001, bytes = 16 }, "value", 1 },
  { { kind = "drip", seconds = 0.1 }, "timeout", 1, timeout = SHORT,
    empty = { "value", 1 } },
}

local SOME = { "profiles", "authorize", "create_session", "link",
  "reset_temp_pass" }

describe("faults over HTTPS", function()
  local running, transport, control, fixture

  local function new_client(more)
    local given = {
      service_provider = operation_setup.SERVICE_PROVIDER,
      environment = { api = running.api, mgmt = running.mgmt },
      software_statement = running.statement, rate_limit = false,
      http = { ca_file = running.ca }, timeout = LIMIT,
      device = { id = operation_setup.DEVICE, info = operation_setup.INFO },
      retry = { base = 0.01, cap = 0.02 },
    }
    for name, value in pairs(more or {}) do given[name] = value end
    return adobepass.new(given)
  end

  setup(function()
    running = assert(host.start { throttle = false })
    transport = assert(core.http.new { ca_file = running.ca })
    control = control_of(running, transport)
    fixture = { client = new_client(), control = control,
      statement = running.statement }
    assert(fixture.client.api:profiles())
  end)

  teardown(function()
    fixture.client:close()
    transport:close()
    running:stop()
    running, transport, control, fixture = nil, nil, nil, nil
  end)

  local function check_real(operation, params, row)
    local wanted = operation == "link" and row.unsafe
      or operation == "reset_temp_pass" and row.empty
      or { row[2], row[3] }
    control.clear()
    local fault = { operation = operation }
    for name, value in pairs(row[1]) do fault[name] = value end
    assert(control.fault(fault))
    local started = core.clock.monotonic()
    params.timeout = row.timeout
    local ended = ending(attempt(fixture.client, operation, params))
    local where = operation .. ": " .. row[1].kind
    if wanted[1] == LOST then
      assert.is_true(LOST[ended], where .. ": " .. ended)
    else
      assert.equal(wanted[1], ended, where)
    end
    local requests = control.count(operation)
    assert.equal(wanted[2] or requests, requests, where)
    if row.timeout then
      assert.is_true(core.clock.monotonic() - started < DELAY, where)
    end
  end

  for _, operation in ipairs(SOME) do
    it("[client-fault-end] client: " .. operation
      .. " over HTTPS returns the expected result for each fault", function()
      local params = operation_setup[operation](fixture)
      for _, row in ipairs(REAL) do check_real(operation, params, row) end
    end)
  end

  it("[client-fault-end-reset] client: returns a complete response although "
    .. "the connection is reset afterwards", function()
    control.clear()
    assert(control.fault { operation = "profiles", kind = "reset_after" })
    assert.is_table(attempt(fixture.client, "profiles"))
  end)

  it("[client-fault-end-name-tls] client: returns an error code when TLS "
    .. "fails", function()
    control.clear()
    assert(control.fault { kind = "tls", count = 10 })
    local fresh = new_client { store = fixture.client.context.connection.store }
    local ended = ending(attempt(fresh, "profiles"))
    assert.is_true(LOST[ended], ended)
    control.clear()
    fresh:close()
    local stranger = new_client { http = {} }
    assert.equal("tls_failed", ending(attempt(stranger, "profiles")))
    stranger:close()
  end)
end)
