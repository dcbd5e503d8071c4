--- Lua may run a finalizer at any allocation inside a call of the core, and
-- when the state closes. The finalizer may close the object in use.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local https_server = require "spec.support.https_server"
local keys = require "adobepass.sandbox.data.keys"

-- Makes each allocation run a complete garbage collection. `fragile` returns
-- an object that the next collection closes.
local PRELUDE = [[
  if _VERSION == "Lua 5.4" then
    -- A step of 2^31 bytes. With 2^30, Lua's count of work overflows on 32 bits, and a
    -- collection takes many allocations.
    collectgarbage("incremental", 1, 1000, 31)
  else
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 1000000)
  end
  local core = require "adobepass.core"
  local function on_collect(f)
    if not newproxy then return setmetatable({}, { __gc = f }) end
    getmetatable(newproxy(true)).__gc = f
  end
  local function fragile(object)
    collectgarbage()
    on_collect(function() object:close() end)
    return object
  end
  local counts = {}
  local function count(value, _, code)
    local name = value and "done" or code
    counts[name] = (counts[name] or 0) + 1
  end
  local function report()
    print(("%d done, %d closed"):format(counts.done or 0, counts.closed or 0))
  end
]]

-- Lua 5.2 also collects before a C function begins, and not at each allocation
-- in it, so there a finalizer may run before, during or after the use of the object.
local function assert_all(count)
  if _VERSION ~= "Lua 5.2" then assert.equal(100, count) end
end

