--- A client before a sandbox in process, on a clock that only moves when
-- somebody waits.
--
--   local on = stage.new { timeout = 30 }   fields of adobepass.new; and
--     box = options of spec.sandbox.fixture
--   on.client, on.box, on.control, on.driver, on.statement
--   on:received "authorize"    what the journal has of an operation
--   on:keep(), on:back()       remembers all, goes back there: time as well

local adobepass = require "adobepass"
local fake_driver = require "spec.support.fake_driver"
local helper = require "spec.sandbox.fixture"
local memory = require "adobepass.store.memory"
local scenes = require "spec.support.operation_setup"

local stage = {}
local Stage = {}
Stage.__index = Stage

--- Another client of the same box, with the same driver.
function Stage:new_client(changes)
  local given = {
    service_provider = scenes.SERVICE_PROVIDER,
    environment = { api = self.box.api, mgmt = self.box.mgmt },
    software_statement = self.statement, transport = self.box:transport(),
    driver = self.driver, store = memory { now = self.driver.now },
    device = { id = scenes.DEVICE, info = scenes.INFO },
    random = function() return 0.5 end, rate_limit = false,
  }
  for name, value in pairs(changes or {}) do given[name] = value end
  return adobepass.new(given)
end

local function copy_of_store(self)
  local copy = memory { now = self.driver.now }
  for key, entry in pairs(self.kept.entries) do
    if entry.ends == math.huge or key:find "^token:" then
      copy:set(key, entry.value)
    end
  end
  return copy
end

--- Remembers how things stand: the sandbox, and what the store holds.
function Stage:keep()
  self.kept = { snapshot = self.control.snapshot(),
    entries = self.client.context.connection.store.entries }
end

--- Goes back to there, with a client that has just started.
function Stage:back(changes)
  assert(self.control.restore(self.kept.snapshot))
  self.control.clear_journal()
  local fields = { store = copy_of_store(self) }
  for name, value in pairs(changes or {}) do fields[name] = value end
  self.client = self:new_client(fields)
  return self.client
end

--- What the journal has: of one operation, or of all.
function Stage:received(operation)
  local list = {}
  for _, entry in ipairs(self.control.journal()) do
    if not operation or entry.operation == operation then
      list[#list + 1] = entry
    end
  end
  return list
end

function stage.new(changes)
  local fields = {}
  for name, value in pairs(changes or {}) do fields[name] = value end
  local options = fields.box or {}
  fields.box = nil
  options.mgmt = options.mgmt or "https://mgmt.test"
  local box = helper.new(options).box
  local self = setmetatable({ box = box, control = box.control,
    driver = fake_driver.new(box), statement = box.control.statement() },
    Stage)
  self.client = self:new_client(fields)
  return self
end

stage.Stage = Stage

return stage
