--- The store of examples/shared whose changes are made by a process. The process has
-- Lua 5.4, so one run is enough.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local file = require "adobepass.store.file"
local folder = require "spec.support.folder"
local memory = require "adobepass.store.memory"
local process_store = require "examples.shared.process_store"
local queued_store = require "examples.shared.queued_store"
local shell = require "adobepass.util.shell"
local store_conformance = require "spec.support.store_conformance"

if child_process.interpreter() ~= "lua5.4" then return end

describe("process store", function()
  local path

  before_each(function() path = folder.make() end)
  after_each(function() folder.remove(path) end)

  it("[process-store-conforms] process store: passes the store conformance", function()
    for index, name in ipairs(store_conformance.names()) do
      local store = process_store.new(path .. "/" .. index)
      store_conformance.run(name, { store = store, wait = core.clock.sleep,
        together = function(list) for _, run in ipairs(list) do run() end end })
      process_store.close(store)
    end
  end)

  it("[process-store-persists] process store: makes all changes in order before it "
    .. "ends", function()
    local store = process_store.new(path .. "/kept")
    for round = 1, 50 do assert(store:set("k", "line\n" .. round)) end
    assert(store:set("gone", "v") and store:delete "gone")
    process_store.close(store)
    store = process_store.new(path .. "/kept")
    assert.equal("line\n50", store:get "k")
    assert.is_nil(store:get "gone")
    process_store.close(store)
  end)

  it("[process-store-failed-write] process store: writes after a failed write fail; "
    .. "the message is without the value", function()
    local kept = path .. "/kept"
    local script = ([[
      local store = require "examples.shared.process_store".new(%q, 0)
      assert(store:set("k", "v") and store:set("large", ("secret"):rep(200000)))
      -- More than a pipe holds, so the process ends before all of it is written.
      local _, message, code = store:set("later", ("v"):rep(1500000))
      print(message, code, (store:set("last", "v")))]]):format(kept)
    assert.equal("process_store_writer: The entry is larger than 1 MiB.\n"
      .. "The process that writes the store has ended.\tstore_failed\tnil",
      folder.run("trap '' PIPE; " .. shell.line("lua5.4", "-e", script) .. " 2>&1"))
    assert.equal("v", file(kept):get "k")
  end)
end)

describe("queued store", function()
  -- A disk on which the first writes fail.
  local function failing(failures)
    local disk = memory()
    return { set = function(_, ...)
      if failures > 0 then
        failures = failures - 1
        return nil, "disk full", "store_failed"
      end
      return disk:set(...)
    end, get = function(_, key) return disk:get(key) end }
  end

  it("[queued-store-repeats-write] queued store: repeats a failed write four times",
    function()
      local disk = failing(4)
      assert.is_true(queued_store.write(disk, 0, "set", "k", "v"))
      assert.equal("v", disk:get "k")
      disk = failing(5)
      assert.same({ n = 2, nil, "disk full" },
        { n = 2, queued_store.write(disk, 0, "set", "k", "v") })
      assert.is_nil(disk:get "k")
    end)
end)
