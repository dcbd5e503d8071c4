local http_date = require "adobepass.util.http_date"

describe("http_date.parse", function()
  local dates = {
    -- The three formats of one date: RFC 9110 5.6.7.
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
    { "Sun Nov  6 08:49:37 1994", 784111777 },
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Tue, 20 Feb 2024 11:21:53 GMT", 1708428113 },
    { "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
    { "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
    { "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
    { "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
    { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
    { "Tue, 19 Jan 2038 03:14:08 GMT", 2147483648 },
    { "Friday, 01-Jan-70 00:00:00 GMT", 0 },
    { "Thursday, 31-Dec-69 00:00:00 GMT", 3155673600 },
    { "Wed Nov 16 08:49:37 1994", 784975777 },
  }
  for _, case in ipairs(dates) do
    it("[http-date-reads] http_date: parses " .. case[1], function()
      assert.equal(case[2], http_date.parse(case[1]))
      assert.equal(("%d"):format(case[2]), tostring(http_date.parse(case[1])))
    end)
  end

  local malformed = {
    "", "now", "0", "120", "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
    "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
    "Sol, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 08:49:37 GMT", "Mon, 29 Feb 2100 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun Nov    08:49:37 1994", ("9"):rep(100000),
  }
  for _, text in ipairs(malformed) do
    it("[http-date-not-read] http_date: refuses "
      .. ("%q"):format(text:sub(1, 60)), function()
      assert.is_nil(http_date.parse(text))
    end)
  end

  it("[http-date-not-raise-types] http_date: a value of another type gives "
    .. "nil", function()
    for _, value in ipairs { 1, true, {}, print } do
      assert.is_nil(http_date.parse(value))
    end
    assert.is_nil(http_date.parse(nil))
  end)

  -- Where time_t has 32 bits, os.date ends in 2038.
  local function last_day()
    local is_known, year = pcall(os.date, "!%Y", 2147483648)
    return is_known and year == "2038" and 47000 or 24854
  end

  it("[http-date-agrees-system-calendar] http_date: agrees with os.date on "
    .. "every 17th day", function()
    for day = 0, last_day(), 17 do
      local seconds = day * 86400 + day % 86400
      local text = os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds)
      assert(http_date.parse(text) == seconds, text)
      assert(http_date.format(seconds + 0.9) == text, text)
    end
  end)
end)

describe("http_date.format", function()
  it("[http-date-format-parse] http_date: formats dates up to year 9999 so that parse "
    .. "returns the same time", function()
    local function check(day)
      local seconds = day * 86400 + day % 86400
      local text = http_date.format(seconds)
      assert(http_date.parse(text) == seconds, text)
      assert((day + 4) % 7 == select(7, http_date.utc(seconds)), text)
    end
    for day = 0, 2932896, 97 do check(day) end
    for day = 58, 2932896, 365 do check(day) end
    assert.equal("Fri, 31 Dec 9999 23:59:59 GMT", http_date.format(253402300799))
  end)

  it("[http-date-format-known] http_date: formats leap days and times before 1970",
    function()
    for text, seconds in pairs {
      ["Thu, 01 Jan 1970 00:00:00 GMT"] = 0,
      ["Sun, 06 Nov 1994 08:49:37 GMT"] = 784111777,
      ["Tue, 29 Feb 2000 00:00:00 GMT"] = 951782400,
      ["Tue, 19 Jan 2038 03:14:08 GMT"] = 2147483648,
      ["Mon, 01 Mar 2100 00:00:00 GMT"] = 4107542400,
      ["Wed, 31 Dec 1969 23:59:59 GMT"] = -1 } do
      assert.equal(text, http_date.format(seconds))
    end
  end)
end)
