--- A script of the engine: shows a code until a viewer has logged in, then the
-- channels. Enter plays the selected channel, O signs out, R loads this file again.

-- luacheck: globals engine update draw key close

local adobepass = require "adobepass"

local WHITE, GRAY, GREEN, RED, BLUE = 0xffffff, 0x98a0b8, 0x58c878, 0xf06868, 0x243050
local CHANNELS = { "News Now", "Arena Sport", "Cinema One", "Live", "Kids Club",
  "Wild Planet", "Late Night", "Matinee" }

local PAGE = os.getenv "ADOBEPASS_API" .. "/activate"

local driver = adobepass.driver.tick()
local folder = os.getenv "ENGINE_STORE"
-- A file store keeps the login when this script is loaded again.
local store = folder and adobepass.store.file(folder)
  or adobepass.store.memory()

local client = adobepass.new {
  service_provider = "REF30",
  environment = { api = os.getenv "ADOBEPASS_API", mgmt = os.getenv "ADOBEPASS_MGMT" },
  software_statement = os.getenv "ADOBEPASS_STATEMENT",
  http = { ca_file = os.getenv "ADOBEPASS_CA" },
  device = { id = assert(adobepass.device_id(store)), info = adobepass.platform() },
  store = store, driver = driver, language = "en",
  redirect_url = os.getenv "ADOBEPASS_API" .. "/activate/success",
  domain_name = "adobe.com", activation_url = PAGE,
}

local screen -- what is shown: { title =, code =, channels =, note =, again = }
local selected, time = 1, 0
local task   -- the flow that runs

-- Starts a flow, and cancels the last one.
local function start(flow)
  if task then task:cancel() end
  task = driver.start(flow)
end

-- Shows an error; Enter starts the flow `again`.
local function fail(err, again)
  screen = { title = client:viewer_text(err), note = "Enter: try again", again = again }
end

local function open()
  screen = { title = "Please wait" }
  local profile, err = client:login { mvpd = "Cablevision", on_code = function(login)
    screen = { title = "Open this page and type the code", code = login.code }
  end }
  if not profile then return fail(err, open) end
  screen = { title = "Looking for your channels" }
  local catalog
  catalog, err = client:preauthorize(CHANNELS)
  if not catalog then return fail(err, open) end
  screen = { title = "Channels", channels = catalog.decisions,
    note = "Enter: play   O: sign out   R: reload the script" }
end

local function play(channel)
  screen.note = "Asking for " .. channel .. " ..."
  local decision, err = client:authorize(channel)
  if not decision then return fail(err, open) end
  screen.note = decision.permitted and "Playing " .. channel or decision.reason
end

local function sign_out()
  screen = { title = "Signing out" }
  local report, err = client:logout {}
  if not report then return fail(err, sign_out) end
  open()
end

local function draw_channels(list)
  for index, decision in ipairs(list) do
    local y = 120 + index * 58
    if index == selected then engine.box(60, y - 10, 380, 54, BLUE) end
    engine.box(80, y + 8, 18, 18, decision.permitted and GREEN or RED)
    engine.text(decision.resource, 120, y, 2, WHITE)
    if index == selected and not decision.permitted then
      engine.text(decision.reason, 480, 190, 1, GRAY)
    end
  end
end

function update(seconds)
  time = time + seconds
  client:update()
end

function draw()
  engine.text(screen.title, 80, 70, 2, WHITE)
  engine.box(80, 118, 40 + math.floor(40 * math.abs(math.sin(time * 2))), 4, GREEN)
  if screen.code then
    engine.text(PAGE, 80, 200, 2, GRAY)
    engine.text(screen.code, 80, 280, 3, GREEN)
  end
  if screen.channels then draw_channels(screen.channels) end
  engine.text(screen.note or "R: reload the script", 80, 650, 1, GRAY)
end

local KEYS = {
  Up = function() selected = math.max(1, selected - 1) end,
  Down = function() selected = math.min(#CHANNELS, selected + 1) end,
  Return = function()
    local list = screen.channels
    if screen.again then start(screen.again) end
    if list then start(function() play(list[selected].resource) end) end
  end,
  O = function() if screen.channels then start(sign_out) end end,
  Escape = function() engine.quit() end,
}

function key(name)
  if KEYS[name] then KEYS[name]() end
end

-- A cancelled request for a token leaves no lock in the store.
function close()
  task:cancel()
end

screen = { title = "Please wait" }
start(open)
