--- Finds the single-line mutations of a Lua or C file.

local operators = {}

local COMPARISONS = {
  lua = { ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">",
    ["=="] = "~=", ["~="] = "==" },
  c = { ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">",
    ["=="] = "!=", ["!="] = "==" },
}
local ARITHMETIC = { ["+"] = "-", ["-"] = "+", ["*"] = "/", ["/"] = "*",
  ["+="] = "-=", ["-="] = "+=" }
local NO_OPERAND = { ["return"] = true, ["and"] = true, ["or"] = true,
  ["not"] = true, ["then"] = true, ["else"] = true, ["do"] = true }

-- --- comments and strings --------------------------------------------------

-- Finds the last character of the string or comment that begins at `at`.
-- Returns nil if none begins there; `true` as a second result for a comment.
local function skip_quoted(text, at)
  local quote, position = text:sub(at, at), at + 1
  while position <= #text do
    local char = text:sub(position, position)
    if char == quote then return position end
    position = position + (char == "\\" and 2 or 1)
  end
  return #text
end

local function skip_long(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  return select(2, text:find("]" .. level .. "]", at, true)) or #text
end

local SKIP = {}

function SKIP.lua(text, at)
  if text:find("^[\"']", at) then return skip_quoted(text, at) end
  if text:find("^%-%-", at) then
    return skip_long(text, at + 2) or (text:find("\n", at) or #text + 1) - 1,
      true
  end
  return skip_long(text, at)
end

function SKIP.c(text, at)
  if text:find("^[\"']", at) then return skip_quoted(text, at) end
  if text:find("^/%*", at) then
    return select(2, text:find("*/", at + 2, true)) or #text, true
  end
  if text:find("^//", at) then
    return (text:find("\n", at) or #text + 1) - 1, true
  end
end

local function blank(text) return (text:gsub("[^\n]", " ")) end

-- Returns the text with comments blanked, and with strings blanked as well.
local function mask(text, language)
  local code, bare, at = {}, {}, 1
  while at <= #text do
    local start = text:find("[\"'/%-%[]", at)
    local before = text:sub(at, (start or #text + 1) - 1)
    code[#code + 1], bare[#bare + 1] = before, before
    if not start then break end
    local stop, is_comment = SKIP[language](text, start)
    local part = text:sub(start, stop or start)
    code[#code + 1] = is_comment and blank(part) or part
    bare[#bare + 1] = stop and blank(part) or part
    at = (stop or start) + 1
  end
  return table.concat(code), table.concat(bare)
end

local function split(text)
  local list = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do list[#list + 1] = line end
  return list
end

-- --- lines without mutations -----------------------------------------------

local FUNCTION_LINES = {}

function FUNCTION_LINES.lua(lines)
  local set = {}
  for index, line in ipairs(lines) do
    set[index] = not line:find "%f[%w_]require%f[^%w_]"
  end
  return set
end

-- In C, mutations are made in the bodies of functions only.
function FUNCTION_LINES.c(lines)
  local set, depth, is_body, is_directive, last = {}, 0, false, false, ""
  for index, line in ipairs(lines) do
    is_directive = is_directive or line:find "^%s*#" ~= nil
    set[index] = depth > 0 and is_body and not is_directive
      and not line:find "^%s*static%s"
    if not is_directive then
      for char in line:gmatch "%S" do
        if char == "{" then
          if depth == 0 then is_body = last == ")" end
          depth = depth + 1
        elseif char == "}" then
          depth = depth - 1
        end
        last = char
      end
    end
    is_directive = is_directive and line:find "\\%s*$" ~= nil
  end
  return set
end

-- --- operators -------------------------------------------------------------

-- Each is called with add(name, from, to, replacement), the line without
-- strings and comments, and the language.

local function swap_comparison(add, line, language)
  for from, run in line:gmatch "()([<>=~!]+)" do
    local to = COMPARISONS[language][run]
    if to and line:sub(from - 1, from - 1) ~= "-" then
      add(run .. " to " .. to, from, from + #run - 1, to)
    end
  end
end

local function swap_logic(add, line)
  for _, pair in ipairs { { "%f[%w_]and%f[^%w_]", "or" },
      { "%f[%w_]or%f[^%w_]", "and" }, { "&&", "||" }, { "||", "&&" } } do
    for from, found, to in line:gmatch("()(" .. pair[1] .. ")()") do
      add(found .. " to " .. pair[2], from, to - 1, pair[2])
    end
  end
end

local function swap_arithmetic(add, line)
  for from, run in line:gmatch "()([%+%-%*/=>]+)" do
    local to, before = ARITHMETIC[run], line:sub(1, from - 1)
    local is_spaced = before:find " $" and line:find("^ ", from + #run)
    local is_operand = before:find "[%w_%)%]]%s*$"
      and not NO_OPERAND[before:match "(%a+)%s*$"]
    if to and is_spaced and is_operand then
      add(run .. " to " .. to, from, from + #run - 1, to)
    end
  end
end

local function change_constant(add, line)
  -- "return 1" is a true value in C; change_return makes it 0.
  local fixed = line:match "%f[%w_]return ()1;"
  for from, digits, to in line:gmatch "%f[%w_.]()(%d+)()%f[^%w_.]" do
    local changed = ("%d"):format(tonumber(digits) + 1)
    if from ~= fixed then
      add(digits .. " to " .. changed, from, to - 1, changed)
    end
  end
  for from, word, to in line:gmatch "%f[%w_]()(%a+)()%f[^%w_]" do
    local changed = ({ ["true"] = "false", ["false"] = "true" })[word]
    if changed then add(word .. " to " .. changed, from, to - 1, changed) end
  end
end

local function negate(add, line, language)
  if language == "lua" then
    for _, pattern in ipairs { "%f[%w_]e?l?s?e?if%s+()(.-)()%s+then%f[^%w_]",
        "%f[%w_]while%s+()(.-)()%s+do%f[^%w_]" } do
      local from, _, to = line:match(pattern)
      if from then add("negate condition", from, to - 1, "not (\0)") end
    end
    for from, to in line:gmatch "%f[%w_]()not%s+()" do
      add("remove not", from, to - 1, "")
    end
    return
  end
  for _, word in ipairs { "if", "while" } do
    local from, to = line:match("%f[%w_]" .. word .. " ()%b()()")
    if from then add("negate condition", from, to - 1, "(!\0)") end
  end
  for from in line:gmatch "()![%a_%(]" do add("remove !", from, from, "") end
end

local function change_return(add, line, language)
  if language == "lua" then
    local from, value = line:match "%f[%w_]return%s+()(.-)%s*$"
    if not from or line:find "^return" then return end -- of the module
    value = value:gsub("%s+end$", "")
    if value ~= "nil" and value ~= "false" then
      add("return nil", from, from + #value - 1, "nil")
    end
    return
  end
  local from, value = line:match "%f[%w_]return ()(.-);"
  if from and value ~= "0" then
    add("return 0", from, from + #value - 1, "0")
  end
end

local function delete_call(add, line, language, previous, following)
  local from, to
  if language == "c" then
    from, to = line:match "^%s*()[%w_%->.()]-[%w_]%b();()%s*$"
    if from then add("delete call", from, to - 1, ";") end
    return
  end
  local is_part = previous:find "[=,({%[+*/<>.-]%s*$"
    or following:find "^%s*[.:+*/)},%]-]"
  for _, word in ipairs { "and", "or", "not", "return" } do
    is_part = is_part or previous:find("%f[%w_]" .. word .. "%s*$")
      or following:find("^%s*" .. word .. "%s") and word ~= "return"
  end
  from, to = line:match "^%s*()[%a_][%w_.:]*%b()()%s*$"
  if from and not is_part then add("delete call", from, to - 1, "") end
end

local ALL = { swap_comparison, swap_logic, swap_arithmetic, change_constant,
  negate, change_return, delete_call }

--- Returns a list of { line, operator, text, old, new }: the number of the
-- line, the name of the operator, the trimmed line without its comment, and
-- the whole line before and after. `language`: "lua" or "c".
function operators.find(text, language)
  local code, bare = mask(text, language)
  local lines, code_lines, bare_lines = split(text), split(code), split(bare)
  local is_usable, list = FUNCTION_LINES[language](bare_lines), {}
  for number, line in ipairs(bare_lines) do
    local seen = {}
    local function add(name, from, to, replacement)
      local old = lines[number]
      local new = replacement:gsub("%z", function()
        return old:sub(from, to)
      end)
      seen[name] = (seen[name] or 0) + 1
      if seen[name] > 1 then name = name .. ", no. " .. seen[name] end
      list[#list + 1] = { line = number, operator = name, old = old,
        text = code_lines[number]:match "^%s*(.-)%s*$",
        new = old:sub(1, from - 1) .. new .. old:sub(to + 1) }
    end
    if is_usable[number] then
      for _, operator in ipairs(ALL) do
        operator(add, line, language, bare_lines[number - 1] or "",
          bare_lines[number + 1] or "")
      end
    end
  end
  return list
end

--- Returns the text of a file after a mutation.
function operators.apply(text, line, new)
  local lines = split(text)
  lines[line] = new
  return (table.concat(lines, "\n"))
end

return operators
