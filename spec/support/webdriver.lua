--- Drives a browser through WebDriver (W3C), which is JSON over HTTP on loopback,
-- with a transport of the core.
--
--   local browser = webdriver.start()
--   browser:go "https://127.0.0.1:8443/activate"
--   browser:type("#code", "ABC1234"); browser:click "button"
--   browser:stop()
--
-- A shell script starts ChromeDriver and reads a pipe from this process. When the
-- pipe closes, it ends ChromeDriver and its browsers and removes the folder.

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

local webdriver = {}

local Browser = {}
Browser.__index = Browser

local ELEMENT = "element-6066-11e4-a52e-4f735466cecf" -- W3C WebDriver, 11

-- $1 folder, $2 niceness. With port 0, ChromeDriver prints the port that it chose.
-- Ignored signals would be inherited, so they are reset. Linux applies niceness
-- only within a session, so the session's niceness is set as well (sched(7), "The
-- autogroup feature").
local KEEPER = [[
START='(echo "$1" > /proc/self/autogroup) 2> /dev/null
  exec chromedriver --port=0'
exec 3<>said
(
  trap - HUP INT QUIT TERM PIPE
  export HOME="$1"
  exec nice -n "$2" setsid sh -c "$START" sh "$2" >&3 2>&1 < /dev/null
) &
pid=$!
read -r _
kill -s TERM -- "-$pid"
wait
]]

-- Without these options, Chromium itself connects to hosts of its vendor. `--app`
-- opens a window without tabs and toolbar, which Chromium need not draw.
local ARGUMENTS = { "--app=data:,",
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
  "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--hide-scrollbars",
  "--disable-dev-shm-usage",
}

--- Returns whether the required programs are installed.
function webdriver.is_there()
  local _, status = shell.read("command -v chromedriver")
  return status == 0
end

function Browser:call(method, path, body)
  local response = assert(tv_client.fetch(self.http, {
    method = method, url = self.base .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = method == "POST" and json.encode(body or json.object()) or nil,
  }))
  local result = assert(json.decode(response.body))
  local value = result.value
  if response.status ~= 200 then
    return nil, value.error .. ": " .. value.message, value.error
  end
  return value
end

