--- The short examples, run unchanged.

local example_runner = require "spec.support.example_runner"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"

local function code_of(line)
  return assert(line and line:match "code=(%w+)", line)
end

describe("example scripts", function()
  local running, home

  setup(function()
    running = assert(host.start { throttle = false })
    home = folder.make()
  end)

  teardown(function()
    running:stop()
    folder.remove(home)
  end)

  it("[example-quickstart-lua-logs] quickstart.lua: logs in, and finds the "
    .. "stored profile at the next run", function()
    local run = example_runner.start(running, "examples/quickstart.lua", home)
    run:sign_in(code_of(run:line()))
    local output = "Signed in with Cablevision\nYou may watch CNN, TBS\n"
      .. 'HBO: Your subscription package does not include the "HBO" channel\n'
      .. "Playing CNN\n"
    assert.equal(output, run:stop())
    run = example_runner.start(running, "examples/quickstart.lua", home)
    assert.equal(output, run:stop())
  end)

  it("[example-quickstart-lua-denied] quickstart.lua: does not play after a "
    .. "denial", function()
    -- The service denies each authorization, but no preauthorization.
    local strict = assert(host.start { throttle = false,
      world = { mvpds = { Cablevision = { limits = { authorize = 0 } } } } })
    local path = folder.make()
    finally(function()
      strict:stop()
      folder.remove(path)
    end)
    local run = example_runner.start(strict, "examples/quickstart.lua", path)
    run:sign_in(code_of(run:line()))
    local output = run:stop()
    assert.matches("You may watch CNN, TBS\n", output, 1, true)
    assert.is_nil(output:find("Playing", 1, true), output)
    assert.matches("\nCNN: %u[^\n]+%.\n$", output)
  end)

  it("[example-service-token-lua-second] service_token.lua: logs in a second "
    .. "device with a link code", function()
    local run = example_runner.start(running, "examples/service_token.lua",
      home)
    run:sign_in(code_of(run:line()))
    assert.equal("Living room: signed in with Cablevision (regular)",
      run:line())
    assert.matches("^Living room: type %d%d%d%d%d%d in the bedroom%.$",
      run:line())
    assert.equal("Bedroom: signed in with Cablevision (serviceTokenSSO)\n",
      run:stop())
  end)
end)
