--- QR codes by libqrencode's `qrencode`. The caller runs the program without blocking,
-- and draws the result.

local qr_code = {}

--- Width of the white edge in modules (ISO/IEC 18004).
qr_code.EDGE = 4

--- Returns the command as a list of words.
function qr_code.command(text)
  return { "qrencode", "--type=ASCII", "--margin=0", "--", text }
end

--- Parses the output: calls `dark(x, y, width)` for each row of dark modules; `x` and
-- `y` count from 0. Returns the number of rows.
function qr_code.parse(output, dark)
  local rows = 0
  for line in output:gmatch "[^\n]+" do
    for from, run in line:gmatch "()(#+)" do -- two characters per module
      dark((from - 1) / 2, rows, #run / 2)
    end
    rows = rows + 1
  end
  return rows
end

return qr_code