local function open_session(self)
  local arguments = { "--user-data-dir=" .. self.folder .. "/profile" }
  for _, argument in ipairs(ARGUMENTS) do
    arguments[#arguments + 1] = argument
  end
  local value = assert(self:call("POST", "/session", {
    capabilities = { alwaysMatch = {
      acceptInsecureCerts = true,
      ["goog:chromeOptions"] = { args = json.array(arguments) },
    } } }))
  self.base = self.base .. "/session/" .. value.sessionId
end

local function port_of(output)
  while true do
    local line = assert(output:read("*l"), "chromedriver did not start")
    local port = line:match("successfully on port (%d+)")
    if port then return port end
  end
end

--- Starts ChromeDriver and one browser in it.
-- @tparam[opt] table options `nice`: niceness, up to 19
function webdriver.start(options)
  local folder = assert(shell.make_folder("adobepass-browser"))
  local _, status = shell.read("mkfifo " .. shell.quote(folder .. "/said"))
  assert(status == 0, "mkfifo failed")
  local keeper = shell.background("chromedriver-keeper", folder, KEEPER,
    options and options.nice or 0)
  local output = assert(io.open(folder .. "/said", "rb"))
  local self = setmetatable({
    folder = folder, keeper = keeper, output = output,
    http = assert(core.http.new { timeout = 60, max_body = 64 * 1024 * 1024 }),
    base = "http://127.0.0.1:" .. port_of(output),
  }, Browser)
  open_session(self)
  return self
end

--- Closes the browser, ends ChromeDriver and removes the folder.
function Browser:stop()
  if not self.keeper then return end
  self:call("DELETE", "")
  self.http:close()
  self.keeper:close()
  self.output:close()
  self.keeper = nil
end

function Browser:go(url)
  return assert(self:call("POST", "/url", { url = url }))
end

--- Returns the handle of the current window.
function Browser:window() return assert(self:call("GET", "/window")) end

--- Opens a window and makes it the current one. Returns its handle.
function Browser:open_window()
  local opened = assert(self:call("POST", "/window/new", { type = "tab" }))
  self:switch_to(opened.handle)
  return opened.handle
end

--- Makes a window the current one.
function Browser:switch_to(handle)
  assert(self:call("POST", "/window", { handle = handle }))
end

function Browser:url() return assert(self:call("GET", "/url")) end

--- Sends a command of Chromium's DevTools protocol: size, colors, console.
function Browser:chromium(command, parameters)
  return assert(self:call("POST", "/goog/cdp/execute",
    { cmd = command, params = parameters or json.object() }))
end

function Browser:size(width, height)
  self:chromium("Emulation.setDeviceMetricsOverride", { width = width,
    height = height, deviceScaleFactor = 1, mobile = width < 600 })
end

--- Sets the preferred color scheme, "light" or "dark".
function Browser:colors(scheme)
  self:chromium("Emulation.setEmulatedMedia", { features = json.array {
    { name = "prefers-color-scheme", value = scheme } } })
end

function Browser:forget_cookies()
  return assert(self:call("DELETE", "/cookie"))
end

function Browser:cookies() return assert(self:call("GET", "/cookie")) end

--- Returns the first element of a CSS selector; nil, message if there is none.
function Browser:find(selector)
  local value, message = self:call("POST", "/element",
    { using = "css selector", value = selector })
  if not value then return nil, message end
  return value[ELEMENT]
end

function Browser:text(selector)
  return assert(self:call("GET", "/element/" .. assert(self:find(selector))
    .. "/text"))
end

function Browser:property(selector, name)
  return assert(self:call("GET", ("/element/%s/property/%s"):format(
    assert(self:find(selector)), name)))
end

function Browser:type(selector, text)
  return assert(self:call("POST", "/element/" .. assert(self:find(selector))
    .. "/value", { text = text }))
end

function Browser:clear(selector)
  return assert(self:call("POST", "/element/" .. assert(self:find(selector))
    .. "/clear"))
end

-- A click returns before the next page is loaded, so `isOld` marks the old page.
-- Between the two pages the script fails, and await_page tries again.
local IS_NEW = "!window.isOld && document.readyState === 'complete'"

function Browser:await_page(action)
  self:value("window.isOld = true")
  action()
  local deadline = core.clock.monotonic() + 30
  repeat
    local is_new = self:call("POST", "/execute/sync",
      { script = "return " .. IS_NEW, args = json.array() })
  until is_new == true or core.clock.monotonic() > deadline
end

--- Waits until an element has the focus, which a page sets after it has loaded.
function Browser:await_focus(id)
  local deadline = core.clock.monotonic() + 30
  local found
  repeat
    found = self:value "document.activeElement.id"
  until found == id or core.clock.monotonic() > deadline
  assert(found == id, found)
end

--- Clicks an element that opens another page, and waits for that page. On a busy
-- machine the page may load before ChromeDriver has finished the click, and the
-- element is stale then; the new page shows that the click has worked.
function Browser:click(selector)
  local element = assert(self:find(selector))
  self:await_page(function()
    local done, message = self:call("POST",
      "/element/" .. element .. "/click")
    assert(done or message:find("stale element", 1, true), message)
  end)
end

Browser.KEYS = { tab = "\238\128\132", enter = "\238\128\135" }

--- Presses keys in the focused element.
function Browser:press(keys)
  local actions = {}
  for char in keys:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    actions[#actions + 1] = { type = "keyDown", value = char }
    actions[#actions + 1] = { type = "keyUp", value = char }
  end
  return assert(self:call("POST", "/actions", { actions = json.array {
    { type = "key", id = "keyboard", actions = json.array(actions) } } }))
end

--- Presses keys, of which the last one opens another page, and waits for the page.
function Browser:enter(keys)
  self:await_page(function() self:press(keys .. Browser.KEYS.enter) end)
end

--- Returns the value of a JavaScript expression in the page.
function Browser:value(expression)
  return assert(self:call("POST", "/execute/sync",
    { script = "return " .. expression, args = json.array() }))
end

--- Runs the body of an async JavaScript function; returns what the function returns.
function Browser:run_async(body)
  return assert(self:call("POST", "/execute/async", { args = json.array(),
    script = "const done = arguments[arguments.length - 1];"
      .. "(async () => {" .. body .. "})().then(done, (e) => done('' + e));" }))
end

--- Writes a screenshot as a PNG file.
function Browser:picture(path)
  local shot = self:chromium("Page.captureScreenshot",
    { format = "png", optimizeForSpeed = true })
  return assert(shell.write_file(path, assert(core.base64.decode(shot.data))))
end

return webdriver
