--- Clients in other languages against the sandbox: programs in this folder that
-- were written from Adobe's pages and use no code of this project.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local nginx = require "adobepass.sandbox.host.nginx"
local shell = require "adobepass.util.shell"
local webdriver = require "spec.support.webdriver"
local child_process = require "spec.support.child_process"

-- The clients have no Lua and the sandbox runs in nginx, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local function is_installed(program)
  return select(2, shell.read("command -v " .. program)) == 0
end

local with_curl = is_installed "curl" and it or pending
local with_python = is_installed "python3" and it or pending
local with_node = is_installed "node" and it or pending

-- The results that each client prints, without the lines of its requests.
local RESULTS = {
  "code: 7 characters", "profile: regular",
  'preauthorize HBO: preauthorization_denied_by_mvpd, '
    .. 'Your subscription package does not include the "HBO" channel',
  "authorize CNN: permitted, with a media token",
  "logout: logout, interactive", "done",
}

-- The operations of the device, in the order of the first request of each.
local OPERATIONS = "register token configuration create_session profile_for_code "
  .. "profile preauthorize authorize logout profiles"

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

describe("foreign client", function()
  local running

  setup(function() running = assert(host.start { throttle = false }) end)
  teardown(function() running:stop() end)

  local function control(path, method)
    local text, status = shell.read(shell.line("curl", "-s", "--cacert", running.ca,
      "-X", method or "GET", running.control .. "/sandbox/" .. path))
    assert.equal(0, status, text)
    return assert(json.decode(text)).result
  end

  before_each(function() control("journal", "DELETE") end)

  -- Returns the requests in the journal, without the events.
  local function requests()
    local list = {}
    for _, entry in ipairs(control "journal") do
      if entry.method then list[#list + 1] = entry end
    end
    return list
  end

  -- Checks that the sandbox accepted every request and saw every operation of the
  -- device and of the second screen. Returns the number of requests and of preflight
  -- requests.
  local function check_journal(second_screen)
    local seen, on_device, on_screen, count, preflights = {}, {}, {}, 0, 0
    for _, entry in ipairs(requests()) do
      local name = ("%s %s: %d"):format(entry.method, entry.path, entry.status)
      assert.is_true(entry.status < 400, name)
      assert.is_nil(entry.unexpected, name)
      assert.is_nil(entry.failure, name)
      count = count + 1
      if entry.method == "OPTIONS" then preflights = preflights + 1 end
      local operation = entry.operation
      if operation and not seen[operation] then
        seen[operation] = true
        local of = contains(second_screen, operation) and on_screen or on_device
        of[#of + 1] = operation
      end
    end
    assert.equal(OPERATIONS, table.concat(on_device, " "))
    assert.same(second_screen, on_screen)
    return count, preflights
  end

  local function check_results(text)
    local results = {}
    for line in text:gmatch "[^\n]+" do
      if contains(RESULTS, line) then results[#results + 1] = line end
    end
    assert.same(RESULTS, results, text)
  end

  local function run(command)
    local text, status = shell.read(("ADOBEPASS_API=%s ADOBEPASS_CONTROL=%s "
      .. "ADOBEPASS_CA=%s ADOBEPASS_STATEMENT=%s POLL_SECONDS=0 %s"):format(
        running.api, running.control, running.ca, running.statement, command))
    assert.equal(0, status, text)
    check_results(text)
  end

  with_curl("[foreign-curl] sandbox: a shell script with curl logs in, "
    .. "watches and logs out", function()
    run "sh spec/foreign/curl.sh"
    local count = check_journal { "session", "authenticate" }
    assert.equal(17, count)
    print(("curl: %d requests, all accepted"):format(count))
  end)

  with_python("[foreign-python] sandbox: Python's standard library logs "
    .. "in, watches and logs out", function()
    run "python3 spec/foreign/stdlib.py"
    local count = check_journal { "session", "resume_session", "authenticate" }
    assert.equal(20, count)
    print(("Python: %d requests, all accepted"):format(count))
  end)

  with_node("[foreign-node] sandbox: fetch in Node logs in, watches and "
    .. "logs out", function()
    run("NODE_EXTRA_CA_CERTS=" .. running.ca .. " node spec/foreign/node.js")
    local count = check_journal {}
    assert.equal(11, count)
    print(("Node: %d requests, all accepted"):format(count))
  end)

  describe("in a browser", function()
    local test = webdriver.is_there() and it or pending
    local pages, browser, foreign, other

    setup(function()
      if not webdriver.is_there() then return end
      local here = shell.read "pwd"
      pages = assert(nginx.start { ports = 2, config = function(ports)
        local server = "server { listen 127.0.0.1:%d; root " .. here
          .. "/spec/foreign; }\n"
        return ("http { types { text/html html; text/javascript js; }\n%s%s}")
          :format(server:format(ports[1]), server:format(ports[2]))
      end })
      foreign = "http://127.0.0.1:" .. pages.ports[1]
      other = "http://localhost:" .. pages.ports[2]
      browser = webdriver.start()
    end)

    teardown(function()
      if browser then browser:stop() end
      if pages then pages:stop() end
    end)

    local function await(script, expected)
      local deadline = core.clock.monotonic() + 60
      local value
      repeat
        value = browser:value(script)
      until value == expected or expected == nil and value ~= ""
        or core.clock.monotonic() > deadline
      return value
    end

    local function text_of(id)
      return ("document.getElementById('%s').textContent"):format(id)
    end

    local function log_in(code)
      browser:go(running.api .. "/activate")
      browser:type("#code", code)
      browser:click "button"
      browser:clear "#username"
      browser:type("#username", "bob")
      browser:type("#password", "secret")
      browser:click "button[value=sign-in]"
      assert.equal("Back at the application", browser:text "h1")
    end

    test("[foreign-fetch] sandbox: fetch in a page of a foreign origin logs a "
      .. "device in, watches and logs out", function()
      browser:go(("%s/device.html?poll=0.1&api=%s&statement=%s"):format(foreign,
        running.api, running.statement))
      local code = await(("%s || %s.replace('running', '')"):format(text_of "code",
        text_of "state"))
      assert.matches("^%w+$", code)
      local device = browser:window()
      local phone = browser:open_window()
      log_in(code)
      browser:switch_to(device)
      assert.not_equal("", await(text_of "logout"), browser:value(text_of "state"))
      assert.equal("done", await(text_of "state", "done"))
      check_results(browser:value(text_of "log"))
      local logout = browser:value(text_of "logout")
      browser:switch_to(phone)
      browser:go(logout)
      local count, preflights = check_journal { "authenticate" }
      assert.is_true(preflights >= 9, preflights)
      for _, entry in ipairs(requests()) do
        if entry.operation and entry.operation ~= "authenticate" then
          assert.equal(foreign, entry.headers.origin)
        end
      end
      print(("fetch: %d requests, all accepted; %d preflight requests"):format(
        count, preflights))
    end)

    -- Tries each way of a page to send a request to the control API.
    local ATTACK = [[
      const url = "%s/sandbox/", seen = [];
      const attempt = async (path, options) => {
        try {
          const response = await fetch(url + path, options);
          seen.push(response.type);
        } catch (error) { seen.push(error.name); }
      };
      const login = '{"service_provider":"REF30","mvpd":"Cablevision",'
        + '"username":"ann","device":"stolen"}';
      const type = { "Content-Type": "application/json" };
      await attempt("journal");
      await attempt("login", { method: "POST", headers: type, body: login });
      await attempt("journal", { method: "DELETE" });
      await attempt("journal", { mode: "no-cors" });
      await attempt("clock", { method: "POST", mode: "no-cors",
        body: '{"advance":86400000}' });
      return seen.join(" ");
    ]]

    -- Opens a URL as a link of the current page does; `browser:go` is a user's own
    -- navigation, which the control API accepts.
    local function follow_link(url)
      browser:await_page(function()
        browser:run_async("document.body.innerHTML = '<a href=\"" .. url
          .. "\">link</a>'; document.querySelector('a').click();")
      end)
    end

    test("[foreign-no-control] sandbox: a page of a foreign origin reaches the API, "
      .. "and not the control API", function()
      local now = control "clock"
      for _, origin in ipairs { other, foreign, running.api } do
        browser:go(origin .. (origin == running.api and "/activate" or "/done.html"))
        browser:chromium("Page.setBypassCSP", { enabled = true })
        browser:go(browser:url())
        local reached = browser:run_async(
          ("return (await fetch('%s/api/v2/REF30/profiles')).status"):format(
            running.api))
        assert.equal(401, reached, origin)
        assert.equal("TypeError TypeError TypeError opaque opaque",
          browser:run_async(ATTACK:format(running.control)), origin)
        follow_link(running.control .. "/sandbox/statement")
        assert.matches("Sec-Fetch-Site", browser:text "body", 1, true)
      end
      local reached = 0
      for _, entry in ipairs(requests()) do
        if entry.operation == "profiles" then reached = reached + 1 end
      end
      assert.equal(3, reached) -- the journal was not cleared
      assert.is_true(control "clock" - now < 3600000)
    end)
  end)
end)
