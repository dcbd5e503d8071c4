--- The app of examples/mpv in mpv, controlled by keys, with Chromium as the second
-- screen, and sandbox, gateway and encoded HLS. Screenshots go to
-- build/screenshots/mpv. mpv has its own Lua, so one run is enough.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local screen_app = require "spec.support.screen_app"
local settings = require "examples.mpv.settings"
local many_clients = require "spec.support.many_clients"
local shell = require "adobepass.util.shell"
local start = require "examples.mpv.start"
local webdriver = require "spec.support.webdriver"

local PICTURES = "build/screenshots/mpv"
local PROGRAMS = "command -v mpv && command -v ffmpeg && command -v Xvfb "
  .. "&& command -v xdotool && command -v convert && command -v qrencode "
  .. "&& command -v zbarimg && test -e build/lua5.2/adobepass/core.so"

local there = child_process.interpreter() == "lua5.4" and webdriver.is_there()
  and select(2, shell.read(PROGRAMS)) == 0
local test = there and it or pending

describe("mpv app", function()
  local running, app, browser, control

  setup(function()
    if not there then return end
    folder.run("mkdir -p " .. PICTURES)
    running = assert(start.services({ throttle = false },
      { settings.channels[1] })) -- no spec plays another channel
    control = many_clients.control(running.sandbox)
    browser = webdriver.start()
    browser:size(390, 844)
    -- A key that is released late on a busy machine must not repeat.
    app = screen_app.new(start.command()
      .. " --vo=x11 --ao=null --input-ar-delay=500")
    local sandbox = running.sandbox
    app:switch_on({ api = sandbox.api, mgmt = sandbox.mgmt, ca = sandbox.ca,
      statement = sandbox.statement, gateway = running.nodes[1].url,
      frames = os.getenv "TV_FRAMES" }, true)
  end)

  teardown(function()
    if not there then return end
    app:write_pictures(PICTURES)
    app:switch_off()
    app:stop()
    browser:stop()
    control:close()
    running:stop()
  end)

  local function look(name)
    core.clock.sleep(0.2) -- mpv draws
    app:keep_picture(name)
  end

  test("[mpv-signs-in] mpv app: shows a code and its QR code, and continues when the "
    .. "viewer has signed in with a browser", function()
    app:await "^list\tproviders\tWatch 10 minutes free\t"
    app:focus("Cablevision", "Down", "Down")
    look "providers"
    app:press "Return"
    local _, code = app:await "^code\tCablevision\t\t(%w+)$"
    local url = app:scan()
    assert.equal(running.sandbox.api .. "/activate?code=" .. code, url)
    look "code"
    browser:go(url)
    browser:click "button"
    browser:type("#username", "bob")
    browser:type("#password", "secret")
    browser:click "button[value=sign-in]"
    app:await "^list\tchannels\tNews Now\t"
    look "channels"
  end)

  test("[mpv-locked] mpv app: says why a channel is locked", function()
    app:focus("Cinema One", "Down", "Down")
    app:await "^list\tchannels\tCinema One\tYour package does not include"
    control:take()
    app:press "Return"
    app:await "^list\tlocked\tBack\tYour package does not include Cinema One%."
    look "locked"
    assert.equal(0, select(2, control:take()).authorize)
    app:press "BackSpace"
    app:await "^list\tchannels\tNews Now\t"
  end)

  test("[mpv-plays] mpv app: plays HLS of the gateway", function()
    app:press "Return"
    app:await "^playing\tNews Now\t\t[1-9] s$"
    look "playing"
    app:await "^playing\tNews Now\t\t[3-9] s$"
    app:press "Escape"
    app:await "^list\tchannels\tNews Now\t"
  end)

  test("[mpv-signs-out] mpv app: signs out; a held OK key counts once", function()
    app:focus("Sign out", "Down", "Down", "Down", "Down", "Down", "Down")
    app:press "Return"
    app:await "^list\tsigned out\tChoose a provider\tYou may still be signed in"
    look "signed-out"
    app:hold "Return"
    app:await "^list\tproviders\t"
  end)

  test("[mpv-free-minutes] mpv app: plays without a login until the pass ends",
    function()
      app:press "Return"
      app:await "^list\tfree\tNews Now\t"
      app:press "Return"
      app:await "^playing\tNews Now\t\t[1-9] s$"
      look "playing-free"
      control:take()
      control:ask("POST", "/sandbox/clock", { advance = 10 * 60 * 1000 })
      app:await "^list\tpass over\tChoose a provider\t"
      assert.equal(0, select(2, control:take()).authorize) -- playback was ended
      look "pass-over"
    end)
end)
