local child_process = require "spec.support.child_process"
local fake_dict = require "spec.support.fake_dict"
local nginx_host = require "spec.support.nginx_host"
local shdict = require "adobepass.store.shdict"

-- The calls run in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local WORKERS, ROUNDS = 8, 100

local WORKER = ([[
  lua_shared_dict store 1m;
  lua_shared_dict tally 1m;
  init_worker_by_lua_block {
    ngx.timer.at(0, function()
      require("spec.integration.store.in_nginx").race(%d, %d)
    end)
  }
]]):format(WORKERS, ROUNDS)

describe("store.shdict", function()
  local host

  teardown(function() host:stop() end)

  -- In nginx the lock could expire before it is read.
  it("[store-shdict-leaves-lock-ends] store.shdict: does not delete a lock "
    .. "that expires soon", function()
    rawset(_G, "ngx", { shared = {} })
    local store = shdict(fake_dict.new())
    rawset(_G, "ngx", nil)
    for key, seconds in pairs { soon = 0.09, later = 60 } do
      assert.is_true(store:add(key, "mine", seconds))
      assert.is_true(store:delete(key, "mine"))
    end
    assert.equal("mine", store:get "soon")
    assert.is_nil(store:get "later")
  end)

  describe("full dictionary", function()
    setup(function()
      host = nginx_host.start { http = "lua_shared_dict store 16k;" }
    end)

    it("[store-shdict-refuses-full-loses] store.shdict: refuses a set when it "
      .. "is full and keeps its entries", function()
      local result = host:call("spec.integration.store.in_nginx", "fill")
      assert.equal("The shared dictionary returned an error: no memory.",
        result.message)
      assert.equal("store_failed", result.code)
      assert.is_true(result.count > 3)
      assert.is_true(result.first)
      assert.equal("nil store_failed", result.replaced)
      assert.equal("nil store_failed", result.added)
      assert.equal("precious", result.kept)
    end)

    it("[store-shdict-lets-over-make] store.shdict: reuses the space of "
      .. "expired entries", function()
      local result = host:call("spec.integration.store.in_nginx", "refill")
      assert.is_true(result.count > 3)
      assert.is_true(result.done, result.message)
    end)

    it("[store-shdict-key-value-foreign] store.shdict: returns store_failed "
      .. "for a key that is too long", function()
      local result = host:call("spec.integration.store.in_nginx", "calls",
        { kind = "shdict", options = "store", calls = {
          { "set", ("k"):rep(65536), "precious" },
          { "get", ("k"):rep(65536) },
          { "add", ("k"):rep(65536), "precious", 1 },
        } })
      for _, response in ipairs(result) do
        assert.same({ "nil", "The shared dictionary returned an error: "
          .. "key too long.", "store_failed" }, response)
      end
    end)

    it("[store-shdict-raises] store.shdict: raises for an unknown "
      .. "dictionary", function()
      local result = host:call("spec.integration.store.in_nginx", "refusals",
        { kind = "shdict", given = { "none", 1, {} } })
      assert.matches("no lua_shared_dict 'none'", result[1])
      assert.matches("no lua_shared_dict '1'", result[2])
      assert.matches("no lua_shared_dict 'table", result[3])
    end)

    it("[store-shdict-raises-outside] store.shdict: raises outside of "
      .. "nginx", function()
      assert.error_matches(function()
        shdict "store"
      end, "inside nginx only")
    end)
  end)

  describe("several workers", function()
    setup(function()
      host:stop()
      host = nginx_host.start { workers = WORKERS, http = WORKER }
    end)

    it("[store-shdict-add-times] "
      .. ("store.shdict: exactly one of %d workers adds a key, %d times"):format(
        WORKERS, ROUNDS), function()
      local winners = host:call("spec.integration.store.in_nginx", "winners",
        { workers = WORKERS, rounds = ROUNDS })
      assert.equal(ROUNDS, #winners)
      for _, count in ipairs(winners) do assert.equal(1, count) end
    end)
  end)
end)
