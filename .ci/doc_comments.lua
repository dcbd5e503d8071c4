-- SPDX-License-Identifier: MIT
-- Turns doc comments of C (/*** … */) and Lua (--- …) into Markdown. Such a
-- comment is text followed by tags: @function, @type, @section, @string, @number, @int,
-- @bool, @param, @tparam, @treturn and @return.

local shell = require "adobepass.util.shell"

local doc_comments = { count = 0, used = {} } -- used: the files

-- Returns the comments of a file, without their markers.
local function comments_of(path)
  local text, list = assert(shell.read_file(path)), {}
  if path:find "%.c$" then
    for comment in text:gmatch "/%*%*%*(.-)%*/" do list[#list + 1] = comment end
    return list
  end
  local lines
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local first, more = line:match "^%-%-%- ?(.*)$", line:match "^%-%- ?(.*)$"
    if first then
      lines = { first }
    elseif more and lines then
      lines[#lines + 1] = more
    elseif lines then
      local name = line:match "^function ([%w_.:]+)"
      if name then lines[#lines + 1] = "@function " .. name end
      list[#list + 1] = table.concat(lines, "\n")
      lines = nil
    end
  end
  return list
end

-- Returns the text, and a list of { tag, modifier, rest }.
local function parse(comment)
  local text, tags = {}, {}
  for line in (comment .. "\n"):gmatch "([^\n]*)\n" do
    local tag, modifier, rest = line:match "^@(%l+)(%b[])%s*(.*)$"
    if not tag then
      tag, rest = line:match "^@(%l+)%s*(.*)$"
      modifier = ""
    end
    if tag then
      tags[#tags + 1] = { tag, modifier, rest }
    elseif #tags > 0 then
      tags[#tags][3] = tags[#tags][3] .. " " .. line
    else
      text[#text + 1] = line
    end
  end
  return table.concat(text, "\n"):gsub("^%s+", ""):gsub("%s+$", ""), tags
end

local SCALARS = { string = "string", number = "number", int = "integer",
  bool = "boolean" }

local function parameter(tag, modifier, rest)
  local kind, name, text = SCALARS[tag], nil, nil
  if kind then name, text = rest:match "^(%S+)%s*(.*)$"
  elseif tag == "tparam" then kind, name, text = rest:match "^(%S+)%s+(%S+)%s*(.*)$"
  elseif tag == "param" then kind, name, text = "any", rest:match "^(%S+)%s*(.*)$" end
  if not kind or not name then return nil end
  local default = modifier:match "^%[opt=(.-)%]$"
  return { name = name, is_optional = modifier:find "^%[opt" ~= nil,
    line = ("- `%s`: %s%s%s"):format(name, kind, default and ", default " .. default
      or modifier ~= "" and ", optional" or "", text ~= "" and "; " .. text or "") }
end

local function result(tag, modifier, rest)
  if tag == "treturn" then
    local kind, text = rest:match "^(%S+)%s*(.*)$"
    kind = kind:gsub("^%?", "") .. (kind:find "^%?" and " or nil" or "")
    return modifier, (kind .. (text ~= "" and " " .. text or ""))
  end
  return modifier, rest
end

-- Returns "Returns x; or nil, message, code".
local function results_text(tags)
  local cases, order = {}, {}
  for _, tag in ipairs(tags) do
    if tag[1] == "treturn" or tag[1] == "return" then
      local case, text = result(tag[1], tag[2], tag[3])
      if not cases[case] then
        cases[case] = {}
        order[#order + 1] = case
      end
      table.insert(cases[case], (text:gsub("%s+$", "")))
    end
  end
  local list = {}
  for _, case in ipairs(order) do list[#list + 1] = table.concat(cases[case], ", ") end
  return #list > 0 and "\nReturns: " .. table.concat(list, "; or ") .. "." or ""
end

local function function_text(prefix, name, text, tags)
  local names, lines = {}, {}
  for _, tag in ipairs(tags) do
    local found = parameter(tag[1], tag[2], tag[3])
    if found then
      names[#names + 1] = found.is_optional and "[" .. found.name .. "]" or found.name
      lines[#lines + 1] = found.line
    end
  end
  doc_comments.count = doc_comments.count + 1
  if not name:find(":", 1, true) then name = prefix .. name end
  return ("#### %s\n\n```\n%s(%s)\n```\n\n%s\n%s%s\n"):format(name, name,
    table.concat(names, ", "), text, #lines > 0 and "\n" .. table.concat(lines, "\n")
    .. "\n" or "", results_text(tags))
end

-- Returns the Markdown of the functions in a file; the rest of the argument is what
-- precedes their names.
function doc_comments.markdown(argument)
  local path, prefix = argument:match "^(%S+) ?(.*)$"
  local parts = {}
  doc_comments.used[path] = true
  for _, comment in ipairs(comments_of(path)) do
    local text, tags = parse(comment)
    local first = tags[1]
    if first and (first[1] == "type" or first[1] == "section") then
      parts[#parts + 1] = ("### %s\n\n%s\n"):format(
        first[1] == "type" and "The type `" .. first[3]:gsub("%s", "") .. "`"
        or first[3]:gsub("%s+$", ""):gsub("^%l", string.upper), text)
    end
    for _, tag in ipairs(tags) do
      if tag[1] == "function" then
        parts[#parts + 1] = function_text(prefix, (tag[3]:gsub("%s", "")), text, tags)
      end
    end
  end
  return table.concat(parts, "\n")
end

return doc_comments
