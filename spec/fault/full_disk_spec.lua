--- A client whose disk becomes full or read-only after it has registered and
-- before it has saved the credentials. spec/unit/store/file_spec.lua and
-- spec/unit/core/storage/private_file_spec.lua test the file store itself.

local folder = require "spec.support.folder"
local mount_namespace = require "spec.support.mount_namespace"

-- `break_disk` runs when the response to the registration has arrived.
local SCRIPT = [[
  local adobepass = require "adobepass"
  local fake_clock = require "spec.support.fake_clock"
  local many_clients = require "spec.support.many_clients"
  local at = many_clients.new_sandbox(fake_clock.start())
  local struck = false
  local function new_client()
    return many_clients.new_client(at, { store = adobepass.store.file "store",
      on_event = function(event)
        if event.operation == "register" and not struck then
          struck = true
          os.execute "BREAK"
        end
      end })
  end
  local client, output = new_client(), {}
  local function call(one)
    output[#output + 1] = many_clients.outcome_of(one.api:profiles())
  end
  for _ = 1, 5 do call(client) end
  os.execute "MEND"
  call(client)
  call(new_client())
  local _, counts = at.control.take()
  print(table.concat(output, " "), counts.register)
]]

local function run_script(break_disk, repair_disk)
  local path = folder.make()
  local output = mount_namespace.on_small_disk(path, (SCRIPT:gsub("%u%u%u%u+", {
    BREAK = break_disk, MEND = repair_disk })))
  folder.remove(path)
  return output
end

local FAILED = ("store_failed "):rep(5)

describe("file store on a failing disk", function()
  local function with_root(name, body)
    -- tags: calls of with_root
    it(name, function()
      if not mount_namespace.is_root then
        pending("only root can mount a disk to break")
        return
      end
      body()
    end)
  end

  with_root("[crash-disk-full-costs-no-second] client: registers once although the "
    .. "disk is full", function()
    assert.equal(FAILED .. "ok ok\t1",
      run_script("head -c 200k /dev/zero > fill 2>&-", "rm fill"))
  end)

  with_root("[crash-disk-not-written-costs] client: registers once although the "
    .. "disk is read-only", function()
    assert.equal(FAILED .. "ok ok\t1", run_script("mount -o remount,ro .",
      "mount -o remount,rw ."))
  end)
end)
