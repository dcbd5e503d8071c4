--- Lets the user choose a TV provider by its number or by part of its name.
-- @module adobepass.cli.picker

local terminal = require "adobepass.cli.terminal"

local picker = {}

local function matches(item, text)
  text = text:lower()
  return item.display_name:lower():find(text, 1, true)
    or item.id:lower():find(text, 1, true)
end

local function narrow(list, text)
  local found = {}
  for _, item in ipairs(list) do
    if matches(item, text) then found[#found + 1] = item end
  end
  return found
end

local function show(list, most)
  for index = 1, math.min(#list, most) do
    local item = list[index]
    local name = terminal.escape(item.display_name)
    terminal.print(("%s  %s%s"):format(
      terminal.paint("DIM", ("%4d"):format(index)), name,
      item.remembered and terminal.paint("DIM", "  (last used)") or ""))
  end
  if #list > most then
    terminal.print(terminal.paint("DIM", ("      and %d more: enter part of "
      .. "the name"):format(#list - most)))
  end
end

local PROMPT = "  Number or part of a name (Enter: choose on the phone): "

--- Prompts until the user has chosen. Returns the provider; false if the second
-- screen chooses; nil at the end of the input.
-- @param list of client:providers
function picker.choose(list)
  local shown, rows = list, terminal.size()
  terminal.print(terminal.paint("BOLD", "  Which TV provider?"))
  show(list, math.max(5, rows - 5))
  while true do
    local input = terminal.prompt(PROMPT)
    if not input then return nil end
    input = input:match "^%s*(.-)%s*$"
    if input == "" then return false end
    local picked = input:find "^%d+$" and shown[tonumber(input)]
    if picked then return picked end
    local found = narrow(list, input)
    if #found == 1 then return found[1] end
    if #found == 0 then
      terminal.print("  No provider's name or id contains that.")
    else
      shown = found
      show(found, math.max(5, rows - 5))
    end
  end
end

return picker
