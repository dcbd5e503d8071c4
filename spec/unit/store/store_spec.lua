--- Runs the conformance specs on each store in its real host.

local store_conformance = require "spec.support.store_conformance"
local file = require "adobepass.store.file"
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"
local memory = require "adobepass.store.memory"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"

-- Returns a world with a fake clock, where coroutines are the only concurrency.
local function new_world(open)
  local time = 1000
  local function now() return time end
  return {
    store = open(now),
    wait = function(seconds) time = time + seconds end,
    together = function(list)
      for _, fn in ipairs(list) do coroutine.wrap(fn)() end
    end,
  }
end

local function run_conformance(world_of)
  for _, name in ipairs(store_conformance.names()) do
    -- tags: spec.support.store_conformance
    it(name, function() world_of(name) end)
  end
end

describe("store.memory", function()
  run_conformance(function(name)
    store_conformance.run(name,
      new_world(function(now) return memory { now = now } end))
  end)
end)

for title, key in pairs { ["store.file"] = false,
  ["store.file, encrypted"] = ("k"):rep(32) } do
  describe(title, function()
    local path

    before_each(function() path = folder.make() end)
    after_each(function()
      folder.remove(path)
      open_handles.assert_none()
    end)

    run_conformance(function(name)
      store_conformance.run(name, new_world(function(now)
        return file(path .. "/store", { now = now, key = key or nil })
      end))
    end)
  end)
end

describe("store.shdict", function()
  local host

  setup(function()
    host = nginx_host.start { http = "lua_shared_dict store 1m;" }
  end)
  teardown(function() host:stop() end)

  run_conformance(function(name)
    host:call("spec.integration.store.in_nginx", "conform",
      { kind = "shdict", options = "store", name = name })
  end)
end)

describe("store.redis", function()
  local host, server

  setup(function()
    server = redis_server.start()
    host = nginx_host.start {}
  end)
  teardown(function()
    host:stop()
    server:stop()
  end)

  run_conformance(function(name)
    host:call("spec.integration.store.in_nginx", "conform", { kind = "redis",
      options = { socket = server.socket, prefix = name }, name = name })
  end)
end)
