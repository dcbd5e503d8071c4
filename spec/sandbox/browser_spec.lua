-- Tests the pages with Chromium and nginx. Writes screenshots to
-- build/screenshots.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"
local webdriver = require "spec.support.webdriver"
local child_process = require "spec.support.child_process"

-- The pages come from nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local SIZES = { phone = { 390, 844 }, tv = { 1920, 1080 } }

local there = webdriver.is_there()
local test = there and it or pending

describe("pages in a browser", function()
  local running, browser, transport, screen, pictures
  local devices = 0

  setup(function()
    if not there then return end
    pictures = folder.pictures()
    running, transport, screen = tv_client.with_sandbox { throttle = false }
    browser = webdriver.start()
  end)

  teardown(function()
    if browser then browser:stop() end
    if running then running:stop() end
    if transport then transport:close() end
  end)

  before_each(function()
    if not browser then return end
    devices = devices + 1
    screen.device = "browser-tv-" .. devices
    browser:forget_cookies()
    browser:size(390, 844)
    browser:colors("light")
  end)

  -- Bytes 17 to 20 of a PNG are its width, big-endian.
  local function take(name, of)
    local path = ("%s/%s.png"):format(pictures, name)
    browser:picture(path)
    local high, low = shell.read_file(path):byte(19, 20)
    assert.equal(of[1], high * 256 + low)
  end

  local function picture(name)
    for size, of in pairs(SIZES) do
      browser:size(of[1], of[2])
      browser:colors("dark")
      take(name .. "-" .. size .. "-dark", of)
      browser:colors("light")
      take(name .. "-" .. size, of)
    end
    browser:size(390, 844)
  end

  local function activate(code)
    browser:go(running.api .. "/activate")
    browser:type("#code", code)
    browser:click("button")
  end

  local function whole()
    return screen:code { mvpd = "Cablevision", domainName = "adobe.com",
      redirectUrl = running.api .. "/activate/success" }
  end

  local function sign_in(username, password)
    browser:clear("#username")
    browser:type("#username", username)
    browser:type("#password", password)
    browser:click("button[value=sign-in]")
  end

  test("[browser-viewer-activates-tv] browser: a viewer activates a TV that "
    .. "named no provider", function()
    local code = screen:code()
    browser:go(running.api .. "/activate")
    picture "activate"
    activate(code:lower())
    assert.equal("Choose your TV provider", browser:text("h1"))
    picture "providers"
    browser:click("button[value=Comcast_SSO]")
    assert.equal("Sign in to Comcast SSO", browser:text("h1"))
    picture "login"
    sign_in("ann", "secret")
    assert.equal("You are signed in", browser:text("h1"))
    assert.equal(running.api .. "/activate/success", browser:url())
    picture "success"
    assert.equal("Comcast_SSO", screen:signed_in(code))
  end)

  test("[browser-activates-tv-chose] browser: a viewer activates a TV that "
    .. "named the provider", function()
    local code = whole()
    activate(code)
    assert.equal("Sign in to Cablevision", browser:text("h1"))
    sign_in("bob", "secret")
    assert.equal("You are signed in", browser:text("h1"))
    assert.equal("Cablevision", screen:signed_in(code))
  end)

  test("[browser-wrong-code-refused] browser: a wrong code is refused and can "
    .. "be corrected", function()
    activate("NOSUCH1")
    assert.is_truthy(browser:text("#error"):find("is unknown"))
    assert.equal("NOSUCH1", browser:property("#code", "value"))
    picture "wrong-code"
    browser:clear("#code")
    browser:type("#code", whole())
    browser:click("button")
    assert.equal("Sign in to Cablevision", browser:text("h1"))
  end)

  test("[browser-old-code-refused] browser: a superseded and an expired code "
    .. "are refused", function()
    local old = whole()
    local new = whole()
    activate(old)
    assert.is_truthy(browser:text("#error"):find("newer code"))
    assert(tv_client.fetch(transport, { method = "POST",
      url = running.control .. "/sandbox/clock",
      headers = { ["Content-Type"] = "application/json" },
      body = '{"advance":1860000}' }))
    activate(new)
    assert.is_truthy(browser:text("#error"):find("has expired"))
    picture "expired-code"
    browser:go(running.api .. "/mvpd/Cablevision/login?code=" .. new)
    assert.equal("This code has expired", browser:text("h1"))
    picture "dead-login"
  end)

  test("[browser-wrong-password-refused] browser: a wrong password is refused "
    .. "and can be corrected", function()
    local code = whole()
    activate(code)
    sign_in("ann", "wrong")
    assert.is_truthy(browser:text("#error"):find("username or the password is wrong"))
    assert.equal("ann", browser:property("#username", "value"))
    assert.equal("", browser:property("#password", "value"))
    browser:await_focus "password"
    picture "wrong-password"
    assert.is_nil(screen:signed_in(code))
    sign_in("ann", "secret")
    assert.equal("Cablevision", screen:signed_in(code))
  end)

  test("[browser-viewer-cancels-starts] browser: after cancelling, a viewer "
    .. "can start again", function()
    local code = whole()
    activate(code)
    browser:click("button[value=cancel]")
    assert.equal("Nothing was changed", browser:text("h1"))
    picture "cancelled"
    assert.is_nil(screen:signed_in(code))
    browser:click("a.button")
    assert.equal(code, browser:property("#code", "value"))
  end)

  test("[browser-viewer-home-needs] browser: a viewer in the home network "
    .. "needs no password", function()
    local response = assert(tv_client.fetch(transport, { method = "POST",
      url = running.api .. "/api/v2/REF30/sessions",
      headers = { Authorization = screen.bearer,
        ["AP-Device-Identifier"] = screen:identifier(),
        ["X-Forwarded-For"] = "192.0.2.7",
        ["Content-Type"] = "application/x-www-form-urlencoded" },
      body = tv_client.form { mvpd = "Spectrum", domainName = "adobe.com",
        redirectUrl = running.api .. "/activate/success" } }))
    local code = response.body:match('"code":"(%w+)"')
    activate(code)
    assert.equal("Welcome home", browser:text("h1"))
    picture "home"
    browser:click("button[value=home]")
    assert.equal("Spectrum", screen:signed_in(code))
  end)

  test("[browser-viewer-signs] browser: a viewer signs out and returns to the "
    .. "application", function()
    local page = running.api .. "/mvpd/Cablevision/logout?"
      .. tv_client.form { requestor_id = "REF30",
        redirect_url = running.api .. "/activate" }
    browser:go(page)
    assert.equal("You are signed out", browser:text("h1"))
    picture "signed-out"
    -- Open the page again: it redirects after 3 s, and the screenshots may have
    -- taken longer.
    browser:go(page)
    browser:click("a.button")
    assert.equal(running.api .. "/activate", browser:url())
  end)

  test("[browser-no-mouse-needed] browser: the pages work without a "
    .. "mouse", function()
    local tab = browser.KEYS.tab
    local code = screen:code()
    browser:go(running.api .. "/activate")
    browser:enter(code:lower())
    assert.equal("Choose your TV provider", browser:text("h1"))
    browser:enter(tab .. tab)
    assert.equal("Sign in to Adobe Pass SMI", browser:text("h1"))
    browser:enter("ann" .. tab .. "secret" .. tab)
    assert.equal("You are signed in", browser:text("h1"))
    assert.equal("AdobePass_SMI", screen:signed_in(code))
  end)

  test("[browser-focus-first-field] browser: the first field has the focus, "
    .. "and Tab follows the visual order", function()
    activate(whole())
    local order = {}
    for index = 1, 4 do
      order[index] = browser:value("document.activeElement.id || "
        .. "document.activeElement.value")
      browser:press(browser.KEYS.tab)
    end
    assert.same({ "username", "password", "sign-in", "cancel" }, order)
  end)

  test("[browser-sticks-phone-large] browser: the page fits widths of 320, 390 "
    .. "and 1920 pixels", function()
    for _, width in ipairs { 320, 390, 1920 } do
      browser:size(width, 700)
      browser:go(running.api .. "/activate")
      assert.is_true(browser:value(
        "document.documentElement.scrollWidth <= innerWidth"), width)
    end
  end)

  test("[browser-style-passes-policy] browser: the Content-Security-Policy "
    .. "allows the style sheet", function()
    browser:go(running.api .. "/activate")
    assert.equal("flex", browser:value(
      "getComputedStyle(document.body).display"))
  end)
end)
