-- Runs the store conformance and tests of persistence for the app's store, in
-- LÖVE without a window.
--
--   love FOLDER TREE SCRATCH     FOLDER: this folder, with the app's store

local tree, scratch = arg[2], arg[3]
package.path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;"):format(tree, tree,
  tree) .. package.path
package.cpath = tree .. "/build/luajit/?.so;" .. package.cpath

local store_conformance = require "spec.support.store_conformance"
local core = require "adobepass.core"
local store = require "store"

local function together(list)
  for _, run in ipairs(list) do run() end
end

local function conform(name, path)
  local opened = store.new(path)
  store_conformance.run(name, { store = opened, wait = core.clock.sleep,
    together = together })
  store.close(opened)
end

-- Changes are written to disk in their order.
local function persists(path)
  local first = store.new(path)
  for round = 1, 50 do assert(first:set("k", "v" .. round)) end
  assert(first:set("gone", "v") and first:delete "gone")
  store.close(first)
  local again = store.new(path)
  assert(again:get "k" == "v50")
  assert(again:get "gone" == nil)
  store.close(again)
end

-- The change after a failed write is queued, and returns the error.
local function returns_write_errors(path)
  local opened = store.new(path, 0)
  assert(opened:set("k", ("v"):rep(1024 * 1024)))
  opened.orders:push "end"
  opened.writer:wait()
  local done, message, code = opened:set("k", "v")
  assert(done == nil and code == "store_failed", tostring(code))
  assert(message:find "larger than 1 MiB")
  assert(opened.orders:pop()[2] == "k")
end

function love.run()
  for index, name in ipairs(store_conformance.names()) do
    conform(name, scratch .. "/" .. index)
  end
  persists(scratch .. "/keeps")
  returns_write_errors(scratch .. "/tells")
  print(#store_conformance.names() .. " cases")
  return function() return 0 end
end

-- Without a window LÖVE cannot show the message.
function love.errorhandler(message)
  io.stderr:write(debug.traceback(tostring(message)), "\n")
  return function() return 1 end
end
