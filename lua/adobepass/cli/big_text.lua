--- Draws a code in large characters, readable from a distance.
-- @module adobepass.cli.big_text

local big_text = {}

-- Each glyph has five rows, from top to bottom.
local GLYPHS = {
  ["0"] = ".##. #.## ##.# #..# .##.",
  ["1"] = ".#. ##. .#. .#. ###",
  ["2"] = "###. ...# .##. #... ####",
  ["3"] = "###. ...# .##. ...# ###.",
  ["4"] = "#..# #..# #### ...# ...#",
  ["5"] = "#### #... ###. ...# ###.",
  ["6"] = ".##. #... ###. #..# .##.",
  ["7"] = "#### ...# ..#. .#.. .#..",
  ["8"] = ".##. #..# .##. #..# .##.",
  ["9"] = ".##. #..# .### ...# .##.",
  A = ".##. #..# #### #..# #..#",
  B = "###. #..# ###. #..# ###.",
  C = ".### #... #... #... .###",
  D = "###. #..# #..# #..# ###.",
  E = "#### #... ###. #... ####",
  F = "#### #... ###. #... #...",
  G = ".### #... #.## #..# .###",
  H = "#..# #..# #### #..# #..#",
  I = "### .#. .#. .#. ###",
  J = "..## ...# ...# #..# .##.",
  K = "#..# #.#. ##.. #.#. #..#",
  L = "#... #... #... #... ####",
  M = "#...# ##.## #.#.# #...# #...#",
  N = "#..# ##.# #.## #..# #..#",
  O = ".##. #..# #..# #..# .##.",
  P = "###. #..# ###. #... #...",
  Q = ".##. #..# #..# #.#. .#.#",
  R = "###. #..# ###. #.#. #..#",
  S = ".### #... .##. ...# ###.",
  T = "##### ..#.. ..#.. ..#.. ..#..",
  U = "#..# #..# #..# #..# .##.",
  V = "#...# #...# .#.#. .#.#. ..#..",
  W = "#...# #...# #.#.# ##.## #...#",
  X = "#..# #..# .##. #..# #..#",
  Y = "#...# .#.#. ..#.. ..#.. ..#..",
  Z = "#### ..#. .#.. #... ####",
}

-- Two rows of dots make one line of half blocks (upper dot, lower dot).
local BLOCKS = { ["##"] = "█", ["#."] = "▀", [".#"] = "▄", [".."] = " " }

--- Converts rows of "#" and ".", all of the same length, to lines of half
-- blocks. Returns a list of strings.
function big_text.blocks(rows)
  local lines = {}
  for at = 1, #rows, 2 do
    local upper = rows[at]
    local lower, cells = rows[at + 1] or ("."):rep(#upper), {}
    for column = 1, #upper do
      cells[column] = BLOCKS[upper:sub(column, column)
        .. lower:sub(column, column)]
    end
    lines[#lines + 1] = table.concat(cells)
  end
  return lines
end

local function rows_of(glyph)
  local rows = {}
  for row in glyph:gmatch "%S+" do rows[#rows + 1] = row end
  return rows
end

--- Draws a word. Returns three lines of half blocks, or nil if the word has
-- characters other than A-Z and 0-9.
function big_text.draw(word)
  local rows = { "", "", "", "", "" }
  for character in word:gmatch "." do
    local glyph = GLYPHS[character]
    if not glyph then return nil end
    for index, row in ipairs(rows_of(glyph)) do
      rows[index] = rows[index] .. row .. "."
    end
  end
  return big_text.blocks(rows)
end

return big_text
