--- Test media: a playlist and segments for each channel.

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

--- Writes hls/<channel>/index.m3u8 and three segments without a picture into a
-- folder.
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

-- A test picture in a color of the channel, with a tone; twenty seconds.
local ENCODE = [[
mkdir -p %s && cd %s && ffmpeg -v error -y \
  -f lavfi -i "testsrc2=size=640x360:rate=25:duration=20,hue=h=%d" \
  -f lavfi -i "sine=frequency=%d:duration=20" \
  -c:v libx264 -preset ultrafast -crf 30 -pix_fmt yuv420p -g 50 -c:a aac -b:a 48k \
  -f hls -hls_time 4 -hls_playlist_type vod -hls_segment_filename 'segment%%d.ts' \
  index.m3u8]]

--- Encodes hls/<channel>/index.m3u8 and its segments with ffmpeg, unless they exist.
function media.encode(folder, channels)
  for index, channel in ipairs(channels) do
    local path = shell.quote(("%s/hls/%s"):format(folder, channel.id))
    if select(2, shell.read("test -e " .. path .. "/index.m3u8")) ~= 0 then
      local output, status = shell.read(ENCODE:format(path, path, 60 * index,
        110 * index))
      assert(status == 0, output)
    end
  end
end

return media
