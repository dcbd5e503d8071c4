-- Output and keys at a real terminal of 80 by 24, by script(1).

local child_process = require "spec.support.child_process"
local adobepass = require "adobepass"
local folder = require "spec.support.folder"
local command_fixture = require "spec.cli.command_fixture"
local shell = require "adobepass.util.shell"

if child_process.is_like_lua54() then return end

describe("cli terminal", function()
  local fixture

  setup(function() fixture = command_fixture.start() end)
  teardown(function() fixture:stop() end)

  local function has(tool)
    if select(2, shell.read("command -v " .. tool)) == 0 then return true end
    pending("no " .. tool .. " here")
  end

  -- Removes escape sequences and carriage returns.
  local function plain(text)
    return (text:gsub("\27%[[%d;]*%a", ""):gsub("\r", ""))
  end

  local function code_in(text)
    return assert(plain(text):match "Code%s+(%w+)", text)
  end

  it("[terminal-shows-code-qr] login: shows the code, a QR code and the time "
    .. "left within 80 by 24", function()
      if not (has "script" and has "qrencode") then return end
      local screen = fixture:at_terminal "login --mvpd Cablevision --interval 3"
      local address, text = screen:seek "/authenticate/"
      local code = code_in(text)
      assert.is_truthy(plain(address):find("REF30/" .. code, 1, true))
      assert.is_truthy(text:find("\27%[38;5;16;48;5;231m")) -- black on white
      assert.is_truthy(text:find("▀█", 1, true))
      local count = 0
      for line in plain(text):gmatch "[^\n]*" do
        local width = select(2, line:gsub("[^\128-\191]", ""))
        assert.is_true(width <= 80, line)
        if width > 0 then count = count + 1 end
      end
      assert.is_true(count > 15 and count < 23)
      fixture:sign_in(code)
      local rest, status = screen:finish()
      rest = plain(rest)
      assert.equal(0, status)
      assert.is_truthy(rest:find("Waiting for the login  29:5%d left"))
      assert.is_truthy(rest:find("29:5%d.*29:5%d")) -- the line is replaced
      assert.is_truthy(rest:find("Logged in with Cablevision", 1, true))
    end)

  -- zbarimg scans the drawn QR code.
  it("[terminal-draws-qr-code] login: draws a QR code that a scanner reads", function()
    if not (has "zbarimg" and has "qrencode") then return end
    local terminal = require "adobepass.cli.terminal"
    local old = terminal.size
    terminal.size = function() return 24, 80 end
    local address = "https://sp.auth-staging.adobe.com/api/v2/authenticate/"
      .. "REF30/8ER640M"
    local lines = require("adobepass.cli.code_screen").qr(address,
      address)
    terminal.size = old
    local dots = { ["█"] = "11", ["▀"] = "10", ["▄"] = "01", [" "] = "00" }
    local rows = {}
    for _, line in ipairs(lines) do
      local upper, lower = {}, {}
      for cell in plain(line):gmatch "[%z\1-\127\194-\244][\128-\191]*" do
        upper[#upper + 1] = (dots[cell]:sub(1, 1) .. " "):rep(4)
        lower[#lower + 1] = (dots[cell]:sub(2, 2) .. " "):rep(4)
      end
      for _ = 1, 4 do rows[#rows + 1] = table.concat(upper) end
      for _ = 1, 4 do rows[#rows + 1] = table.concat(lower) end
    end
    local path = folder.make()
    finally(function() folder.remove(path) end)
    -- Without colors, login draws the light modules; in a PBM file, 1 is dark.
    for index, row in ipairs(rows) do
      rows[index] = row:gsub("[01]", { ["0"] = "1", ["1"] = "0" })
    end
    assert(shell.write_file(path .. "/qr.pbm", ("P1\n%d %d\n%s\n"):format(
      #rows[1] / 2, #rows, table.concat(rows, "\n"))))
    assert.equal("QR-Code:" .. address, shell.read("zbarimg -q "
      .. path .. "/qr.pbm 2> /dev/null"))
  end)

  local function stop_here(screen)
    screen:type "\3"
    local rest, status = screen:finish()
    assert.equal(130, status)
    return plain(rest)
  end

  it("[terminal-ends-line-ctrl-c] login: ends the progress line on Ctrl-C, "
    .. "and stays logged out", function()
    if not has "script" then return end
    local store = { STORE = fixture.folder .. "/ctrl-c" }
    local screen = fixture:at_terminal("login --mvpd Cablevision", store)
    screen:await "polled 0 times"
    local rest = stop_here(screen)
    assert.is_truthy(rest:find "^[^\n]*\n$", rest)
    assert.equal(3, select(3, fixture:run("profiles", store)))
  end)

  -- A reader that starts after the terminal was restored would wait for Enter.
  it("[terminal-reader-ends-first] terminal.with_keys: after an error, restores the "
    .. "terminal when no program reads keys any more", function()
    if not has "script" then return end
    local path = fixture.folder .. "/stty"
    local code = ([[pcall(require("adobepass.cli.terminal").with_keys, function()
      io.popen "sleep 0.1; stty > %s"
      error "stopped"
    end)]]):format(path)
    folder.run(shell.line("script", "-qec", child_process.command(code), "/dev/null")
      .. " < /dev/null")
    assert.is_truthy(shell.read_file(path):find("-icanon", 1, true))
  end)

  it("[terminal-provider-picked-part] login: accepts part of a provider's "
    .. "name", function()
    if not has "script" then return end
    local store = { STORE = fixture.folder .. "/picker" }
    local screen = fixture:at_terminal("login", store)
    screen:seek "Spectrum"
    screen:type "nope"
    screen:seek "No provider's name or id contains that."
    screen:type "\127\127\127\127cable"
    screen:seek "> Cablevision"
    screen:type "\n"
    local _, text = screen:seek "/authenticate/"
    assert.is_truthy(plain(text):find("Provider  Cablevision", 1, true))
    stop_here(screen)
    screen = fixture:at_terminal("login", store)
    assert.is_truthy(plain(screen:seek "last used"):find("> Cablevision", 1, true))
    screen:type "\27[A\n" -- on the phone
    local address = screen:seek "/activate"
    assert.is_truthy(plain(address):find(fixture.sandbox.api
      .. "/activate", 1, true))
    stop_here(screen)
  end)

  it("[terminal-provider-picked-arrows] login: the arrow keys choose a provider, and "
    .. "the terminal is restored", function()
    if not has "script" then return end
    local screen = fixture:at_terminal("login",
      { STORE = fixture.folder .. "/arrows" })
    screen:seek "Spectrum"
    screen:type "\27[B\27[B\27[A\27OB" -- down, down, up, down
    screen:seek "> Adobe Pass SMI"
    screen:type "\n"
    local _, text = screen:seek "/authenticate/"
    assert.is_truthy(plain(text):find("Provider  AdobePass_SMI", 1, true))
    stop_here(screen)
  end)

  it("[terminal-asks-no-provider-signed] login: requests no provider list "
    .. "while logged in", function()
    if not has "script" then return end
    local store = { STORE = fixture.folder .. "/pass" }
    assert.equal(0, select(3, fixture:run("authorize CNN --mvpd TempPass",
      store)))
    local screen = fixture:at_terminal("login", store) -- a TempPass is not a login
    screen:seek "Spectrum"
    stop_here(screen)
    fixture:control("POST", "/login", { service_provider = "REF30",
      mvpd = "Cablevision", username = "ann", device = adobepass.device_id(
        adobepass.store.file(store.STORE)) })
    fixture:control("DELETE", "/journal")
    screen = fixture:at_terminal("login", store)
    screen:type "\4" -- ends a prompt, if there is one
    local rest, status = screen:finish()
    assert.equal(0, status)
    assert.is_truthy(plain(rest):find "Already logged in with Cablevision")
    for _, entry in ipairs(fixture:control("GET", "/journal")) do
      assert.are_not.equal("configuration", entry.operation)
    end
  end)

  it("[terminal-ends-ctrl-c-end] login: the provider prompt ends on Ctrl-C "
    .. "and at the end of the input", function()
    if not has "script" then return end
    for _, key in ipairs { "\3", "\4", "\27" } do
      local screen = fixture:at_terminal("login",
        { STORE = fixture.folder .. "/asked" })
      screen:seek "Spectrum"
      screen:type(key)
      local _, status = screen:finish()
      assert.equal(130, status)
    end
  end)

  it("[terminal-breaks-went-wrong] errors: wrap between words", function()
    if not has "script" then return end
    local screen = fixture:at_terminal("authorize CNN",
      { STORE = fixture.folder .. "/nobody" }, { 24, 40 })
    local rest, status = screen:finish()
    assert.equal(3, status)
    for line in plain(rest):gmatch "[^\n]+" do
      assert.is_true(#line <= 40, line)
    end
  end)

  it("[terminal-shows-code-below] login: shows the code below the QR code on "
    .. "a narrow terminal", function()
    if not (has "script" and has "qrencode") then return end
    local screen = fixture:at_terminal("login",
      { STORE = fixture.folder .. "/narrow" },
      { 40, 40 })
    screen:seek "Spectrum"
    screen:type "\n"
    local _, text = screen:seek "/activate"
    assert.equal(7, #code_in(text))
    local before = #fixture.output
    screen:await "login  29:5" -- replaced since 30:00
    screen:await "\r"
    local shown = table.concat(fixture.output, "", before + 1)
    stop_here(screen)
    for part in shown:gmatch "[^\r\n]+" do
      assert.is_true(#plain(part) < 40, part)
    end
  end)

  it("[terminal-qr-code-colors] login: works without QR code, colors and "
    .. "UTF-8", function()
    if not has "script" then return end
    local function shown(words, changes, size)
      local screen = fixture:at_terminal("login --mvpd Dish " .. words, changes,
        size)
      local _, text = screen:seek "/authenticate/"
      stop_here(screen)
      return text
    end
    assert.is_nil(shown("--no-qr"):find("231m", 1, true))
    assert.is_nil(shown("", nil, { 12, 80 }):find("231m", 1, true)) -- low
    assert.is_nil(shown("", nil, { 24, 30 }):find("231m", 1, true)) -- narrow
    local text = shown("", { NO_COLOR = "1" })
    assert.is_nil(text:find("\27%[%d"))
    assert.is_truthy(text:find("█", 1, true))
    text = shown("", { LC_ALL = "C" })
    assert.is_nil(text:find "[\128-\255]")
    code_in(text)
  end)
end)
