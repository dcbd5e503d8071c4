--- QR codes by libqrencode's `qrencode`, for examples/tv and examples/mpv, which run
-- the program without blocking and draw the result.

local qr_code = {}

--- Width of the white edge in modules (ISO/IEC 18004).
qr_code.EDGE = 4

--- Returns the command as a list of words.
function qr_code.command(text)
  return { "qrencode", "--type=ASCII", "--margin=0", "--", text }
end

--- Parses the output: calls `dark(x, y)` for each dark module, counted from 0.
-- Returns the number of rows.
function qr_code.parse(output, dark)
  local rows = 0
  for line in output:gmatch "[^\n]+" do
    for x = 1, #line / 2 do -- two characters per module
      if line:sub(2 * x, 2 * x) == "#" then dark(x - 1, rows) end
    end
    rows = rows + 1
  end
  return rows
end

return qr_code
