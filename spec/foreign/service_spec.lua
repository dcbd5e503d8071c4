--- Runs the shell examples of docs/sandbox.md with the command of this checkout.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local child_process = require "spec.support.child_process"

-- The command's own Lua runs the examples, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("docs/sandbox.md", function()
  local blocks, bin, place = {}, nil, nil

  setup(function()
    local text = assert(shell.read_file "docs/sandbox.md")
    for block in text:gmatch "\n```sh\n(.-)```" do blocks[#blocks + 1] = block end
    place = folder.make()
    bin = shell.read "pwd" .. "/bin"
  end)

  teardown(function() folder.remove(place) end)

  -- Runs the only example that contains a text. Returns output, status and what the
  -- example left in the folder for temporary files.
  local function run(marker)
    local found
    for _, block in ipairs(blocks) do
      if block:find(marker, 1, true) then
        assert.is_nil(found)
        found = block
      end
    end
    local output, status = shell.read(("cd %s && PATH=%s:$PATH TMPDIR=%s sh -ec %s")
      :format(shell.quote(place), shell.quote(bin), shell.quote(place),
        shell.quote(assert(found, marker))))
    return output, status
  end

  local function is_empty()
    for _ = 1, 500 do
      if shell.read("ls -A " .. shell.quote(place)) == "" then return true end
      shell.read "sleep 0.02"
    end
    return false, shell.read("ls -A " .. shell.quote(place))
  end

  it("[service-background] sandbox: the documented shell script starts it in the "
    .. "background, waits, uses and stops it", function()
    local output, status = run "--json > sandbox.json"
    assert.equal(0, status, output)
    assert.equal("201", output)
    assert.is_true(is_empty())
  end)

  it("[service-exec] sandbox: the documented --exec runs tests and stops "
    .. "it", function()
    local output, status = run "the tests passed"
    assert.equal(0, status, output)
    assert.equal("the tests passed", output)
    assert.is_true(is_empty())
  end)

  it("[service-no-start] sandbox: the documented shell script ends if the sandbox "
    .. "does not start", function()
    bin = place .. "/bin"
    assert.equal(0, shell.execute(("mkdir %s && printf '#!/bin/sh\nexit 1\n' > "
      .. "%s/adobepass && chmod +x %s/adobepass"):format(bin, bin, bin)))
    local _, status = run "--json > sandbox.json"
    assert.equal(1, status)
  end)
end)
