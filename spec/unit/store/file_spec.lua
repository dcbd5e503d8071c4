local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local file = require "adobepass.store.file"
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"
local mount_namespace = require "spec.support.mount_namespace"

local PROCESSES, ROUNDS = 8, 100

local function name_of(key)
  return core.digest.hex(core.digest.sha256(key))
end

describe("store.file", function()
  local path, time, store

  local function open(options)
    options = options or {}
    options.now = function() return time end
    return file(path .. "/store", options)
  end

  before_each(function()
    path, time = folder.make(), 1e9
    store = open()
  end)

  after_each(function()
    folder.remove(path)
    open_handles.assert_none()
  end)

  local function assert_failed(wanted, value, message, code)
    assert.is_nil(value)
    assert.equal("store_failed", code)
    assert.matches(wanted, message)
    assert.matches("%.$", message)
    assert.is_nil(message:find("precious", 1, true))
  end

  local function file_of(key) return path .. "/store/" .. name_of(key) end

  local function mode(name) return folder.run("stat -c %a " .. name) end

  describe("folder", function()
    it("[store-file-needed-owner] store.file: creates its folder on first use, "
      .. "for the owner only", function()
      assert.equal("", folder.run("ls -A " .. path))
      assert(store:set("k", "v"))
      assert.equal("700", mode(path .. "/store"))
      assert.equal("600", mode(file_of("k")))
    end)

    it("[store-file-deep-name] store.file: the folder may be nested and have "
      .. "any name", function()
      for _, name in ipairs { "/a/b/c", "/with space", "/it's", "/-rf",
        "/$HOME", "/end/" } do
        local other = file(path .. name)
        assert.is_true(other:set("k", "precious"))
        assert.equal("precious", other:get("k"))
        assert.is_true(other:delete("k"))
        assert.is_nil(other:get("k"))
      end
    end)

    it("[store-file-may-relative] store.file: the path of the folder may be "
      .. "relative", function()
      assert.equal("v", folder.run("cd " .. path .. " && " .. child_process.command [[
        local store = require "adobepass.store.file" "-here"
        assert(store:set("k", "v"))
        print(store:get("k"))
      ]]))
    end)

    it("[store-file-refused-write] store.file: refuses a folder that other "
      .. "users may write to", function()
      for _, bits in ipairs { "770", "777", "1777", "702" } do
        folder.run(("mkdir -p %s/store; chmod %s %s/store"):format(path, bits,
          path))
        assert_failed("chmod 700", store:get("k"))
        assert_failed("chmod 700", store:set("k", "precious"))
        assert_failed("chmod 700", store:add("k", "precious", 1))
        assert_failed("chmod 700", store:delete("k"))
      end
      folder.run(("chmod 755 %s/store"):format(path))
      assert.is_true(store:set("k", "v"))
    end)

    it("[store-file-refused-else] store.file: refuses a folder of another "
      .. "user", function()
      if not mount_namespace.is_root then return pending("needs root") end
      folder.run(("mkdir -m 700 %s/store; chown 65534 %s/store"):format(path,
        path))
      assert_failed("belongs to another user", store:get("k"))
    end)

    it("[store-file-error] store.file: a file in place of the folder is an "
      .. "error", function()
      folder.write(path .. "/store", "")
      assert_failed("cannot be used", store:get("k"))
      assert_failed("cannot be used", store:set("k", "precious"))
    end)

    it("[store-file-error-cannot-made] store.file: a folder that cannot be "
      .. "created is an error", function()
      local nowhere = file("/proc/none/store")
      assert_failed("cannot be used", nowhere:get("k"))
      assert_failed("cannot be used", nowhere:add("k", "precious", 1))
    end)

    it("[store-file-made-again-went] store.file: creates the folder again "
      .. "after it was removed", function()
      assert(store:set("k", "v"))
      folder.run("rm -r " .. path .. "/store")
      assert_failed("lock file", store:set("k", "precious"))
      assert.is_true(store:set("k", "v"))
      assert.equal("v", store:get("k"))
    end)
  end)

  describe("entry", function()
    it("[store-file-read-error] store.file: an entry that other users may read "
      .. "is an error, not an absent entry", function()
      assert(store:set("k", "precious"))
      folder.run("chmod 644 " .. file_of("k"))
      assert_failed("chmod 600", store:get("k"))
      assert_failed("chmod 600", store:add("k", "v", 1))
      assert_failed("chmod 600", store:delete("k", "precious"))
      assert.is_true(store:delete("k"))
      assert.is_nil(store:get("k"))
    end)

    it("[store-file-link-error] store.file: an entry that is a symbolic link "
      .. "is an error", function()
      assert(store:set("k", "precious"))
      folder.run(("ln -s %s %s"):format(file_of("k"), file_of("l")))
      assert_failed("Cannot open", store:get("l"))
      assert_failed("", store:set("l", "precious"))
      assert.equal("precious", store:get("k"))
    end)

    it("[store-file-damaged-error] store.file: a damaged entry is an error "
      .. "until it is replaced", function()
      for _, content in ipairs { "", "x", "adobepass-store 1 0 0 1\n",
        "adobepass-store 1 0 0 1\nlprecious",
        "adobepass-store 2 0 0 1\nkprecious",
        "adobepass-store 1 0 0 999999999999999999999\nkprecious",
        "adobepass-store 1 0 0 -1\nkprecious" } do
        assert(store:set("k", "precious"))
        folder.write(file_of("k"), content)
        assert_failed("is damaged", store:get("k"))
        assert_failed("is damaged", store:add("k", "v", 1))
        assert_failed("is damaged", store:delete("k", "v"))
      end
      assert.is_true(store:set("k", "v"))
      assert.equal("v", store:get("k"))
      folder.write(file_of("k"), "x")
      assert.is_true(store:delete("k"))
      assert.is_nil(store:get("k"))
    end)

    -- Simulates two keys with the same hash: the store compares the keys.
    it("[store-file-key-entry] store.file: a file is valid only for its own "
      .. "key", function()
      assert(store:set("k", "precious"))
      folder.run(("cp -p %s %s"):format(file_of("k"), file_of("l")))
      assert_failed("is damaged", store:get("l"))
      assert_failed("is damaged", store:add("l", "v", 1))
      assert.equal("precious", store:get("k"))
      assert.is_true(store:set("l", "own"))
      assert.equal("precious", store:get("k"))
    end)

    it("[store-file-key-continues-value] store.file: distinguishes the end of "
      .. "a key from the start of its value", function()
      assert(store:set("ab", "c"))
      assert(store:set("a", "bc"))
      assert.equal("c", store:get("ab"))
      assert.equal("bc", store:get("a"))
    end)

    it("[store-file-refused-large-read] store.file: refuses to write an entry "
      .. "larger than 1 MiB", function()
      local most = 1024 * 1024 - 60
      assert.is_true(store:set("k", ("x"):rep(most)))
      assert.equal(most, #store:get("k"))
      assert_failed("larger than 1 MiB", store:set("k", ("x"):rep(1024 * 1024)))
      assert_failed("larger than 1 MiB", store:add("l", ("x"):rep(1024 * 1024), 1))
      assert.equal(most, #store:get("k"))
    end)
  end)

  describe("clock", function()
    it("[store-file-goes-runs] store.file: entries expire while no process is "
      .. "running", function()
      assert(store:set("k", "v", 10))
      assert.equal("v", open():get("k"))
      time = time + 9.998
      assert.equal("v", open():get("k"))
      time = time + 0.002
      assert.is_nil(open():get("k"))
    end)

    it("[store-file-jump-lives-longer] store.file: when the clock is set back, "
      .. "entries with a lifetime expire", function()
      assert(store:set("k", "v", 10))
      assert(store:set("for ever", "v"))
      time = time - 0.5
      assert.is_nil(store:get("k"))
      assert.is_true(store:add("k", "next", 10))
      time = time - 1e8
      assert.is_nil(store:get("k"))
      assert.equal("v", store:get("for ever"))
    end)

    it("[store-file-may-stand-before] store.file: the clock may be before "
      .. "1970", function()
      time = -5
      assert(store:set("k", "v", 10))
      assert.equal("v", store:get("k"))
      time = 5
      assert.is_nil(store:get("k"))
    end)

    it("[store-file-time-day-default] store.file: the default clock is the "
      .. "time of day", function()
      store = file(path .. "/store")
      assert(store:set("k", "v", 600))
      assert.equal("v", store:get("k"))
      time = os.time() + 602
      assert.is_nil(open():get("k"))
    end)
  end)

  describe("with a key", function()
    local key, other = ("k"):rep(32), ("o"):rep(32)

    it("[store-file-writes-clear] encrypted store.file: writes no plain "
      .. "text", function()
      local sealed = open { key = key }
      assert(sealed:set("device 7", "precious"))
      local content = folder.read(file_of("device 7"))
      assert.is_nil(content:find("precious", 1, true))
      assert.is_nil(content:find("device 7", 1, true))
    end)

    it("[store-file-key-list] encrypted store.file: encrypts with the first key "
      .. "of a list, and decrypts with all", function()
      assert(open({ key = key }):set("k", "precious"))
      local both = open { key = { other, key } }
      assert.equal("precious", both:get("k"))
      assert.is_true(both:replace("k", "new", "precious"))
      assert.equal("new", open({ key = other }):get("k"))
      assert_failed("", open({ key = key }):get("k"))
      assert(open():set("plain", "text"))
      assert.equal("text", open():get("plain"))
      assert_failed("", open({ key = { ("x"):rep(32), ("y"):rep(32) } }):get("k"))
      for _, wrong in ipairs { {}, { key, "short" }, { 7 }, { a = key },
        { [2] = key } } do
        assert.error_matches(function() open { key = wrong } end,
          "a list of such keys")
      end
    end)

    it("[store-file-key-retired] encrypted store.file: encrypts an entry with the "
      .. "first key when it is read with another, and keeps its expiry time", function()
      local old = open { key = key }
      assert(old:set("k", "precious", 100))
      assert(old:set("forever", "precious"))
      time = time + 60
      local both = open { key = { other, key } }
      for _, name in ipairs { "k", "forever" } do
        assert.equal("precious", both:get(name))
        assert.equal("precious", open({ key = other }):get(name))
        assert_failed("", old:get(name))
      end
      time = time + 60
      assert.is_nil((both:get "k"))
      assert.equal("precious", both:get "forever")
    end)

    it("[store-file-key-retired-later] encrypted store.file: reads an entry of another "
      .. "key while the store is busy, or cannot be written", function()
      assert(open({ key = key }):set("k", "precious"))
      local both = open { key = { other, key } }
      local lock = assert(core.file.lock(path .. "/store/.lock", 0))
      assert.equal("precious", both:get "k")
      lock:close()
      assert.equal("precious", open({ key = key }):get "k")
      local write = core.file.write
      finally(function() core.file.write = write end)
      core.file.write = function() return nil, "The disk is full.", "disk_full" end
      assert.equal("precious", both:get "k")
      core.file.write = write
      assert.equal("precious", both:get "k")
      assert.equal("precious", open({ key = other }):get "k")
    end)

    it("[store-file-key-error] encrypted store.file: a wrong key is an error, "
      .. "not an absent entry", function()
      assert(open({ key = key }):set("k", "precious"))
      for _, wrong in ipairs { open { key = other }, open() } do
        assert_failed("", wrong:get("k"))
        assert_failed("", wrong:add("k", "v", 1))
        assert_failed("", wrong:delete("k", "v"))
      end
      assert.equal("precious", open({ key = key }):get("k"))
    end)

    it("[store-file-not-take-written-one] encrypted store.file: an unencrypted "
      .. "entry is an error", function()
      assert(store:set("k", "v"))
      assert_failed("", open({ key = key }):get("k"))
    end)

    it("[store-file-entry-moved] encrypted store.file: an entry moved to "
      .. "another name is an error", function()
      local sealed = open { key = key }
      assert(sealed:set("k", "precious"))
      folder.run(("cp -p %s %s"):format(file_of("k"), file_of("l")))
      assert_failed("is damaged", sealed:get("l"))
    end)
  end)

  it("[store-file-keeps-disk-full] store.file: keeps all entries when the disk "
    .. "is full", function()
    assert.equal("nil\tstore_failed\tfalse\tkept\tnil\tgone",
      mount_namespace.on_small_disk(path, [[
      local store = require "adobepass.store.file" "store"
      assert(store:set("credentials", "kept"))
      local done, message, code = store:set("big", ("x"):rep(100000))
      local quotes = message:find("xxx", 1, true) ~= nil
      local credentials, big = store:get("credentials"), store:get("big")
      assert(store:delete("credentials"))
      print(done, code, quotes, credentials, big,
        store:get("credentials") or "gone")
    ]]))
  end)

  it("[store-file-disk-not-written] store.file: writing to a read-only disk "
    .. "gives store_failed", function()
    assert.equal("v" .. ("\tnil store_failed"):rep(3),
      mount_namespace.on_small_disk(path, [[
      local store = require "adobepass.store.file" "store"
      assert(store:set("k", "v"))
      os.execute("mount -o remount,ro .")
      local function result(value, _, code)
        return tostring(value) .. " " .. tostring(code)
      end
      print(store:get("k"), result(store:set("k", "w")),
        result(store:add("l", "w", 1)), result(store:delete("k")))
    ]]))
  end)

  describe("between processes", function()
    it("[store-file-says-busy] store.file: a write while the lock is held "
      .. "gives store_failed", function()
      assert(store:set("k", "v"))
      local lock = assert(core.file.lock(path .. "/store/.lock"))
      local hasty = open { lock_timeout = 0.005 }
      assert_failed("busy", hasty:set("k", "precious"))
      assert_failed("busy", hasty:add("l", "precious", 1))
      assert_failed("busy", hasty:delete("k"))
      assert.equal("v", hasty:get("k")) -- get needs no lock
      lock:close()
      assert.is_true(hasty:set("k", "w"))
    end)

    -- Adds one key in each round; prints the rounds in which its add succeeded.
    -- All processes wait for the lock `gate`, so they start together.
    local RACER = [[
      local path, name = %q, %q
      local core = require "adobepass.core"
      local store = require "adobepass.store.file"(path .. "/store")
      io.open(path .. "/ready." .. name, "w"):close()
      assert(core.file.lock(path .. "/gate", 60)):close()
      local won = {}
      for round = 1, %d do
        local done, message = store:add("k" .. round, name, 600)
        assert(done ~= nil, message)
        if done then won[#won + 1] = round end
      end
      print(table.concat(won, " "))
    ]]

    it("[store-file-add-times] "
      .. ("store.file: one of %d processes wins each of %d adds"):format(
        PROCESSES, ROUNDS), function()
      local gate = assert(core.file.lock(path .. "/gate"))
      local racers, winners = {}, {}
      for i = 1, PROCESSES do
        racers[i] = assert(io.popen("exec " .. child_process.command(
          RACER:format(path, tostring(i), ROUNDS))))
      end
      folder.run(("timeout 60 sh -c 'until [ $(ls %s | grep -c ready) = %d ]; "
        .. "do sleep 0.005; done'"):format(path, PROCESSES))
      gate:close()
      for i, racer in ipairs(racers) do
        for round in racer:read("*a"):gmatch("%d+") do
          assert.is_nil(winners[tonumber(round)])
          winners[tonumber(round)] = tostring(i)
        end
        racer:close()
      end
      store = file(path .. "/store")
      for round = 1, ROUNDS do
        assert.equal(winners[round], store:get("k" .. round))
      end
    end)

    -- Adds and deletes in a loop, so that a kill can interrupt any step.
    local ADDER = [[
      io.stdout:setvbuf("no")
      local store = require "adobepass.store.file"(%q)
      assert(store:set("credentials", "precious"))
      print("ready")
      for i = 1, 1e9 do
        assert(store:add("lock", "dead", 600) ~= nil)
        assert(store:set("credentials", ("precious"):rep(1 + i %% 2)))
        assert(store:delete("lock", "dead"))
      end
    ]]

    it("[store-file-outlives-adder-killed] store.file: survives a kill of its "
      .. "process at any instant", function()
      for _ = 1, tonumber(os.getenv("ADOBEPASS_KILLS") or "15") do
        local adder = child_process.start(ADDER:format(path .. "/store"))
        assert.equal("ready", adder:line())
        core.clock.sleep(core.random.bytes(1):byte() / 50000)
        adder:kill()
        store = file(path .. "/store", { lock_timeout = 0 }) -- no lock is left
        local value = store:get("lock")
        assert.is_true(value == nil or value == "dead")
        assert.matches("^precious", (assert(store:get("credentials"))))
        assert.equal(value == nil, (store:add("lock", "next", 600)))
        assert.is_true(store:delete("lock"))
      end
    end)

    it("[store-file-passes-dead-holder] store.file: an entry added by a dead "
      .. "process expires", function()
      time = core.clock.wall()
      child_process.run(([[
        local store = require "adobepass.store.file"(%q)
        assert(store:add("lock", "dead", 30))
      ]]):format(path .. "/store"))
      time = time + 1
      assert.is_false(store:add("lock", "next", 30))
      time = core.clock.wall() + 30
      assert.is_true(store:add("lock", "next", 30))
    end)
  end)

  it("[store-file-raises-programmer] store.file: usage errors raise", function()
    assert.error_matches(function() file() end, "folder should be the path")
    assert.error_matches(function() file("") end, "folder should be the path")
    assert.error_matches(function() file("a\0b") end,
      "folder should be the path")
    assert.error_matches(function() file("x", { key = "short" }) end,
      "key should be 32 bytes")
    assert.error_matches(function() file("x", { keys = "" }) end,
      "unknown option 'keys'")
    for _, lock_timeout in ipairs { -1, 5.1, 0 / 0 } do
      assert.error_matches(
        function() file("x", { lock_timeout = lock_timeout }) end,
        "lock_timeout should be a number from 0 to 5")
    end
  end)
end)
