local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"

-- `started` is written when the background process no longer ignores TERM.
local SCRIPT = [[
(trap - TERM; : > ready; exec sleep 600) &
until [ -e ready ]; do sleep 0.01; done
echo $! > started
read -r word
echo "$word, $2" > "$2"
read -r _
kill -s TERM $!
wait
]]

-- Waits until a file contains a line; returns the line.
local function wait_for_line(path)
  return process.eventually(function()
    return (folder.read(path) or ""):match "^(.*)\n"
  end, path)
end

describe("shell.background", function()
  local path, outside

  before_each(function() path, outside = folder.make(), folder.make() end)
  after_each(function()
    folder.remove(path)
    folder.remove(outside)
  end)

  it("[shell-background-ends] shell.background: close stops the script and "
    .. "removes the folder", function()
    local keeper = shell.background("spec-keeper", path, SCRIPT,
      outside .. "/it's")
    local pid = wait_for_line(path .. "/started")
    keeper:write "100%s\n"
    keeper:flush()
    assert.equal("100%s, " .. outside .. "/it's", wait_for_line(outside .. "/it's"))
    assert.is_true(process.is_alive(pid))
    keeper:close()
    assert.is_false(process.is_alive(pid))
    assert.equal("", folder.run("ls -d " .. path .. " 2> /dev/null || true"))
  end)

  it("[shell-background-owner-killed] shell.background: the script stops when "
    .. "its owner is killed", function()
    local owner = child_process.start(([[
      local shell = require "adobepass.util.shell"
      local keeper = shell.background("spec-keeper", %q, %q, "/dev/null")
      require("adobepass.core").clock.sleep(600)
      keeper:close()
    ]]):format(path, SCRIPT))
    local pid = wait_for_line(path .. "/started")
    owner:kill()
    folder.run(("timeout 30 sh -c 'while [ -e %s ]; do sleep 0.01; done'")
      :format(path))
    assert.is_false(process.is_alive(pid))
  end)
end)

describe("shell.write_file", function()
  it("[shell-write-full-disk] shell.write_file: returns an error when the disk is full",
    function()
    for _, text in ipairs { "x", ("x"):rep(100000) } do
      local done, message, code = shell.write_file("/dev/full", text)
      assert.is_nil(done)
      assert.equal("/dev/full: No space left on device", message)
      assert.equal("file", code)
    end
  end)
end)
