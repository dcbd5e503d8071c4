--- Writes test media: a playlist and three segments for each channel, without a
-- picture.

local shell = require "adobepass.util.shell"

local media = {}

local SEGMENTS, SECONDS = 3, 6
local PACKET = "\71\31\255\16" .. ("\255"):rep(184) -- a null packet (ISO 13818-1)
local PACKETS = 1000

local function playlist()
  local lines = { "#EXTM3U", "#EXT-X-VERSION:3",
    "#EXT-X-TARGETDURATION:" .. SECONDS, "#EXT-X-MEDIA-SEQUENCE:0" }
  for index = 1, SEGMENTS do
    lines[#lines + 1] = ("#EXTINF:%.1f,"):format(SECONDS)
    lines[#lines + 1] = ("segment%d.ts"):format(index)
  end
  lines[#lines + 1] = "#EXT-X-ENDLIST\n"
  return table.concat(lines, "\n")
end

--- Writes hls/<channel>/index.m3u8 and its segments into a folder.
function media.write(folder, channels)
  for _, channel in ipairs(channels) do
    local path = ("%s/hls/%s"):format(folder, channel.id)
    shell.read("umask 077; mkdir -p " .. shell.quote(path))
    shell.write_file(path .. "/index.m3u8", playlist())
    for index = 1, SEGMENTS do
      shell.write_file(("%s/segment%d.ts"):format(path, index),
        PACKET:rep(PACKETS))
    end
  end
end

return media
