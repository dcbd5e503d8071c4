-- Checks every page with axe-core in Chromium: light and dark, phone and desktop.
-- Writes screenshots to build/screenshots.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local html = require "adobepass.sandbox.pages.html"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"
local webdriver = require "spec.support.webdriver"
local child_process = require "spec.support.child_process"

-- The pages come from nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local AXE = shell.read_file "build/npm/node_modules/axe-core/axe.min.js"
local SIZES = { phone = { 390, 844 }, desktop = { 1280, 800 } }

-- axe reports what it cannot decide, such as the contrast of a text over a gradient,
-- as "incomplete"; that counts as a problem.
local RUN = [[if (!window.axe) window.addAxe();
  return axe.run({ rules: { "target-size": { enabled: true } },
    resultTypes: ["violations", "incomplete"] })
  .then(result => result.violations.concat(result.incomplete)
    .flatMap(rule => rule.nodes.map(node => rule.id + " " + node.target.join(" "))))]]

-- A finger needs 44 pixels (WCAG 2.2, 2.5.5).
local LOW = [[return [...document.querySelectorAll(
    "a, button, summary, input:not([type=hidden])")]
  .filter(element => element.getBoundingClientRect().height < 44)
  .map(element => "low " + element.outerHTML)]]

local there = webdriver.is_there()
local test = there and it or pending

describe("pages of the sandbox", function()
  local running, browser, transport, screen, pictures

  setup(function()
    if not there then return end
    pictures = folder.pictures()
    running, transport, screen = tv_client.with_sandbox { throttle = false }
    browser = webdriver.start()
    if AXE then -- sent once; each page has the function
      browser:chromium("Page.addScriptToEvaluateOnNewDocument",
        { source = "window.addAxe = function () {" .. AXE .. "\n}" })
    end
  end)

  teardown(function()
    if not there then return end
    browser:stop()
    running:stop()
    transport:close()
  end)

  local function run(script)
    return browser:call("POST", "/execute/sync",
      { script = script, args = json.array() })
  end

  local function problems()
    local list = assert(run(RUN))
    for _, text in ipairs(assert(run(LOW))) do list[#list + 1] = text end
    return list
  end

  -- Returns what is wrong with the open page, each as "page size color: rule element".
  local function report(name)
    local list = {}
    for size, of in pairs(SIZES) do
      browser:size(of[1], of[2])
      for _, color in ipairs { "light", "dark" } do
        browser:colors(color)
        browser:picture(("%s/%s-%s-%s.png"):format(pictures, name, size, color))
        for _, text in ipairs(problems()) do
          list[#list + 1] = ("%s %s %s: %s"):format(name, size, color, text)
        end
      end
    end
    browser:size(390, 844)
    return list
  end

  local function whole()
    return screen:code { mvpd = "Cablevision", domainName = "adobe.com",
      redirectUrl = running.api .. "/activate/success" }
  end

  local function activate(code)
    browser:go(running.api .. "/activate")
    browser:type("#code", code)
    browser:click "button"
  end

  local function sign_in(password)
    browser:clear "#username"
    browser:type("#username", "ann")
    browser:type("#password", password)
    browser:click "button[value=sign-in]"
  end

  local function used()
    local code = whole()
    activate(code)
    sign_in "secret"
    return code
  end

  local function superseded()
    local code = whole()
    whole()
    return code
  end

  local function expired()
    local code = whole()
    assert(tv_client.fetch(transport, { method = "POST",
      url = running.control .. "/sandbox/clock",
      headers = { ["Content-Type"] = "application/json" },
      body = '{"advance":1860000}' }))
    return code
  end

  local function link(code)
    browser:go(running.api .. "/api/v2/authenticate/REF30/" .. code)
  end

  local function home()
    local response = assert(tv_client.fetch(transport, { method = "POST",
      url = running.api .. "/api/v2/REF30/sessions",
      headers = { Authorization = screen.bearer,
        ["AP-Device-Identifier"] = screen:identifier(),
        ["X-Forwarded-For"] = "192.0.2.7",
        ["Content-Type"] = "application/x-www-form-urlencoded" },
      body = tv_client.form { mvpd = "Spectrum", domainName = "adobe.com",
        redirectUrl = running.api .. "/activate/success" } }))
    return response.body:match '"code":"(%w+)"'
  end

  -- name -> opens the page
  local PAGES = {
    ["activate"] = function() browser:go(running.api .. "/activate") end,
    ["activate-mistyped"] = function() activate "ABC" end,
    ["activate-superseded"] = function() activate(superseded()) end,
    ["activate-used"] = function() activate(used()) end,
    ["providers"] = function() activate(screen:code()) end,
    ["login"] = function()
      activate(whole())
      browser:value "document.querySelector('details').open = true"
    end,
    ["wrong-password"] = function() activate(whole()) sign_in "wrong" end,
    ["home"] = function() activate(home()) end,
    ["success"] = function() used() end,
    ["success-stay"] = function()
      browser:go(running.api .. "/activate/success?stay=1")
    end,
    ["cancelled"] = function()
      activate(whole())
      browser:click "button[value=cancel]"
    end,
    ["signed-out"] = function()
      browser:go(running.api .. "/mvpd/Cablevision/logout?requestor_id=REF30")
    end,
    -- The page opens its link after 3 s, so it is shown without its headers.
    ["signed-out-redirect"] = function()
      browser:go("data:text/html;base64," .. core.base64.encode(html.signed_out {
        nonce = "n", token = "t", brand = "Cablevision", redirect = running.api,
        redirect_name = "127.0.0.1" }))
    end,
    ["link-unknown"] = function() link "NOSUCH1" end,
    ["link-superseded"] = function() link(superseded()) end,
    ["link-used"] = function() link(used()) end,
    ["link-expired"] = function() link(expired()) end,
    ["link-without-provider"] = function() link(screen:code()) end,
    ["link-to-login"] = function()
      browser:go(running.api .. "/mvpd/Cablevision/login?code=" .. expired())
    end,
    ["no-such-page"] = function() browser:go(running.api .. "/nowhere") end,
  }

  -- Counts the providers of the picker, and those visible without scrolling.
  local COUNT = [[[...document.querySelectorAll(".providers button")].map(button =>
    button.getBoundingClientRect().bottom <= innerHeight)]]

  test("[accessibility-picker-above-fold] sandbox pages: the picker shows all "
    .. "providers without scrolling, on a phone and on a desktop", function()
    screen.device = "tv of the picker"
    activate(screen:code())
    for name, of in pairs(SIZES) do
      browser:size(of[1], of[2])
      local visible, list = 0, browser:value(COUNT)
      for _, is_visible in ipairs(list) do
        visible = visible + (is_visible and 1 or 0)
      end
      assert.is_true(#list > 0 and visible == #list, name .. " " .. visible)
    end
  end)

  test("[accessibility-axe-reports-nothing] sandbox pages: axe-core reports nothing "
    .. "in light and dark mode, on a phone and on a desktop", function()
    if not AXE then
      return pending "skipped: axe-core is not installed (run make test-deps)"
    end
    local found = {}
    for name, open in pairs(PAGES) do
      screen.device = "tv of " .. name
      browser:forget_cookies()
      open()
      for _, text in ipairs(report(name)) do found[#found + 1] = text end
    end
    table.sort(found)
    assert.same({}, found)
  end)
end)
