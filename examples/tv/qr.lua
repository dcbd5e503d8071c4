--- Creates the image of a QR code with libqrencode's `qrencode` in a thread, so that
-- no frame waits for the program.

local qr = {}

local QUIET = 4 -- modules of white around it: ISO/IEC 18004

--- Starts creating an image; qr.image returns it.
function qr.start(text)
  local response = love.thread.newChannel()
  love.thread.newThread "qr_maker.lua":start(package.path, text, response)
  return response
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

--- Returns the image; nil until it is ready, and always nil without `qrencode`.
function qr.image(response)
  local text = response:pop()
  if not text then return nil end
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return draw(lines)
end

return qr