describe("a finalizer", function()
  local nginx, path

  setup(function()
    nginx, path = https_server.start(), folder.make()
    folder.write(path .. "/key.pem", keys.media.private)
  end)

  teardown(function()
    nginx.stop()
    folder.remove(path)
  end)

  -- Runs a script of 100 calls; returns how many succeeded and how many failed with
  -- "closed". glibc overwrites freed memory, so that a read of it is seen.
  local function run_script(script)
    local output = folder.run(
      "GLIBC_TUNABLES=glibc.malloc.tcache_count=0 MALLOC_PERTURB_=165 "
      .. child_process.command(PRELUDE .. ("local URL, PEM = %q, %q\n"):format(
      nginx:url("HTTP", "/many"), path .. "/key.pem") .. script))
    local done, closed = output:match "^(%d+) done, (%d+) closed$"
    assert(done, output)
    assert.equal(100, done + closed)
    return tonumber(done), tonumber(closed)
  end

  it("[finalizer-close-session-request] finalizer: may close the transport "
    .. "during submit", function()
    local _, closed = run_script [[
      local request = { url = URL }
      for _ = 1, 100 do
        count(fragile(core.http.new {}):submit(request))
      end
      report()
    ]]
    assert_all(closed)
  end)

  -- Calls `use(n)` for each n; during it the nth finalizer calls what `prepare(n)`
  -- returned. A read of freed memory is seen with sanitizers only (`make asan`).
  local SWEEP = [[
    local function sweep(prepare, use)
      for n = 1, 40 do
        local change, left = prepare(n), n
        local function countdown()
          left = left - 1
          if left == 0 then change() elseif left > 0 then on_collect(countdown) end
        end
        collectgarbage()
        on_collect(countdown)
        pcall(use)
        left = 0
      end
      print "no crash"
    end
  ]]

  it("[finalizer-changes-options] finalizer: may remove the options during "
    .. "http.new", function()
    assert.equal("no crash", child_process.run(PRELUDE .. SWEEP .. [[
      local options
      sweep(function(n)
        options = { user_agent = ("x"):rep(100) .. n, timeout = 5,
          proxy = ("http://%s%d:1"):format(("h"):rep(100), n),
          allow_http = { ("a"):rep(100) .. n } }
        return function()
          options.user_agent, options.proxy, options.allow_http[1] = nil, nil, {}
          collectgarbage()
        end
      end, function() core.http.new(options):close() end)
    ]]))
  end)

  it("[finalizer-changes-request] finalizer: may remove the fields of the request, "
    .. "and close the transport, during submit", function()
    assert.equal("no crash", child_process.run(PRELUDE .. SWEEP .. [[
      local transport, request
      sweep(function(n)
        transport = core.http.new()
        request = { url = "http://127.0.0.1:1/" .. ("y"):rep(100) .. n,
          method = "P" .. ("O"):rep(50) .. n, body = ("b"):rep(1000) .. n }
        return function()
          request.url, request.method, request.body = nil, nil, nil
          transport:close()
          collectgarbage()
        end
      end, function() transport:submit(request) end)
    ]]))
  end)

  -- Trigger the collection at the second allocation in sockets(): the first
  -- one creates the returned table.
  it("[finalizer-close-session-sockets] finalizer: may close the transport "
    .. "during sockets", function()
    local done = run_script [[
      for _ = 1, 100 do
        local transport = core.http.new {}
        local transfer = transport:submit { url = URL }
        transport:step(0)
        collectgarbage()
        on_collect(function()
          on_collect(function() transport:close() end)
        end)
        count(transport:sockets())
        transfer:close()
      end
      report()
    ]]
    assert_all(done)
  end)

  it("[finalizer-close-transfer] finalizer: may close the transfer during "
    .. "result", function()
    local done = run_script [[
      local transport = core.http.new {}
      for _ = 1, 100 do
        local transfer = transport:submit { url = URL }
        while not transfer:ended() do transport:step(1) end
        local response, message, code = fragile(transfer):result()
        count(response and response.status == 200
          and response.headers["set-cookie"] == "a=1, b=2", message, code)
      end
      transport:close()
      collectgarbage()
      assert(core.handle_count().transfers == 0)
      report()
    ]]
    assert_all(done)
  end)

  it("[finalizer-close-failed-transfer] finalizer: may close a failed transfer during "
    .. "result", function()
    local done = run_script [[
      local transport = core.http.new {}
      for _ = 1, 100 do
        local transfer = transport:submit { url = "http://127.0.0.1:1/" }
        while not transfer:ended() do transport:step(1) end
        local _, message, code = fragile(transfer):result()
        count(code ~= "closed" and message:find "^The connection", nil, code)
      end
      report()
    ]]
    assert_all(done)
  end)

  it("[finalizer-ask-response-read] finalizer: may call result during "
    .. "result", function()
    local done = run_script [[
      local transport = core.http.new {}
      for _ = 1, 100 do
        local transfer = transport:submit { url = URL }
        while not transfer:ended() do transport:step(1) end
        on_collect(function()
          assert(transfer:result().headers["set-cookie"] == "a=1, b=2")
          transfer:close()
        end)
        local response, message, code = transfer:result()
        count(response and response.headers["set-cookie"] == "a=1, b=2", message,
          code)
      end
      transport:close()
      report()
    ]]
    assert_all(done)
  end)

  it("[finalizer-close-wakeup] finalizer: may close the wakeup during path", function()
    local done = run_script [[
      for _ = 1, 100 do
        local good, value = pcall(core.wakeup().path, fragile(core.wakeup()))
        count(good and value:find "^/", nil,
          value:find "the wakeup is closed" and "closed" or value)
      end
      report()
    ]]
    assert_all(done)
  end)

  for name, call in pairs {
    ["a key while it signs"] = "whole.sign, KEY, 'text'",
    ["a key while it encrypts"] = "whole.encrypt, KEY, 'text'",
    ["a key while it decrypts"] = "whole.decrypt, KEY, SECRET",
    ["a key while it signs a token"] = "core.jws.sign, 'RS256', KEY, '{}'",
    ["a key while it verifies a token"] = "core.jws.verify_signature, 'RS256', KEY, "
      .. "TOKEN",
  } do
    it("[finalizer-may-close] finalizer: may close " .. name, function()
      local _, closed = run_script(([[
        local pem = io.open(PEM):read "*a"
        local whole = core.private_key(pem)
        local SECRET = whole:encrypt "text"
        local TOKEN = core.jws.sign("RS256", whole, "{}")
        for _ = 1, 100 do
          local good, value = pcall(%s)
          count(good and value, nil,
            tostring(value):find "the key is closed" and "closed" or value)
        end
        report()
      ]]):format(call:gsub("KEY", "fragile(core.private_key(pem))")))
      assert_all(closed)
    end)
  end

  it("[finalizer-close-token-revealed] finalizer: may close the token during "
    .. "reveal", function()
    run_script [[
      for _ = 1, 100 do
        local token = core.token { access_token = ("s"):rep(40),
          expires_in = 60 }
        local secret, message, code = fragile(token):reveal()
        count(secret == nil and secret or secret == ("s"):rep(40), message,
          code)
      end
      report()
    ]]
  end)

  it("[finalizer-may-take-digest] finalizer: may compute a digest during a "
    .. "digest", function()
    local done = run_script [[
      local sha256 = core.digest.sha256
      local wanted = sha256 "outer"
      for _ = 1, 100 do
        on_collect(function() sha256 "inner" end)
        count(sha256 "outer" == wanted)
      end
      report()
    ]]
    assert_all(done)
  end)

  -- lua_close runs finalizers in reverse order of creation: the core's first.
  it("[finalizer-use-core] finalizer: may call the core after the core's own "
    .. "finalizer", function()
    assert.equal("closed", child_process.run [[
      local core
      local function last()
        print((select(3, core.digest.sha256 "x")))
        assert(not core.http.new { ca_file = "/nowhere" })
      end
      local guard
      if newproxy then
        guard = newproxy(true)
        getmetatable(guard).__gc = last
      else
        guard = setmetatable({}, { __gc = last })
      end
      core = require "adobepass.core"
    ]])
  end)
end)
