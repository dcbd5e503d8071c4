--- The TV app in LÖVE, controlled by keys. Screenshots go to
-- build/screenshots/tv. LÖVE has its own Lua, so one run is enough.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local scenarios = require "spec.examples.tv.scenarios"
local screen_app = require "spec.support.screen_app"
local folder = require "spec.support.folder"
local process = require "spec.support.process"
local shell = require "adobepass.util.shell"
local fixture = require "spec.examples.tv.fixture"

local PICTURES = "build/screenshots/tv"

local there = child_process.interpreter() == "lua5.4" and fixture.is_there()
local test = there and it or pending

describe("TV app", function()
  local app_fixture

  local function look(name)
    core.clock.sleep(0.45) -- waits for the end of the animation
    app_fixture.app:keep_picture(name)
  end

  -- Bytes 17 to 24 of a PNG are width and height.
  local function check_picture(path)
    local w1, w2, _, _, h1, h2 = shell.read_file(path):byte(19, 24)
    assert.same({ 1280, 720 }, { w1 * 256 + w2, h1 * 256 + h2 })
  end

  setup(function()
    if not there then return end
    folder.run("mkdir -p " .. PICTURES)
    app_fixture = fixture.new()
    app_fixture.take_picture = look
  end)

  teardown(function()
    if app_fixture then app_fixture:stop() end
  end)

  for _, name in ipairs(scenarios.order) do
    test("[tv-viewer] TV app: the viewer "
      .. (name:gsub("_", " ")), function()
      scenarios[name](app_fixture)
      for _, path in ipairs(app_fixture.app:write_pictures(PICTURES)) do
        check_picture(path)
      end
    end)
  end
end)

describe("TV app texts", function()
  -- Returns the English texts of the sources: the argument of each call of text,
  -- and the words about a channel.
  local function texts_of(source, found)
    source = source:gsub('require "[^"]+"', ""):gsub('"text"', "")
      :gsub('"%s*%.%.%s*"', "")
    local function add(literal) found[(literal:gsub("\\n", "\n"))] = true end
    for literal in source:gmatch '%f[%w]text%s*%(?"([^"]+)"' do add(literal) end
    for arguments in source:gmatch "%f[%w]text(%b())" do
      for literal in arguments:gmatch '"([^"]+)"' do add(literal) end
    end
    for literal in source:gmatch 'about = "([^"]+)"' do add(literal) end
  end

  local NOT_SHOWN = { body = true, small = true, tiny = true, title = true,
    digits = true, heading = true, label = true, strong = true, code = true,
    text = true, soft = true, white = true, good = true, warm = true, faint = true }

  it("[tv-spanish-complete] TV app texts: each text of the app has a Spanish one, "
    .. "with the same placeholders", function()
    local found, count = {}, 0
    local spanish = dofile "examples/tv/spanish.lua"
    local list = folder.run("ls examples/tv/*.lua examples/tv/screens/*.lua "
      .. "examples/shared/*.lua")
    for path in list:gmatch "%S+" do
      local source = folder.read(path)
      if not path:find "spanish%.lua$" and not path:find "/text%.lua$"
          and not path:find "/ui%.lua$" then
        texts_of(source:gsub("ui%.text", "ui.draw"), found)
      end
    end
    for english in pairs(found) do
      if not NOT_SHOWN[english] then
        local other = assert(spanish[english], english)
        assert.equal(english:gsub("[^%%]", ""), other:gsub("[^%%]", ""), english)
        count = count + 1
      end
    end
    for english in pairs(spanish) do assert.is_true(found[english], english) end
    assert.is_true(count > 70, tostring(count))
  end)
end)

describe("TV app store", function()
  test("[tv-one-keeps-given] TV app store: passes the store conformance and "
    .. "persists its entries", function()
    local path = folder.make()
    finally(function() folder.remove(path) end)
    local tree = folder.run "pwd"
    folder.run(("cp examples/tv/store.lua examples/tv/store_writer.lua "
      .. "spec/examples/tv/in_love/*.lua %s"):format(folder.quote(path)))
    local output = folder.run("unset LUA_PATH LUA_CPATH; timeout 60 love "
      .. shell.line(path, tree, path .. "/kept"))
    assert.matches("^%d+ cases$", output)
  end)
end)

describe("TV app copy", function()
  test("[tv-copied-folder] TV app copy: finds examples/shared beside it and an "
    .. "installed module", function()
    local path, tree = folder.make(), folder.run "pwd"
    folder.run(("mkdir %s/examples && cp -r examples/tv examples/shared %s/examples")
      :format(path, path))
    local app = screen_app.new(shell.line("env",
      ("LUA_PATH=%s/lua/?.lua;%s/lua/?/init.lua;;"):format(tree, tree),
      ("LUA_CPATH=%s/build/luajit/?.so;;"):format(tree), "love",
      path .. "/examples/tv"))
    finally(function()
      app:stop()
      folder.remove(path)
    end)
    app:switch_on({}, true)
    app:await "^message\tno service\t"
  end)
end)

describe("TV app specs", function()
  test("[tv-owner-killed] TV app specs: app and X server end when their owner "
    .. "is killed", function()
    local owner = child_process.start [[
      local core = require "adobepass.core"
      local screen_app = require "spec.support.screen_app"
      local app = screen_app.new()
      app:switch_on({}, true)
      app:await "no service"
      print(app.display)
      print(app.folder)
      io.stdout:flush()
      while true do core.clock.sleep(60) end
    ]]
    local display, path = owner:line(), owner:line()
    assert.is_true(process.exists("/tmp/.X11-unix/X" .. display))
    owner:kill()
    -- The shell script of screen_app removes the folder after its processes have ended.
    process.await_end({}, path)
    assert.is_false(process.exists("/tmp/.X11-unix/X" .. display))
  end)
end)
