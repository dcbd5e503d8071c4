--- A QR code as an image, made by libqrencode's `qrencode` in a thread: no
-- frame waits for another program.

local qr = {}

local QUIET = 4 -- modules of white around it: ISO/IEC 18004

--- Begins one; ask it with qr.image.
function qr.start(text)
  local answer = love.thread.newChannel()
  love.thread.newThread "qr_maker.lua":start(package.path, text, answer)
  return answer
end

local function draw(lines)
  local size = #lines + 2 * QUIET
  local data = love.image.newImageData(size, size)
  data:mapPixel(function() return 1, 1, 1, 1 end)
  for y, line in ipairs(lines) do
    for x = 1, #line / 2 do
      if line:sub(2 * x, 2 * x) == "#" then
        data:setPixel(x - 1 + QUIET, y - 1 + QUIET, 0, 0, 0, 1)
      end
    end
  end
  local image = love.graphics.newImage(data)
  image:setFilter("nearest", "nearest")
  return image
end

--- The image of one that was begun; nil while it is made, and for ever where
-- there is no `qrencode`.
function qr.image(answer)
  local text = answer:pop()
  if not text then return nil end
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return draw(lines)
end

return qr
