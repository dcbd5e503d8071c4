--- Lets the user choose a TV provider with the arrow keys, or by typing part of its
-- name.
-- @module adobepass.cli.picker

local terminal = require "adobepass.cli.terminal"

local picker = {}
local Picker = {}
Picker.__index = Picker

-- The first entry: the viewer chooses on the second screen.
local ON_THE_PHONE = { display_name = "Choose on the phone", on_the_phone = true }

local UP = { ["\27[A"] = true, ["\27OA"] = true }
local DOWN = { ["\27[B"] = true, ["\27OB"] = true }
local ENTER = { ["\r"] = true, ["\n"] = true }
local BACKSPACE = { ["\8"] = true, ["\127"] = true }
local CANCEL = { ["\27"] = true, ["\4"] = true }

local function matches(item, text)
  text = text:lower()
  return item.display_name:lower():find(text, 1, true)
    or item.id:lower():find(text, 1, true)
end

-- Selects the entries that contain the typed text.
local function narrow(self)
  self.entries, self.at = {}, 1
  if self.typed == "" then self.entries[1] = ON_THE_PHONE end
  for _, item in ipairs(self.list) do
    if self.typed == "" or matches(item, self.typed) then
      self.entries[#self.entries + 1] = item
    end
  end
end

--- Creates a picker. The last choice is selected at first.
-- @param list of client:providers
function picker.new(list)
  local self = setmetatable({ list = list, typed = "" }, Picker)
  narrow(self)
  if list[1] and list[1].remembered then self.at = 2 end
  return self
end

-- Removes the last character, which may have several bytes.
local function shorten(text) return (text:gsub("[^\128-\191][\128-\191]*$", "")) end

--- Handles a key. Returns the chosen provider; false if the viewer chooses on the
-- second screen; nil and "cancelled" if the user cancels; or nil.
function Picker:press(key)
  if CANCEL[key] then return nil, "cancelled" end
  if UP[key] then self.at = math.max(1, self.at - 1)
  elseif DOWN[key] then self.at = math.min(#self.entries, self.at + 1)
  elseif ENTER[key] then
    local entry = self.entries[self.at]
    if entry and entry.on_the_phone then return false end
    return entry
  elseif BACKSPACE[key] then
    self.typed = shorten(self.typed)
    narrow(self)
  elseif not key:find "%c" then
    self.typed = self.typed .. key
    narrow(self)
  end
end

-- Returns the first and the last entry to show, so that the selected one is visible.
local function window(self, rows)
  local first = math.max(1, math.min(self.at - math.floor(rows / 2),
    #self.entries - rows + 1))
  return first, math.min(#self.entries, first + rows - 1)
end

local function entry_line(self, index)
  local item = self.entries[index]
  local text = terminal.escape(item.display_name)
  if item.remembered then text = text .. terminal.paint("DIM", "  (last used)") end
  if index ~= self.at then return "    " .. text end
  return terminal.paint("BOLD", "  > " .. text)
end

--- Returns `rows` + 2 lines to show: a title, the entries, and what was typed.
function Picker:lines(rows)
  local lines = { terminal.paint("BOLD", "  Which TV provider?")
    .. terminal.paint("DIM", "  Arrow keys and Enter, or type part of a name.") }
  local first, last = window(self, rows)
  for index = first, last do lines[#lines + 1] = entry_line(self, index) end
  if #self.entries == 0 then
    lines[2] = "    No provider's name or id contains that. Backspace removes a letter."
  end
  while #lines < rows + 1 do lines[#lines + 1] = "" end
  lines[#lines + 1] = "  " .. terminal.escape(self.typed)
  return lines
end

-- A key is a control sequence (ECMA-48, 5.4), Esc with one character or two, or one
-- UTF-8 character; else one byte.
local KEYS = { "^\27%[[0-?]*[@-~]", "^\27O?[^\128-\191]",
  "^[^\128-\191][\128-\191]*", "^." }

local function key_at(bytes, at)
  for _, pattern in ipairs(KEYS) do
    local key = bytes:match(pattern, at)
    if key then return key end
  end
end

-- Returns an iterator over the keys in the bytes of one read.
local function each_key(bytes)
  local at = 1
  return function()
    if at > #bytes then return nil end
    local key = key_at(bytes, at)
    at = at + #key
    return key
  end
end

-- Shows the picker and handles keys until it has a result.
local function run(self)
  local size = terminal.size()
  local rows = math.min(math.max(5, size - 4), #self.list + 1)
  terminal.redraw(self:lines(rows))
  while true do
    local bytes = terminal.read_keys()
    if not bytes then return nil end
    for key in each_key(bytes) do
      local chosen, why = self:press(key)
      if chosen ~= nil or why then return chosen end
    end
    terminal.redraw(self:lines(rows), rows + 2)
  end
end

--- Shows the list until the user has chosen. Returns the provider; false if the viewer
-- chooses on the second screen; nil if the user cancels.
-- @param list of client:providers
function picker.choose(list)
  return terminal.with_keys(run, picker.new(list))
end

return picker
