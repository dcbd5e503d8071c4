local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local file = core.file
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"
local mount_namespace = require "spec.support.mount_namespace"
local shell = require "adobepass.util.shell"

local KILLS = tonumber(os.getenv("ADOBEPASS_KILLS")
  or os.getenv("ADOBEPASS_THOROUGH") and "400" or "25")

describe("core.file", function()
  local path, name

  before_each(function()
    path = folder.make()
    name = path .. "/secret"
  end)

  after_each(function()
    folder.remove(path)
    open_handles.assert_none()
  end)

  local function listing() return folder.run("ls -A " .. path) end

  local function assert_failed(wanted, ...)
    local value, message, code = ...
    assert.is_nil(value)
    assert.equal(wanted, code)
    assert.matches("%.$", message)
    return message
  end

  it("[core-file-brings-written-bytes] core.file: read returns what write "
    .. "wrote, any bytes", function()
    for _, content in ipairs { "", "x", "\0\255\r\n", ("y"):rep(100000) } do
      assert.is_true(file.write(name, content))
      assert.equal(content, file.read(name))
    end
    assert.equal("secret", listing())
  end)

  it("[core-file-owner-eyes-umask] core.file: a file has mode 600, whatever "
    .. "the umask", function()
    child_process.run(([[
      assert(require("adobepass.core").file.write(%q, "x"))
    ]]):format(name))
    assert.equal("600", folder.run("stat -c %a " .. name))
    folder.run("umask 0777; " .. child_process.command(([[
      assert(require("adobepass.core").file.write(%q, "y"))
    ]]):format(name)))
    assert.equal("600", folder.run("stat -c %a " .. name))
    assert.equal("y", file.read(name))
  end)

  it("[core-file-open-private-writing] core.file: write sets an existing "
    .. "file's mode to 600", function()
    folder.write(name, "old")
    folder.run("chmod 644 " .. name)
    assert(file.write(name, "new"))
    assert.equal("600", folder.run("stat -c %a " .. name))
  end)

  it("[core-file-relative-name] core.file: accepts a relative path", function()
    folder.run("cd " .. path .. " && " .. child_process.command(
      [[assert(require("adobepass.core").file.write("here", "x"))]]))
    assert.equal("x", file.read(path .. "/here"))
  end)

  it("[core-file-names] core.file: a missing file or folder gives "
    .. "not_found", function()
    assert.matches("secret", assert_failed("not_found", file.read(name)))
    assert_failed("not_found", file.write(path .. "/none/secret", "x"))
    assert_failed("not_found", file.read(path .. "/secret/x"))
  end)

  -- Root can open any folder, unless it has given up its capabilities.
  it("[core-file-no-access] core.file: a folder without permissions is "
    .. "no_access", function()
    local without = folder.run "id -u" == "0" and "setpriv --bounding-set=-all " or ""
    folder.run("chmod 0 " .. path)
    local code = folder.run(without .. child_process.command(([[
      print((select(3, require("adobepass.core").file.read(%q))))
    ]]):format(name)))
    folder.run("chmod 700 " .. path)
    assert.equal("no_access", code)
  end)

  it("[core-file-refuses-read-read] core.file: refuses to read a file that "
    .. "other users may open", function()
    assert(file.write(name, "x"))
    for _, mode in ipairs { "640", "604", "660", "601", "620" } do
      folder.run("chmod " .. mode .. " " .. name)
      assert.matches("chmod 600", assert_failed("insecure_file", file.read(name)))
    end
  end)

  it("[core-file-follows-no-symbolic] core.file: neither follows nor replaces "
    .. "a symbolic link", function()
    assert(file.write(path .. "/real", "real"))
    folder.run(("ln -s %s/real %s"):format(path, name))
    assert_failed("insecure_file", file.read(name))
    assert_failed("insecure_file", file.write(name, "x"))
    assert_failed("insecure_file", file.lock(name))
    assert.equal("real", file.read(path .. "/real"))
  end)

  it("[core-file-not-held-pipe-misled] core.file: refuses a pipe without "
    .. "blocking, and a folder", function()
    folder.run("mkfifo -m 600 " .. name)
    assert_failed("insecure_file", file.read(name))
    assert_failed("insecure_file", file.write(name, "x"))
    assert_failed("insecure_file", file.read(path))
    assert_failed("insecure_file", file.write(path, "x"))
  end)

  it("[core-file-not-misled-temporary] core.file: refuses a link or a pipe in "
    .. "the place of its temporary file", function()
    assert(file.write(path .. "/real", "real"))
    local temporary = path .. "/.secret.tmp"
    folder.run(("ln -s %s/real %s"):format(path, temporary))
    assert_failed("insecure_file", file.write(name, "x"))
    folder.run(("rm %s; mkfifo -m 600 %s"):format(temporary, temporary))
    assert_failed("insecure_file", file.write(name, "x"))
    assert.equal("real", file.read(path .. "/real"))
  end)

  it("[core-file-linked-temporary] core.file: replaces a temporary file to which a "
    .. "backup has a hard link", function()
    folder.run(("umask 077; cd %s; echo old > .secret.tmp; ln .secret.tmp backup")
      :format(path))
    assert.is_true(file.write(name, "new"))
    assert.equal("new", file.read(name))
    assert.equal("old\n", folder.read(path .. "/backup"))
    assert.equal("backup\nsecret", listing())
  end)

  it("[core-file-refuses-belongs] core.file: refuses a file of another "
    .. "user", function()
    if not mount_namespace.is_root then return pending("needs root") end
    assert(file.write(name, "x"))
    folder.run("chown 65534 " .. name)
    assert_failed("insecure_file", file.read(name))
  end)

  local NOBODY = "setpriv --reuid=65534 --clear-groups "

  local function why_not_as_nobody()
    if not mount_namespace.is_root then return "needs root" end
    return shell.execute(NOBODY .. "test -r \"$PWD/csrc/storage/private_file.c\"") ~= 0
      and "needs a tree that everybody may read"
  end

  it("[core-file-says-may] core.file: missing permission gives "
    .. "no_access", function()
    local why_not = why_not_as_nobody()
    if why_not then return pending(why_not) end
    assert(file.write(name, "x"))
    local output = folder.run(NOBODY .. child_process.command(([[
        local file = require("adobepass.core").file
        print(select(3, file.read(%q)), select(3, file.write(%q, "y")))
      ]]):format(name, name)))
    assert.equal("no_access\tno_access", output)
  end)

  it("[core-file-changes-folder] core.file: changes nothing in a folder that "
    .. "cannot be synced", function()
    local why_not = why_not_as_nobody()
    if why_not then return pending(why_not) end
    assert(file.write(name, "old"))
    folder.run(("chown -R 65534 %s && chmod 300 %s"):format(path, path))
    assert.equal("no_access\tno_access\told", folder.run(NOBODY
      .. child_process.command(([[
        local file = require("adobepass.core").file
        print(select(3, file.write(%q, "new")), select(3, file.remove(%q)),
          (file.read(%q)))
      ]]):format(name, name, name))))
    folder.run(("chown -R 0 %s && chmod 700 %s"):format(path, path))
  end)

  it("[core-file-reads-no-allowed] core.file: refuses to read a file larger "
    .. "than max", function()
    assert(file.write(name, ("x"):rep(100)))
    assert.equal(100, #file.read(name, { max = 100 }))
    assert_failed("too_large", file.read(name, { max = 99 }))
    assert(file.write(name, ("x"):rep(1048577)))
    assert_failed("too_large", file.read(name))
  end)

  it("[core-file-keeps-old-content] core.file: a full disk leaves the old "
    .. "content", function()
    assert.equal("no_space\ttrue\t.\t..\tsecret",
      mount_namespace.on_small_disk(path, [[
      local file = require("adobepass.core").file
      local old = ("o"):rep(30000)
      assert(file.write("secret", old))
      local _, _, code = file.write("secret", ("n"):rep(60000))
      local list = io.popen("ls -a"):read("*a"):gsub("\n$", "")
      print(code, file.read("secret") == old, (list:gsub("\n", "\t")))
    ]]))
  end)

  it("[core-file-disk-not-written] core.file: a read-only disk gives "
    .. "read_only", function()
    assert.equal("read_only\ttrue\tx", mount_namespace.on_small_disk(path, [[
      local file = require("adobepass.core").file
      assert(file.write("secret", "x"))
      os.execute("mount -o remount,ro .")
      print(select(3, file.write("secret", "y")), select(3,
        file.remove("secret")) == "read_only", (file.read("secret")))
    ]]))
  end)

  it("[core-file-removes-not-mind] core.file: remove is idempotent", function()
    assert(file.write(name, "x"))
    assert.is_true(file.remove(name))
    assert.is_true(file.remove(name))
    assert.equal("", listing())
    assert.is_nil((file.remove(path)))
  end)

  it("[core-file-remove-no-folder] core.file: remove succeeds when the folder does "
    .. "not exist", function()
    assert.is_true(file.remove(path .. "/none/secret"))
  end)

  describe("make_folder", function()
    local function mode(folder_path)
      return folder.run("stat -c %a " .. folder.quote(folder_path))
    end

    it("[core-folder-mode-umask] make_folder: creates a folder and its parents "
      .. "with mode 700, whatever the umask", function()
      for _, umask in ipairs { "0", "022", "0777" } do
        local top = path .. "/" .. umask
        folder.run("umask " .. umask .. "; " .. child_process.command(([[
          assert(require("adobepass.core").file.make_folder(%q))
        ]]):format(top .. "/b//c/")))
        assert.same({ "700", "700", "700" },
          { mode(top), mode(top .. "/b"), mode(top .. "/b/c") })
      end
    end)

    it("[core-folder-closes] make_folder: leaves no descriptor open", function()
      local before = #file.list("/proc/self/fd")
      assert.is_true(file.make_folder(path .. "/a/b/c"))
      assert.equal(before, #file.list("/proc/self/fd"))
    end)

    it("[core-folder-any-name] make_folder: accepts any name and relative "
      .. "paths", function()
      for _, part in ipairs { "with space", "it's", "-rf", "$HOME",
        "line\nbreak", "\255" } do
        assert.is_true(file.make_folder(path .. "/" .. part))
        assert.equal("700", mode(path .. "/" .. part))
      end
      folder.run("cd " .. path .. " && " .. child_process.command(
        [[assert(require("adobepass.core").file.make_folder("here/deep"))]]))
      assert.equal("700", mode(path .. "/here/deep"))
    end)

    it("[core-folder-not-synced] make_folder: creates a folder in one that may be "
      .. "written but not read", function()
      local why_not = why_not_as_nobody()
      if why_not then return pending(why_not) end
      local function make_with_mode(bits)
        folder.run(("chown 65534 %s && chmod %s %s"):format(path, bits, path))
        local result = folder.run(NOBODY .. child_process.command(([[
          print(require("adobepass.core").file.make_folder(%q))
        ]]):format(name .. "/deep")))
        folder.run(("chown 0 %s && chmod 700 %s"):format(path, path))
        return result
      end
      assert.equal("nil\tCannot create " .. name .. ": Permission denied.\tno_access",
        make_with_mode "500")
      assert.equal("", listing())
      assert.equal("true", make_with_mode "300")
      assert.equal("700", mode(name .. "/deep"))
    end)

    it("[core-folder-keeps-existing] make_folder: does not change an existing "
      .. "folder", function()
      folder.run(("mkdir -m 755 %s/old; mkdir -m 777 %s/wide"):format(path,
        path))
      assert.is_true(file.make_folder(path .. "/old"))
      assert.equal("755", mode(path .. "/old"))
      assert.is_true(file.make_folder(path .. "/wide/inner"))
      assert.equal("777", mode(path .. "/wide"))
      assert.equal("700", mode(path .. "/wide/inner"))
    end)

    it("[core-folder-refuses-writable] make_folder: refuses a folder that "
      .. "other users may write to", function()
      for _, bits in ipairs { "770", "777", "1777", "702", "720" } do
        folder.run(("mkdir -p %s && chmod %s %s"):format(name, bits, name))
        assert.matches("secret is writable by other users: run chmod 700 on it",
          assert_failed("insecure_file", file.make_folder(name)))
      end
    end)

    it("[core-folder-refuses-foreign] make_folder: refuses a folder of another "
      .. "user", function()
      if not mount_namespace.is_root then return pending("needs root") end
      folder.run(("mkdir -m 700 %s; chown 65534 %s"):format(name, name))
      assert.matches("secret belongs to another user",
        assert_failed("insecure_file", file.make_folder(name)))
    end)

    it("[core-folder-trusts-superuser] make_folder: accepts a folder of the "
      .. "superuser", function()
      local why_not = why_not_as_nobody()
      if why_not then return pending(why_not) end
      folder.run(("mkdir -m 755 %s; chmod 755 %s"):format(name, path))
      assert.equal("true", folder.run(NOBODY .. child_process.command(([[
        print(require("adobepass.core").file.make_folder(%q))
      ]]):format(name))))
    end)

    it("[core-folder-follows-link] make_folder: follows a link to a folder and "
      .. "checks the folder", function()
      folder.run(("mkdir -m 700 %s/real; ln -s real %s"):format(path, name))
      assert.is_true(file.make_folder(name))
      folder.run(("chmod 777 %s/real"):format(path))
      assert_failed("insecure_file", file.make_folder(name))
      folder.run(("rmdir %s/real"):format(path))
      assert_failed("not_found", file.make_folder(name))
    end)

    it("[core-folder-not-made] make_folder: reports why a folder cannot be "
      .. "created", function()
      folder.write(name, "x")
      assert_failed("not_found", file.make_folder(name))
      assert_failed("not_found", file.make_folder(name .. "/below/it"))
      assert_failed("not_found", file.make_folder("/proc/none/here"))
      assert_failed("not_found", file.make_folder(""))
      assert_failed("io_error", file.make_folder(path .. "/" .. ("x"):rep(300)))
      assert.equal("x", folder.read(name))
    end)
  end)

  describe("list", function()
    it("[core-folder-lists-names] core.file.list: returns every name, also "
      .. "hidden and unusual ones", function()
      local expected = { "-rf", ".hidden", "a", "line\nbreak", "\255" }
      for _, part in ipairs(expected) do
        folder.write(path .. "/" .. part, "")
      end
      local names = assert(file.list(path))
      table.sort(names)
      table.sort(expected)
      assert.same(expected, names)
    end)

    it("[core-folder-lists-empty] core.file.list: returns an empty list for an "
      .. "empty folder", function()
      assert.same({}, file.list(path))
    end)

    it("[core-folder-lists-ceiling] core.file.list: refuses more entries than "
      .. "max", function()
      for i = 1, 300 do folder.write(path .. "/" .. i, "") end
      assert.equal(300, #file.list(path, { max = 300 }))
      assert_failed("too_large", file.list(path, { max = 299 }))
      assert.error_matches(function() file.list(path, { max = 0 }) end, "max")
      assert.error_matches(function() file.list(path, { most = 1 }) end,
        "most")
    end)

    it("[core-folder-lists-failure] core.file.list: a missing folder or a file "
      .. "gives not_found", function()
      assert_failed("not_found", file.list(path .. "/none"))
      folder.write(name, "")
      assert_failed("not_found", file.list(name))
    end)

    it("[core-folder-lists-closes] core.file.list: closes the folder, also "
      .. "after a failure", function()
      local function descriptors()
        return #file.list("/proc/self/fd")
      end
      folder.write(name, "")
      folder.write(name .. "2", "")
      local before = descriptors()
      for _ = 1, 10 do
        file.list(path)
        assert_failed("too_large", file.list(path, { max = 1 }))
      end
      assert.equal(before, descriptors())
    end)
  end)

  describe("with a key", function()
    local key = ("k"):rep(32)

    it("[core-file-brings-encrypted] encrypted file: read returns what write "
      .. "encrypted", function()
      for _, content in ipairs { "", "x", ("secret word "):rep(1000) } do
        assert.is_true(file.write(name, content, { key = key }))
        assert.equal(content, file.read(name, { key = key }))
        assert.is_nil(folder.read(name):find("secret word", 1, true))
      end
    end)

    it("[core-file-never-encrypts-twice] encrypted file: the same content is "
      .. "encrypted differently each time", function()
      file.write(name, "x", { key = key })
      local first = folder.read(name)
      file.write(name, "x", { key = key })
      assert.not_equal(first, folder.read(name))
    end)

    it("[core-file-refuses-changed-byte] encrypted file: refuses any changed "
      .. "byte and any shorter file", function()
      file.write(name, "content", { key = key })
      local sealed = folder.read(name)
      for at = 1, #sealed do
        local c = sealed:byte(at)
        folder.write(name, sealed:sub(1, at - 1)
          .. string.char((c + 1) % 256) .. sealed:sub(at + 1))
        assert_failed("decrypt_failed", file.read(name, { key = key }))
        folder.write(name, sealed:sub(1, at - 1))
        assert_failed("decrypt_failed", file.read(name, { key = key }))
      end
    end)

    it("[core-file-right-key-right] encrypted file: needs the right key, and a "
      .. "key needs an encrypted file", function()
      file.write(name, "content", { key = key })
      assert_failed("decrypt_failed", file.read(name, { key = ("K"):rep(32) }))
      assert_failed("key_needed", file.read(name))
      file.write(name, "plain")
      assert_failed("decrypt_failed", file.read(name, { key = key }))
    end)

    it("[core-file-no-randomness] encrypted file: a write without random numbers gives "
      .. "no_randomness", function()
      folder.write(path .. "/openssl", "openssl_conf = all\n[all]\nrandom = chosen\n"
        .. "[chosen]\nrandom = NONE\n")
      assert.equal("no_randomness", folder.run(("OPENSSL_CONF=%s/openssl "):format(path)
        .. child_process.command(([[
          local file = require("adobepass.core").file
          print((select(3, file.write(%q, "x", { key = ("k"):rep(32) }))))
        ]]):format(name))))
    end)

    it("[core-file-refuses-write-clear] encrypted file: writing its bytes "
      .. "without a key raises", function()
      file.write(name, "content", { key = key })
      local sealed = folder.read(name)
      assert.error_matches(function() file.write(name, sealed) end,
        "begins like an encrypted file")
    end)
  end)

  describe("lock", function()
    local function hold()
      local holder = child_process.start(([[
        io.stdout:setvbuf("no")
        local file = require("adobepass.core").file
        local lock = assert(file.lock(%q))
        print("held")
        file.lock(%q, 3600)
        lock:close()
      ]]):format(path .. "/lock", path .. "/gate"))
      assert.equal("held", holder:line())
      return holder
    end

    it("[core-file-keeps-process] core.file.lock: excludes other locks, also "
      .. "in the same process", function()
      local lock = assert(file.lock(path .. "/lock"))
      assert.equal("adobepass.lock (held)", tostring(lock))
      assert_failed("busy", file.lock(path .. "/lock"))
      assert_failed("busy", file.lock(path .. "/lock", 0.005))
      lock:close()
      lock:close()
      assert.equal("adobepass.lock (closed)", tostring(lock))
      assert(file.lock(path .. "/lock")):close()
    end)

    it("[core-file-lock-whole-timeout] core.file.lock: fails with busy only when "
      .. "the timeout has passed", function()
      local lock = assert(file.lock(path .. "/lock"))
      local started = core.clock.monotonic()
      assert_failed("busy", file.lock(path .. "/lock", 0.05))
      assert.is_true(core.clock.monotonic() - started >= 0.05)
      lock:close()
    end)

    it("[core-file-keeps-processes-killed] core.file.lock: excludes other "
      .. "processes until the holder is killed", function()
      local gate = assert(file.lock(path .. "/gate"))
      local holder = hold()
      assert_failed("busy", file.lock(path .. "/lock", 0.005))
      holder:kill()
      assert(file.lock(path .. "/lock", 10)):close()
      gate:close()
    end)

    -- flock(2): forked processes share the lock through the descriptor.
    it("[core-file-took-forked-meanwhile] core.file.lock: only the process "
      .. "that took it releases it, not a forked child", function()
      if not rawget(_G, "jit") then
        return pending "for LuaJIT alone, which can fork"
      end
      assert.equal("busy\tnil", child_process.run(([[
        local ffi = require "ffi"
        ffi.cdef "int fork(void); void _exit(int); int pause(void);"
        ffi.cdef "int kill(int, int); int waitpid(int, int *, int);"
        local file = require("adobepass.core").file
        local function code_of() return (select(3, file.lock(%q))) end
        local lock = assert(file.lock(%q))
        local first = ffi.C.fork()
        if first == 0 then
          lock:close() -- must not release the parent's lock
          ffi.C._exit(0)
        end
        ffi.C.waitpid(first, nil, 0)
        local held = code_of()
        local second = ffi.C.fork()
        while second == 0 do ffi.C.pause() end
        lock:close()
        local free = code_of()
        ffi.C.kill(second, 9)
        print(held, free)
      ]]):format(path .. "/lock", path .. "/lock")))
    end)

    it("[core-file-let-go-collector] core.file.lock: garbage collection "
      .. "releases it", function()
      assert(file.lock(path .. "/lock"))
      collectgarbage()
      collectgarbage()
      assert(file.lock(path .. "/lock")):close()
    end)

    it("[core-file-names-folder-missing] core.file.lock: a missing folder "
      .. "gives io_error", function()
      assert_failed("io_error", file.lock(path .. "/none/lock"))
    end)
  end)

  -- Each content starts with its digest, so a partial write is detected.
  local WRITER = [[
    local core = require "adobepass.core"
    io.stdout:setvbuf("no")
    print("ready")
    for i = 1, 1e9 do
      local body = (i .. " "):rep(2000 + i %% 7 * 500)
      assert(core.file.write(%q, core.digest.sha256(body) .. body))
    end
  ]]

  local function assert_whole(content)
    assert.equal(core.digest.hex(content:sub(1, 32)),
      core.digest.hex(core.digest.sha256(content:sub(33))))
  end

  it("[core-file-survives-kills-writer] core.file: content stays whole through "
    .. KILLS .. " kills of a writer", function()
    assert(file.write(name, core.digest.sha256("")))
    for round = 1, KILLS do
      local writer = child_process.start(WRITER:format(name))
      assert.equal("ready", writer:line())
      for _ = 1, 1 + core.random.bytes(1):byte() % 40 do
        assert_whole(assert(file.read(name)))
      end
      writer:kill()
      assert_whole(assert(file.read(name), "lost in round " .. round))
    end
    assert(file.write(name, "at last"))
    assert.equal("secret", listing())
  end)

  it("[core-file-keeps-writers-apart] core.file: concurrent writers leave one "
    .. "whole content", function()
    assert(file.write(name, core.digest.sha256("")))
    local writers = {}
    for index = 1, 4 do
      writers[index] = child_process.start(WRITER:format(name))
    end
    for _, writer in ipairs(writers) do assert(writer:line()) end
    for _ = 1, 300 do assert_whole(assert(file.read(name))) end
    for _, writer in ipairs(writers) do writer:kill() end
    assert_whole(assert(file.read(name)))
  end)

  it("[core-file-raises-programmer] core.file: usage errors raise", function()
    for _, call in ipairs { "read", "write", "remove", "lock" } do
      assert.error_matches(function() file[call]() end, "string expected")
      assert.error_matches(function() file[call]("a\0b", "x") end,
        "should hold no NUL")
    end
    assert.error_matches(function() file.write(name) end, "bad argument #2")
    assert.error_matches(function() file.write(name, "x", { key = "k" }) end,
      "option 'key' should be 32 bytes")
    assert.error_matches(function() file.read(name, { size = 1 }) end,
      "unknown option 'size'")
    assert.error_matches(function() file.read(name, { max = 0 }) end,
      "option 'max' should be a number")
    assert.error_matches(function() file.lock(name, -1) end,
      "bad argument #2")
  end)
end)
