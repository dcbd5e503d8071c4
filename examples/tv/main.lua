--- A TV app with adobepass. The flows are in app.lua.

-- The path of this checkout, or of a copy of examples/tv and examples/shared; an
-- installed module has other paths.
local tree = love.filesystem.getSource() .. "/../../"
package.path = ("%slua/?.lua;%slua/?/init.lua;%s?.lua;"):format(tree, tree, tree)
  .. package.path
package.cpath = tree .. "build/luajit/?.so;" .. package.cpath

local App = require "app"
local frames = require "frames"
local settings = require "settings"
local tiles = require "tiles"
local ui = require "ui"

local RATE = tonumber(os.getenv "TV_RATE" or 60) -- frames per second without vsync
local LONGEST = 0.1 -- seconds that one update advances at most, so that
-- animations do not jump after a pause
local REPEAT = 0.5 -- seconds after which a picture is drawn again, in case
-- another window covered this one

-- Remote controls send key events.
local KEYS = { up = "up", down = "down", left = "left", right = "right",
  ["return"] = "ok", kpenter = "ok", escape = "back", backspace = "back" }

local running
local drawn_at = -math.huge

-- Graphics drivers compile a shader at its first use; draw each kind of shape once
-- before the first frame.
local function draw_all(image)
  ui.begin()
  ui.title("Warm", "up")
  ui.hints { { "move", "" } }
  for _, channel in ipairs(settings.channels) do
    tiles.draw(channel, 0, 0)
    tiles.draw(channel, 0, 0, true)
  end
  ui.column("tiny", "text", "one two", 0, 0, 40, "left", 2)
  love.graphics.draw(image, 0, 0, 0, 8)
  love.graphics.draw(image, 0, 0, 0, 8.5)
  ui.ring(100, 100, 30, 0.5, "good")
  ui.text("body", "text", "half", 20.5, 20.5, 0.5)
  ui.begin()
  love.graphics.present()
end

-- Draws several times, because LÖVE enlarges each of its vertex buffers at first use.
local function warm_up()
  local image = love.graphics.newImage(love.image.newImageData(2, 2))
  image:setFilter("nearest", "nearest")
  for _ = 1, 4 do draw_all(image) end
end

-- Resizes the window without a border; does not change the screen mode.
local function fill_the_screen()
  -- luacheck: ignore 143
  local width, height = love.window.getDesktopDimensions()
  love.window.setMode(width, height, { borderless = true })
end

function love.load(arguments)
  if arguments[1] == "--fullscreen" then fill_the_screen() end
  love.mouse.setVisible(false)
  ui.load()
  tiles.load()
  warm_up()
  running = App.new()
end

function love.keypressed(key)
  if KEYS[key] then running:key(KEYS[key]) end
end

function love.quit()
  running:close()
  frames.write()
end

local function take_events()
  love.event.pump()
  for name, a, b, c, d, e, f in love.event.poll() do
    if name == "quit" then
      love.quit()
      return a or 0
    end
    love.handlers[name](a, b, c, d, e, f) -- luacheck: ignore 143
  end
end

local function draw()
  running:draw()
  love.graphics.present()
  drawn_at = love.timer.getTime()
end

-- Nothing is drawn if nothing has changed, to save power.
local function one_frame()
  frames.begin()
  local status = take_events()
  if status then return status end
  local changes = running:update(math.min(love.timer.step(), LONGEST))
    or love.timer.getTime() - drawn_at > REPEAT
  if changes then draw() end
  collectgarbage("step", 1)
  frames.finish(running.screen.name, changes)
  running:tell()
end

-- Without vsync, sleep sets the frame rate; after a late frame the schedule
-- restarts.
function love.run()
  love.load(love.arg.parseGameArguments(arg)) -- luacheck: ignore 143
  love.timer.step()
  local due = love.timer.getTime()
  return function()
    local status = one_frame()
    if status then return status end
    due = math.max(due + 1 / RATE, love.timer.getTime())
    love.timer.sleep(due - love.timer.getTime())
  end
end
