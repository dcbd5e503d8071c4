--- Records the animation in README.md: a TV and a phone, side by side, while a
-- viewer signs in. Needs ImageMagick's `convert` and the programs of the TV specs.
--
--   lua5.4 spec/examples/tv/moving_picture.lua [file.gif]    (LUA_PATH as for specs)

local core = require "adobepass.core"
local fixture = require "spec.examples.tv.fixture"
local folder = require "spec.support.folder"

local OUTPUT = arg[1] or "examples/tv/screenshots/sign-in.gif"
local ANIMATION = 0.4 -- seconds until the app has drawn its new screen

local COMPOSE = [[convert -size 1000x470 "xc:#0b0d12" \
  \( %s/tv.png -resize 752x423! \) -geometry +16+24 -composite \
  \( %s/phone.png -resize 200x423! \) -geometry +784+24 -composite %s]]

local Picture = {}
Picture.__index = Picture

local function new()
  local app_fixture = fixture.new()
  local self = setmetatable({ fixture = app_fixture, folder = folder.make(),
    frames = {} }, Picture)
  folder.run(("convert -size 390x844 'xc:#1a1d24' %s/phone.png")
    :format(folder.quote(self.folder)))
  return self
end

-- Adds a frame with the current picture of the TV and the last one of the phone.
-- `time` is in hundredths of a second.
function Picture:add(time)
  local path, index = self.folder, #self.frames + 1
  core.clock.sleep(ANIMATION)
  self.fixture.app:picture(path .. "/tv.png")
  local frame = ("%s/frame-%02d.png"):format(path, index)
  folder.run(COMPOSE:format(path, path, frame))
  self.frames[index] = ("-delay %d %s"):format(time, frame)
end

-- Adds a frame with current pictures of both.
function Picture:add_both(time)
  self.fixture.browser:picture(self.folder .. "/phone.png")
  self:add(time)
end

-- Types a text on the phone, with a frame for each two letters.
function Picture:type(selector, text)
  for part in text:gmatch "..?" do
    self.fixture.browser:type(selector, part)
    self:add_both(#part * 12)
  end
end

local function sign_in(picture)
  local app, browser = picture.fixture.app, picture.fixture.browser
  local sandbox = picture.fixture.sandbox
  app:switch_off()
  app:switch_on(picture.fixture.service(sandbox), true)
  app:await "^picker\t\tAdobe Pass\t"
  picture:add(120)
  app:focus("Cablevision", "Right")
  picture:add(120)
  app:press "Return"
  app:await "^code\tCablevision\t"
  picture:add(250)
  browser:go(app:scan())
  picture:add_both(180)
  browser:click "button"
  picture:add_both(100)
  picture:type("#username", "ann")
  picture:type("#password", "secret")
  browser:click "button[value=sign-in]"
  app:await "^catalog\tsigned in\tNews Now\t"
  picture:add_both(300)
  app:press "Return"
  app:await "^playing\tNews Now\t\tmedia token$"
  picture:add(300)
end

local function write(picture)
  folder.run(("convert %s -layers optimize -loop 0 %s"):format(
    table.concat(picture.frames, " "), folder.quote(OUTPUT)))
end

local picture = new()
local good, problem = pcall(sign_in, picture)
if good then write(picture) end
picture.fixture:stop()
folder.remove(picture.folder)
assert(good, problem)
