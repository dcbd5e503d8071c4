--- Formats times and tables, and makes foreign text safe to print.
-- @module adobepass.cli.text

local cli_text = {}

--- Text of others without what a terminal would obey: control characters, and
-- those of U+0080 to U+009F.
function cli_text.clean(text)
  return (tostring(text):gsub("\194[\128-\159]", " "):gsub("%c", " "))
end

local UNITS = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
  { 1, "second" } }

--- "30 days" or "1 minute": the nearest number of the largest unit that fits.
function cli_text.span(seconds)
  for _, unit in ipairs(UNITS) do
    if seconds >= unit[1] then
      local count = math.floor(seconds / unit[1] + 0.5)
      return ("%d %s%s"):format(count, unit[2], count == 1 and "" or "s")
    end
  end
  return "less than a second"
end

--- "in 3 days", "2 hours ago", "now".
function cli_text.distance(seconds)
  if math.abs(seconds) < 1 then return "now" end
  if seconds < 0 then return cli_text.span(-seconds) .. " ago" end
  return "in " .. cli_text.span(seconds)
end

local LATEST = 253402300799 -- the end of the year 9999

--- "20 December 2026, 13:52" of this machine's time zone, and how far away
-- that is; what is no time of ours stays as it is.
-- @param ms since 1970
-- @param now_ms the time it is
function cli_text.date(ms, now_ms)
  local seconds = tonumber(ms) and tonumber(ms) / 1000
  if not seconds or seconds ~= seconds or seconds < 0 or seconds > LATEST then
    return cli_text.clean(ms)
  end
  local text = os.date("%d %B %Y, %H:%M", math.floor(seconds))
    :gsub("^0", "")
  if not now_ms then return text end
  return ("%s (%s)"):format(text, cli_text.distance(seconds - now_ms / 1000))
end

--- "1:05": minutes and seconds of a countdown.
function cli_text.countdown(seconds)
  seconds = math.max(0, math.floor(seconds))
  return ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60)
end

--- How many columns a text takes: its characters.
function cli_text.width(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

--- A text filled up with blanks.
function cli_text.pad(text, width)
  return text .. (" "):rep(width - cli_text.width(text))
end

--- A text as lines of at most so many characters, broken at blanks.
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

--- The width that the longest of some texts has.
function cli_text.widest(list)
  local most = 0
  for _, text in ipairs(list) do most = math.max(most, cli_text.width(text)) end
  return most
end

return cli_text
