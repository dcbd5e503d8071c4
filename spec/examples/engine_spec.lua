--- The C engine, with sanitizers and without a screen. ADOBEPASS_CLOSINGS (20) is the
-- number of times that its Lua state is closed, ADOBEPASS_SEED (1) selects the times.
-- The engine embeds Lua 5.4, so one run is enough.

local child_process = require "spec.support.child_process"
local host = require "adobepass.sandbox.host"
local shell = require "adobepass.util.shell"

local ENGINE = "build/lua5.4-asan/engine"

local binary = child_process.interpreter() == "lua5.4" and io.open(ENGINE)
if binary then binary:close() end
local test = binary and it or pending

describe("engine", function()
  local sandbox

  setup(function()
    if not binary then return end
    sandbox = assert(host.start { throttle = false,
      world = "examples/tv/world.lua" })
  end)

  teardown(function() if sandbox then sandbox:stop() end end)

  -- Returns what the engine printed, and its exit status.
  local function run(script, variables)
    local words = { "SDL_VIDEODRIVER=dummy", "ENGINE_UNPACED=1",
      "ASAN_OPTIONS=detect_leaks=1",
      "LUA_CPATH=build/lua5.4-asan/?.so;;", "ENGINE_GAME=examples/engine/game.lua",
      "ADOBEPASS_API=" .. sandbox.api, "ADOBEPASS_MGMT=" .. sandbox.mgmt,
      "ADOBEPASS_CA=" .. sandbox.ca, "ADOBEPASS_CONTROL=" .. sandbox.control,
      "ADOBEPASS_STATEMENT=" .. sandbox.statement }
    for name, value in pairs(variables) do words[#words + 1] = name .. "=" .. value end
    words[#words + 1] = ENGINE
    words[#words + 1] = script
    for index, word in ipairs(words) do words[index] = shell.quote(word) end
    return shell.read("timeout 1200 env " .. table.concat(words, " ") .. " 2>&1")
  end

  test("[engine-closings] engine: closes the Lua state at random times of a login "
    .. "without a leak", function()
    local closings = tonumber(os.getenv "ADOBEPASS_CLOSINGS" or 20)
    local output, status = run("spec/examples/engine/second_screen.lua", {
      ENGINE_RELOADS = closings, ENGINE_LONGEST = 120,
      ENGINE_SEED = os.getenv "ADOBEPASS_SEED" or 1 })
    if os.getenv "ADOBEPASS_CLOSINGS" then print(output) end
    assert.equal(0, status, output)
    assert.is_nil(output:find("left open", 1, true), output)
    local _, closed = output:gsub("closed: ", "")
    assert.equal(closings + 1, closed)
    assert.matches("closed: [^\n]*, [1-9] requests", output) -- within a transfer
  end)

  test("[engine-channels] engine: the game shows a code, then the "
    .. "channels", function()
    local output, status = run("spec/examples/engine/second_screen.lua",
      { ENGINE_UNTIL = "Channels", ENGINE_SECONDS = 60 })
    assert.equal(0, status, output)
    assert.matches("^closed: Channels, 0 requests\n1 loads", output)
  end)

  test("[engine-close-after-error] engine: calls close after an error of the "
    .. "script", function()
    local path = os.tmpname()
    shell.write_file(path, [[
      local load_number = ...
      if load_number == 1 then engine.press "R" end
      function update()
        if load_number == 1 then error "boom" end
        engine.quit()
      end
      function close() print("close", load_number) end]])
    local output = run(path, {})
    os.remove(path)
    assert.matches("close\t1\n.*close\t2\n", output)
  end)

  test("[engine-script-error] engine: reports the error of a script and loads it "
    .. "again", function()
    local path = os.tmpname()
    shell.write_file(path, [[
      local load_number = ...
      if load_number == 1 then engine.press "R" end
      function draw()
        if load_number == 2 then engine.quit() end
        error 'boom'
      end]])
    local output, status = run(path, {})
    os.remove(path)
    assert.equal(1, status)
    assert.equal(2, select(2, output:gsub("boom\nstack traceback:", "")))
    assert.matches("2 loads", output)
  end)
end)
