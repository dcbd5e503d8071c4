--- Texts of the TV app in LÖVE, on a stand-in for LÖVE that has its error for texts
-- that are not UTF-8, and fonts whose characters are 10 pixels wide.

package.path = "examples/tv/?.lua;" .. package.path

local UTF8 = { "[\194-\223][\128-\191]", "[\224-\239][\128-\191][\128-\191]",
  "[\240-\244][\128-\191][\128-\191][\128-\191]" }

-- Returns the number of characters.
local function count(text)
  for _, pattern in ipairs(UTF8) do text = text:gsub(pattern, "x") end
  if text:find "[\128-\255]" then error "UTF-8 decoding error: Invalid UTF-8" end
  return #text
end

describe("TV app", function()
  local ui, shown, measured

  local function print_text(text)
    count(text)
    shown[#shown + 1] = text
  end

  setup(function()
    local graphics = setmetatable({ print = print_text, printf = print_text },
      { __index = function() return function() end end })
    _G.love = { graphics = graphics } -- luacheck: ignore 122
    ui = require "ui"
    local font = { getHeight = function() return 20 end,
      getWidth = function(_, text)
        measured = measured + 1
        return 10 * count(text)
      end,
      getWrap = function(_, text) return 10 * count(text), { text } end }
    ui.fonts = setmetatable({}, { __index = function() return font end })
  end)

  teardown(function() _G.love = nil end) -- luacheck: ignore 122

  before_each(function() shown, measured = {}, 0 end)

  -- Returns the screen with providers of these names.
  local function picker(names)
    local providers = {}
    for index, name in ipairs(names) do
      providers[index] = { id = tostring(index), display_name = name }
    end
    return require "screens.picker"({}, providers)
  end

  it("[tv-picker-scripts] TV app: shows provider names and their first character in "
    .. "other scripts", function()
    for name, first in pairs { ["Équinoxe TV"] = "É", ["日本ケーブル"] = "日",
      ["Ростелеком"] = "Р", cable = "C", [""] = "" } do
      shown = {}
      picker({ name }):draw()
      assert.same({ first, name }, { shown[1], shown[2] })
    end
  end)

  it("[tv-text-invalid] TV app: replaces bytes that are not UTF-8 in each text",
    function()
      for _, draw in ipairs {
        function(text) ui.text("body", "text", text, 0, 0) end,
        function(text) ui.centered("body", "text", text, 0, 0, 100, 20) end,
        function(text) ui.column("body", "text", text, 0, 0, 100, "left", 2) end,
        function(text) print_text(ui.fitted("body", text, 100)) end,
        function(text) picker({ text }):draw() end,
      } do
        for text, expected in pairs { ["Café"] = "Café", ["Caf\233 TV"] = "Caf? TV",
          ["Ñandú\195"] = "Ñandú?", ["\128日本\255\255"] = "?日本??" } do
          shown = {}
          draw(text)
          assert.equal(expected, shown[2] or shown[1])
        end
      end
    end)

  it("[tv-picker-fits-drawn] TV app: measures only the provider names that it draws",
    function()
      local names = {}
      for index = 1, 2000 do names[index] = ("Cable Company "):rep(5) .. index end
      local screen = picker(names)
      assert.equal(0, measured)
      screen:draw()
      assert.is_true(#shown > 20 and #shown < 60, tostring(#shown))
      assert.matches("…$", shown[2])
      local first = measured
      screen:draw()
      assert.is_true(measured - first < 200, tostring(measured - first))
    end)
end)
