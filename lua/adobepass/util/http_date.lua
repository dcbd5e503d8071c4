--- Parses and formats the dates of HTTP headers (RFC 9110 section 5.6.7).
-- os.date depends on the locale, and ends in 2038 where time_t has 32 bits.
-- @module adobepass.util.http_date

local floor = math.floor

local http_date = {}

-- Returns a table of names by number, from 0, and of numbers by name.
local function numbered(names)
  local both, count = {}, 0
  for name in names:gmatch "%a+" do
    both[name], both[count], count = count, name, count + 1
  end
  return both
end

local MONTHS = numbered "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
local DAYS = numbered("Sun Mon Tue Wed Thu Fri Sat Sunday Monday Tuesday "
  .. "Wednesday Thursday Friday Saturday")
local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local TIME = "(%d%d):(%d%d):(%d%d)"
-- Each pattern captures the day's name, the date and the time. asctime has the
-- month before the day, and the year last.
local FORMS = {
  { "^(%a+), (%d%d) (%a+) (%d%d%d%d) " .. TIME .. " GMT$" },
  { "^(%a+), (%d%d)%-(%a+)%-(%d%d) " .. TIME .. " GMT$", short_year = true },
  { "^(%a+) (%a+) ([ %d]%d) " .. TIME .. " (%d%d%d%d)$", asctime = true },
}

local function month_length(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and leap and 29 or LENGTHS[month]
end

-- Returns the days since 1970-01-01. The years begin in March, so that the leap
-- day is the last day of a year.
local function day_number(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + floor(year / 4) - floor(year / 100)
    + floor(year / 400) + floor((153 * month - 457) / 5) + day - 719469
end

--- Returns the seconds since 1970 of a date and time in UTC; nil when there is
-- no such day or time.
function http_date.epoch(year, month, day, hour, minute, second)
  -- A leap second, 60, is the first second of the next minute.
  if month < 1 or month > 12 or day < 1
    or day > month_length(year, month) or hour > 23
    or minute > 59 or second > 60 then
    return nil
  end
  return ((day_number(year, month, day) * 24 + hour) * 60 + minute) * 60
    + second
end

-- Returns the inverse of day_number.
local function date_of(days)
  days = days + 719468
  local cycle = floor(days / 146097) -- of 400 years
  days = days - cycle * 146097
  local year = floor((days - floor(days / 1460) + floor(days / 36524)
    - floor(days / 146096)) / 365)
  days = days - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * days + 2) / 153)
  local day = days - floor((153 * month + 2) / 5) + 1
  year = year + cycle * 400
  if month >= 10 then return year + 1, month - 9, day end
  return year, month + 3, day
end

--- Returns year, month, day, hour, minute and second of a time in UTC, and the day of
-- the week, 0 for Sunday.
-- @number seconds since 1970; a fraction is dropped
function http_date.utc(seconds)
  seconds = floor(seconds)
  local days = floor(seconds / 86400)
  local year, month, day = date_of(days)
  local second = seconds - days * 86400
  return year, month, day, floor(second / 3600), floor(second / 60) % 60, second % 60,
    (days + 4) % 7
end

--- Formats a time in the preferred format.
-- @number seconds since 1970
-- @treturn string e.g. `"Sun, 06 Nov 1994 08:49:37 GMT"`
function http_date.format(seconds)
  local year, month, day, hour, minute, second, weekday = http_date.utc(seconds)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[weekday], day,
    MONTHS[month - 1], year, hour, minute, second)
end

-- By the RFC, a year of two digits depends on today's date, which a TV may not
-- know. HTTP has no dates before 1970.
local function full_year(year)
  return year < 70 and 2000 + year or 1900 + year
end

local function read(form, text)
  local name, day, month, year, hour, minute, second = text:match(form[1])
  if not name then return nil end
  if form.asctime then
    day, month, year, hour, minute, second =
      month, day, second, year, hour, minute
  end
  month, year = MONTHS[month], tonumber(year)
  if not DAYS[name] or not month then return nil end
  if form.short_year then year = full_year(year) end
  return http_date.epoch(year, month + 1,
    tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
end

--- Parses the date of a header such as Date or Retry-After, in the preferred
-- format or in one of the two obsolete ones.
-- @param text e.g. `"Sun, 06 Nov 1994 08:49:37 GMT"`
-- @treturn ?number seconds since 1970, an integer where Lua has integers; nil
-- when the text is not a date
function http_date.parse(text)
  if type(text) ~= "string" then return nil end
  for _, form in ipairs(FORMS) do
    local seconds = read(form, text)
    if seconds then return seconds end
  end
end

return http_date
