--- Formats times and columns of text.
-- @module adobepass.cli.text

local http_date = require "adobepass.util.http_date"
local terminal = require "adobepass.cli.terminal"

local cli_text = {}

local UNITS = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
  { 1, "second" } }

-- Rounds to the next smaller unit, so that 3,599 seconds are an hour, not 60 minutes.
local function is_at_least(seconds, index)
  local smaller = UNITS[index + 1]
  if not smaller then return seconds >= UNITS[index][1] end
  return math.floor(seconds / smaller[1] + 0.5) * smaller[1] >= UNITS[index][1]
end

--- Formats a duration in the largest unit that fits: "30 days", "1 minute".
function cli_text.duration(seconds)
  for index, unit in ipairs(UNITS) do
    if is_at_least(seconds, index) then
      local count = math.floor(seconds / unit[1] + 0.5)
      return ("%d %s%s"):format(count, unit[2], count == 1 and "" or "s")
    end
  end
  return "less than a second"
end

--- Formats a distance from now: "in 3 days", "2 hours ago", "now".
function cli_text.relative_time(seconds)
  if math.abs(seconds) < 1 then return "now" end
  if seconds < 0 then return cli_text.duration(-seconds) .. " ago" end
  return "in " .. cli_text.duration(seconds)
end

local LATEST = 253402300799 -- the end of year 9999, in seconds

-- Where time_t has 32 bits, os.date raises or returns another year after 2037: then
-- the date is in UTC.
local function local_date(seconds)
  local is_known, year = pcall(os.date, "!%Y", seconds)
  if is_known and tonumber(year) == (http_date.utc(seconds)) then
    return (os.date("%d %B %Y, %H:%M", seconds):gsub("^0", ""))
  end
  return http_date.format(seconds)
end

--- Formats a time in this machine's time zone, "20 December 2026, 13:52", with
-- its distance from `now_ms` if that is given. A value that is not a time is
-- returned as text.
-- @param ms milliseconds since 1970
-- @param[opt] now_ms the present time
function cli_text.date(ms, now_ms)
  local seconds = tonumber(ms) and tonumber(ms) / 1000
  if not seconds or seconds ~= seconds or seconds < 0 or seconds > LATEST then
    return terminal.escape(ms)
  end
  local text = local_date(math.floor(seconds))
  if not now_ms then return text end
  return ("%s (%s)"):format(text, cli_text.relative_time(seconds - now_ms / 1000))
end

--- Formats seconds as minutes and seconds: "1:05".
function cli_text.countdown(seconds)
  seconds = math.max(0, math.floor(seconds))
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

--- Returns the number of characters of a UTF-8 text.
function cli_text.width(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

--- Appends blanks to a text up to a width.
function cli_text.pad(text, width)
  return text .. (" "):rep(width - cli_text.width(text))
end

--- Wraps a text at blanks. Returns a list of lines of at most `width`
-- characters; a longer word stays whole.
function cli_text.wrap(text, width)
  local lines = { "" }
  for word in text:gmatch "%S+" do
    local line = lines[#lines]
    if line ~= ""
        and cli_text.width(line) + 1 + cli_text.width(word) > width then
      lines[#lines + 1] = word
    else
      lines[#lines] = line == "" and word or line .. " " .. word
    end
  end
  return lines
end

--- Returns the width of the widest text of a list.
function cli_text.widest(list)
  local most = 0
  for _, text in ipairs(list) do most = math.max(most, cli_text.width(text)) end
  return most
end

return cli_text
