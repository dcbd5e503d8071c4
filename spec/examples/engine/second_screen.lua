--- A script of the engine for its specs: runs game.lua, and logs bob in as soon as
-- the game shows a code. When the Lua state is closed, prints what the game showed
-- and how many of the game's requests ran after the last frame.
--
-- The clock of the driver skips the pauses between two polls. ENGINE_RELOADS=n presses
-- R n times, each after a random time of up to ENGINE_LONGEST ms, then ends the engine;
-- ENGINE_SEED selects the times. ENGINE_UNTIL ends the engine when the game shows that
-- title; at the channels, the fourth is selected. ENGINE_SECONDS ends it in any case.

-- luacheck: globals engine update key told

local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"

local POLL_INTERVAL = 5
local skipped, title, running = 0, "nothing", 0

local function setting(name) return tonumber(os.getenv("ENGINE_" .. name)) end

local load_number = ...
local started = core.clock.monotonic()
local reloads, last_second = setting "RELOADS", setting "SECONDS" or math.huge
math.randomseed(setting "SEED" or 1, load_number)
local reload_at = started + math.random(0, setting "LONGEST" or 0) / 1000
math.randomseed()

local counts = core.handle_count()
for kind, count in pairs(counts) do
  if count > 0 then io.write("left open: ", kind, "\n") end
end

local tick = adobepass.driver.tick
function adobepass.driver.tick()
  return tick { now = function() return core.clock.monotonic() + skipped end }
end

local control = assert(core.http.new { ca_file = os.getenv "ADOBEPASS_CA" })
local code, login

local transports, new_transport = {}, core.http.new
function core.http.new(options)
  local transport, message, failure = new_transport(options)
  transports[#transports + 1] = transport
  return transport, message, failure
end

local text = engine.text
function engine.text(shown, x, y, size, color)
  if size == 2 and y == 70 then title = shown end
  if size == 3 then code = shown end
  text(shown, x, y, size, color)
end

local function sign_in()
  login = login or code and assert(control:submit { method = "POST",
    url = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox/login",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { code = code, username = "bob" } })
  if login and login ~= "done" and login:ended() then
    login, skipped = "done", POLL_INTERVAL
  end
end

assert(loadfile(os.getenv "ENGINE_GAME"))()

-- luacheck: ignore 122
local update_game = update
function update(seconds)
  control:step(0)
  sign_in()
  update_game(seconds)
  running = 0
  for _, transport in ipairs(transports) do
    running = running + (transport:step(0) or 0)
  end
  local now = core.clock.monotonic()
  if title == os.getenv "ENGINE_UNTIL" then
    for _ = 1, 3 do key "Down" end
    engine.quit()
  elseif now > started + last_second then
    engine.quit()
  elseif reloads and now >= reload_at then
    if load_number > reloads then engine.quit() else engine.press "R" end
    reload_at = math.huge
  end
end

told = setmetatable({}, { __gc = function()
  io.write(("closed: %s, %d requests\n"):format(title, running))
end })
