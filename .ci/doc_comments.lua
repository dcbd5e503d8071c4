-- SPDX-License-Identifier: MIT
-- Reads doc comments of C (/*** … */) and Lua (--- …), and turns them into Markdown.
-- Such a comment is text followed by tags: @function, @type, @section, @string,
-- @number, @int, @bool, @param, @tparam, @treturn and @return.
--
-- read(path): a list of { kind = "type", "section" or "function", name, text, params =
-- { { name, type, text, is_optional, default } }, cases = { { { type, text } } } }: the
-- results of a success, then those of a failure

local shell = require "adobepass.util.shell"

local doc_comments = { names = {}, used = {} } -- names: functions; used: files

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

local function trim(text) return (text:gsub("%s+$", "")) end

local function parameter(tag, modifier, rest)
  local kind, name, text = SCALARS[tag], nil, nil
  if kind then name, text = rest:match "^(%S+)%s*(.*)$"
  elseif tag == "tparam" then kind, name, text = rest:match "^(%S+)%s+(%S+)%s*(.*)$"
  elseif tag == "param" then kind, name, text = "any", rest:match "^(%S+)%s*(.*)$" end
  if not kind or not name then return nil end
  return { name = name, type = kind, text = trim(text),
    is_optional = modifier:find "^%[opt" ~= nil,
    default = modifier:match "^%[opt=(.-)%]$" }
end

local function result(tag, rest)
  if tag == "return" then return { type = "any", text = trim(rest) } end
  if tag ~= "treturn" then return nil end
  local kind, text = rest:match "^(%S+)%s*(.*)$"
  return { type = kind, text = trim(text) }
end

local function function_of(name, text, tags)
  local item = { kind = "function", name = name, text = text, params = {}, cases = {} }
  local by_case = {}
  for _, tag in ipairs(tags) do
    local found, value = parameter(tag[1], tag[2], tag[3]), result(tag[1], tag[3])
    if found then table.insert(item.params, found) end
    if value and not by_case[tag[2]] then
      by_case[tag[2]] = {}
      table.insert(item.cases, by_case[tag[2]])
    end
    if value then table.insert(by_case[tag[2]], value) end
  end
  return item
end

function doc_comments.read(path)
  local list = {}
  for _, comment in ipairs(comments_of(path)) do
    local text, tags = parse(comment)
    local first = tags[1]
    if first and (first[1] == "type" or first[1] == "section") then
      list[#list + 1] = { kind = first[1], name = trim(first[3]), text = text }
    end
    for _, tag in ipairs(tags) do
      if tag[1] == "function" then
        list[#list + 1] = function_of(tag[3]:gsub("%s", ""), text, tags)
      end
    end
  end
  return list
end

-- --- Markdown -----------------------------------------------------------------

local function parameter_text(item)
  return ("- `%s`: %s%s%s"):format(item.name, item.type,
    item.default and ", default " .. item.default
      or item.is_optional and ", optional" or "",
    item.text ~= "" and "; " .. item.text or "")
end

-- Returns a type with its text, which is a name, such as "string message", or more.
local function result_text(item)
  local text = item.text
  if item.type == "any" then return text end
  local kind, is_optional = item.type:gsub("^%?", "")
  if is_optional > 0 and text:find "^nil " then return kind .. ", or " .. text end
  local is_name = text == "" or text:find "^%l+$" or text:find "^code[:,]"
  return kind .. (is_optional > 0 and " or nil" or "") .. (is_name and "" or ",")
    .. (text ~= "" and " " .. text or "")
end

-- Returns "Returns: x; or nil, message, code."
local function results_text(cases)
  local list = {}
  for _, case in ipairs(cases) do
    local values = {}
    for _, item in ipairs(case) do values[#values + 1] = result_text(item) end
    list[#list + 1] = table.concat(values, ", ")
  end
  return #list > 0 and "\nReturns: " .. table.concat(list, "; or ") .. "." or ""
end

local function function_text(prefix, item)
  local names, lines = {}, {}
  for _, param in ipairs(item.params) do
    names[#names + 1] = param.is_optional and "[" .. param.name .. "]" or param.name
    lines[#lines + 1] = parameter_text(param)
  end
  local name = item.name
  if not name:find(":", 1, true) then name = prefix .. name end
  table.insert(doc_comments.names, name)
  return ("#### %s\n\n```\n%s(%s)\n```\n\n%s\n%s%s\n"):format(name, name,
    table.concat(names, ", "), item.text, #lines > 0 and "\n"
    .. table.concat(lines, "\n") .. "\n" or "", results_text(item.cases))
end

-- Returns the Markdown of the functions in a file; the rest of the argument is what
-- precedes their names.
function doc_comments.markdown(argument)
  local path, prefix = argument:match "^(%S+) ?(.*)$"
  local parts = {}
  doc_comments.used[path] = true
  for _, item in ipairs(doc_comments.read(path)) do
    parts[#parts + 1] = item.kind == "function" and function_text(prefix, item)
      or ("### %s\n\n%s\n"):format(item.kind == "type"
        and "The type `" .. item.name .. "`" or item.name:gsub("^%l", string.upper),
        item.text)
  end
  return table.concat(parts, "\n")
end

return doc_comments
