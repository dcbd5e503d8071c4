--- A client of a sandbox in this process, on a clock that moves only while the
-- driver waits.
--
--   local fixture = client_fixture.new { timeout = 30 }
--     takes fields of adobepass.new (json.null omits one), and
--     sandbox = options of spec.sandbox.fixture
--   fixture.client, .sandbox, .control, .driver, .statement
--   fixture:received "authorize"        the journal's entries of an operation
--   fixture:save(), fixture:restore()   saves and restores state and time

local adobepass = require "adobepass"
local fake_driver = require "spec.support.fake_driver"
local sandbox_fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local memory = require "adobepass.store.memory"
local operation_setup = require "spec.support.operation_setup"

local client_fixture = {}
local Fixture = {}
Fixture.__index = Fixture

--- Returns another client of the same sandbox, with the same driver.
function Fixture:new_client(changes)
  local given = {
    service_provider = operation_setup.SERVICE_PROVIDER,
    environment = { api = self.sandbox.api, mgmt = self.sandbox.mgmt },
    software_statement = self.statement, transport = self.sandbox:transport(),
    driver = self.driver, store = memory { now = self.driver.now },
    device = { id = operation_setup.DEVICE, info = operation_setup.INFO },
    random = function() return 0.5 end, rate_limit = false,
    redirect_url = "https://adobe.com",
  }
  for name, value in pairs(changes or {}) do
    if value == json.null then value = nil end
    given[name] = value
  end
  return adobepass.new(given)
end

local function copy_of_store(self)
  local copy = memory { now = self.driver.now }
  for key, value in pairs(self.saved.store.values) do
    if self.saved.store.ends[key] == math.huge or key:find "^access:" then
      copy:set(key, value)
    end
  end
  return copy
end

--- Saves the state of the sandbox and the entries of the store.
function Fixture:save()
  self.saved = { snapshot = self.control.snapshot(),
    store = self.client.context.connection.store }
end

--- Restores the saved state, with a new client.
function Fixture:restore(changes)
  assert(self.control.snapshot { restore = self.saved.snapshot })
  self.control.journal { clear = true }
  local fields = { store = copy_of_store(self) }
  for name, value in pairs(changes or {}) do fields[name] = value end
  self.client = self:new_client(fields)
  return self.client
end

--- Returns the journal's entries of one operation, or of all.
function Fixture:received(operation)
  local list = {}
  for _, entry in ipairs(self.control.journal()) do
    if not operation or entry.operation == operation then
      list[#list + 1] = entry
    end
  end
  return list
end

function client_fixture.new(changes)
  local fields = {}
  for name, value in pairs(changes or {}) do fields[name] = value end
  local options = fields.sandbox or {}
  fields.sandbox = nil
  options.mgmt = options.mgmt or "https://mgmt.test"
  local sandbox = sandbox_fixture.new(options).sandbox
  local self = setmetatable({ sandbox = sandbox, control = sandbox.control,
    driver = fake_driver.new(sandbox),
    statement = sandbox.control.statement() },
    Fixture)
  self.client = self:new_client(fields)
  return self
end

client_fixture.Fixture = Fixture

return client_fixture
