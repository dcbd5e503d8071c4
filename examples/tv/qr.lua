--- Creates the image of a QR code with libqrencode's `qrencode` in a thread, so that
-- no frame waits for the program.

local qr_code = require "examples.shared.qr_code"

local qr = {}

--- Starts creating an image; qr.image returns it.
function qr.start(text)
  local response = love.thread.newChannel()
  love.thread.newThread "qr_maker.lua":start(package.path, text, response)
  return response
end

local function draw(output)
  local dark, edge = {}, qr_code.EDGE
  local size = 2 * edge + qr_code.parse(output, function(x, y, width)
    for at = x, x + width - 1 do dark[#dark + 1] = { at + edge, y + edge } end
  end)
  local data = love.image.newImageData(size, size)
  data:mapPixel(function() return 1, 1, 1, 1 end)
  for _, at in ipairs(dark) do data:setPixel(at[1], at[2], 0, 0, 0, 1) end
  local image = love.graphics.newImage(data)
  image:setFilter("nearest", "nearest")
  return image
end

--- Returns the image; nil until it is ready, and always nil without `qrencode`.
function qr.image(response)
  local output = response:pop()
  return output and draw(output)
end

return qr
