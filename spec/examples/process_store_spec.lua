--- The store of examples/shared whose changes are made by a process. The process has
-- Lua 5.4, so one run is enough.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local file = require "adobepass.store.file"
local folder = require "spec.support.folder"
local process_store = require "examples.shared.process_store"
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
    assert(store:set("some:1", "v") and store:clear "some:")
    assert(store:set("some:2", "v"))
    process_store.close(store)
    store = process_store.new(path .. "/kept")
    assert.equal("line\n50", store:get "k")
    assert.is_nil(store:get "gone")
    assert.is_nil(store:get "some:1")
    assert.equal("v", store:get "some:2")
    process_store.close(store)
  end)

  it("[process-store-failed-write] process store: reports a failed write without the "
    .. "value, and makes the changes after it", function()
    local kept = path .. "/kept"
    local script = ([[
      local store = require "examples.shared.process_store".new(%q)
      assert(store:set("large", ("secret"):rep(200000)) and store:set("k", "v"))
      store.pipe:close()]]):format(kept)
    assert.equal("process_store_writer: The entry is larger than 1 MiB.",
      folder.run(shell.line("lua5.4", "-e", script) .. " 2>&1"))
    assert.equal("v", file(kept):get "k")
  end)
end)
