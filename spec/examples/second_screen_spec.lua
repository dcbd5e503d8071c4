--- The activation page in nginx, seen in Chromium, while a TV polls the sandbox.
-- Screenshots go to build/screenshots.

local core = require "adobepass.core"
local example_runner = require "spec.support.example_runner"
local device = require "adobepass.device"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"
local many_clients = require "spec.support.many_clients"
local tv_client = require "spec.support.tv_client"
local webdriver = require "spec.support.webdriver"
local child_process = require "spec.support.child_process"

-- The page runs in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local test = webdriver.is_there() and it or pending

describe("activation page", function()
  local running, home, run, browser, transport, screen, page, pictures

  setup(function()
    if not webdriver.is_there() then return end
    running = assert(host.start { throttle = false })
    home = folder.make()
    run = example_runner.start(running, "examples/second_screen/start.lua",
      home)
    page = assert(run:line():match "http://127%.0%.0%.1:%d+/")
    transport = assert(core.http.new { ca_file = running.ca })
    screen = tv_client.new { transport = transport, api = running.api,
      statement = running.statement }
    browser = webdriver.start()
    pictures = folder.pictures()
  end)

  teardown(function()
    if not browser then return end
    browser:stop()
    run:interrupt()
    run:stop()
    running:stop()
    transport:close()
    folder.remove(home)
  end)

  before_each(function()
    if not browser then return end
    screen.device = "tv-" .. core.random.uuid()
    browser:forget_cookies()
    browser:size(390, 844)
    browser:colors "light"
  end)

  local function picture(name)
    browser:picture(("%s/second-screen-%s.png"):format(pictures, name))
  end

  local function activate(code)
    browser:go(page)
    browser:clear "#code"
    browser:type("#code", code)
    browser:click "button"
  end

  local function sign_in()
    browser:type("#username", "bob")
    browser:type("#password", "secret")
    browser:click "button[value=sign-in]"
  end

  test("[second-screen-asks-provider-tv] activation page: shows providers when "
    .. "the TV has named none", function()
    local code = screen:code()
    browser:go(page)
    picture "code"
    activate(code:lower())
    assert.equal("Choose your provider", browser:text "h1")
    browser:colors "dark"
    picture "providers"
    browser:click "button[value=Cablevision]"
    assert.equal("Sign in to Cablevision", browser:text "h1")
    sign_in()
    assert.equal("You are signed in", browser:text "h1")
    assert.equal(page .. "done", browser:url())
    picture "done"
    assert.equal("Cablevision", screen:signed_in(code))
  end)

  test("[second-screen-straight-provider] activation page: opens the login "
    .. "page of the provider that the TV named", function()
    local code = screen:code { mvpd = "Cablevision", domainName = "adobe.com",
      redirectUrl = running.api .. "/activate/success" }
    browser:go(page .. "?code=" .. code)
    assert.equal(code, browser:property("#code", "value"))
    browser:click "button"
    assert.equal("Sign in to Cablevision", browser:text "h1")
    sign_in()
    assert.equal("Cablevision", screen:signed_in(code))
  end)

  test("[second-screen-device] activation page: sends the browser's address, port "
    .. "and user agent, and a device info with documented values", function()
    local control = many_clients.control(running)
    control:take()
    activate(screen:code())
    local infos = 0
    for _, entry in ipairs((control:take())) do
      local header = entry.headers["x-device-info"]
      local agent = entry.headers["user-agent"] or ""
      if header and agent:find "Chrom" then
        infos = infos + 1
        local info = assert(device.parse(header))
        assert.same({}, device.check(info))
        assert.equal("Desktop", info.primaryHardwareType)
        assert.equal("127.0.0.1", info.connectionIp)
        assert.is_true(info.connectionPort > 0)
        assert.equal(agent, info.userAgent)
      end
    end
    assert.is_true(infos >= 1)
    control:close()
  end)

  test("[second-screen-wrong-code-shows] activation page: reports an invalid "
    .. "code and escapes it", function()
    activate "NOSUCH1"
    assert.equal("NOSUCH1", browser:property("#code", "value"))
    assert.truthy(browser:text "#problem")
    picture "wrong-code"
    browser:go(page .. "?code=%22%3E%3Cb%20id=x%3E")
    assert.equal('"><b id=x>', browser:property("#code", "value"))
  end)

  local function post(headers, body)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return assert(tv_client.fetch(transport, { method = "POST", url = page,
      headers = headers, body = body }))
  end

  test("[second-screen-sends-site-form] activation page: refuses a form of "
    .. "another site", function()
    local code = screen:code()
    assert.equal(403, post({ Origin = "https://evil.example" },
      "mvpd=Cablevision&code=" .. code).status)
    assert.equal(403, post({ Origin = "null" },
      "mvpd=Cablevision&code=" .. code).status)
    assert.equal(400, post({}, "code=").status)
    assert.equal(400, post({}, "code=%00%ff&code=a&mvpd").status)
    assert.equal(413, post({}, "code=" .. ("x"):rep(5000)).status)
    assert.equal(303, post({ Origin = page:sub(1, -2) },
      "mvpd=Cablevision&code=" .. code).status)
  end)
end)
