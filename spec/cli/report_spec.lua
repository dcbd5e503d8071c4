-- Exit statuses, and formatting of times and widths.

local errors = require "adobepass.api.errors"
local report = require "adobepass.cli.report"
local cli_text = require "adobepass.cli.text"
local terminal = require "adobepass.cli.terminal"

describe("cli report", function()
  it("[exit-status-went-wrong] report: maps each error code to its exit "
    .. "status", function()
    for code, status in pairs { usage = 2, cancelled = 130, login_denied = 4,
      login_expired = 3, login_superseded = 1, not_logged_in = 3,
      authenticated_profile_expired = 3, timeout = 1, store_failed = 1,
      authorization_denied_by_mvpd = 4, internal_server_error = 1,
      authorization_denied_by_parental_controls = 4,
      temporary_access_duration_limit_exceeded = 3,
      invalid_client = 1, something_new = 1 } do
      local err = errors.new { code = code, message = "x" }
      assert.equal(status, report.status(err), code)
      assert.is_truthy(report.advice(err):find "%S")
    end
  end)
end)

describe("cli text", function()
  it("[exit-status-largest-unit-fits] text: formats a duration in the "
    .. "largest unit that fits", function()
    for seconds, text in pairs { [0] = "less than a second",
      [1] = "1 second", [59] = "59 seconds", [60] = "1 minute",
      [419.6] = "7 minutes", [3600] = "1 hour", [86400] = "1 day",
      [30 * 86400 - 1] = "30 days", [59.7] = "1 minute", [3599] = "1 hour",
      [3569] = "59 minutes", [86399] = "1 day", [0.7] = "less than a second" } do
      assert.equal(text, cli_text.duration(seconds))
    end
    assert.equal("in 2 hours", cli_text.relative_time(7200))
    assert.equal("2 hours ago", cli_text.relative_time(-7200))
    assert.equal("now", cli_text.relative_time(-0.4))
    assert.equal("29:05", cli_text.countdown(29 * 60 + 5.9))
    assert.equal("0:00", cli_text.countdown(-1))
  end)

  it("[exit-status-repeat-no-time] text: formats a date, and returns other "
    .. "values as text", function()
    assert.is_truthy(cli_text.date(0):find "^%d+ %u%l+ 19%d%d, %d%d:%d%d$")
    assert.is_truthy(cli_text.date(86400000, 0):find "%(in 1 day%)$")
    for _, value in ipairs { -1, 1e300, 0 / 0, "soon\27[2J" } do
      assert.is_nil(cli_text.date(value, 0):find "[%c(]")
    end
  end)

  it("[cli-date-after-2038] text: formats a date in UTC that os.date does not know",
    function()
    local real = os.date
    finally(function() os.date = real end) -- luacheck: ignore 122
    local function expect(otherwise)
      os.date = otherwise -- luacheck: ignore 122
      assert.equal("Sun, 01 Jan 2040 12:00:00 GMT", cli_text.date(2209032000000))
    end
    expect(function() error "time out-of-bounds" end) -- Lua 5.4, 32 bits
    expect(function(form) return real(form, -2147483648) end) -- LuaJIT, 32 bits
  end)

  it("[exit-status-count-characters] text: counts characters, not bytes", function()
    assert.equal(3, cli_text.width "aé█")
    assert.equal("é ", cli_text.pad("é", 2))
    assert.equal("long", cli_text.pad("long", 2))
    assert.same({ "aa bb", "cccccc", "d" }, cli_text.wrap("aa  bb cccccc d", 5))
    assert.equal(0, cli_text.widest {})
  end)

  it("[exit-status-leave-terminal-obey] terminal: escapes control characters",
    function()
    assert.equal("a\\x1b[2Jb\\xc2\\x9bc é\\x9b",
      terminal.escape "a\27[2Jb\194\155c é\155")
    assert.equal("\\x1b", terminal.escape(terminal.escape "\27"))
  end)
end)
