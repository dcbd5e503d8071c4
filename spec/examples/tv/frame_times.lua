--- Measures the frame times of the TV app during all scenarios, without pictures:
--
--   lua5.4 spec/examples/tv/frame_times.lua    (LUA_PATH as for specs)
--
-- `work` is the wall time of a frame: input, update with network, drawing,
-- presenting, garbage collection. `cpu` is the CPU time of the app's main thread
-- in it, `process` that of all its threads, including the graphics driver's, which
-- renders in software under Xvfb. A long frame is caused by the app if its
-- `process` is long; otherwise the app waited for a CPU or for the X server.
-- Frames without a new picture are short, so those with one are also counted
-- separately.

local core = require "adobepass.core"
local scenarios = require "spec.examples.tv.scenarios"
local folder = require "spec.support.folder"
local results = require "bench.results"
local fixture = require "spec.examples.tv.fixture"

local FRAME, LONG = 1000 / 60, 25 -- ms
local GLANCE = 2 -- seconds that the viewer looks at a screen
local COLUMNS = { "work", "interval", "cpu", "process", "network", "drawn" }

-- Writes one file for each start of the app.
local function record(app_fixture, path)
  local plain, count = app_fixture.service, 0
  function app_fixture.service(sandbox)
    local options = plain(sandbox)
    count = count + 1
    options.frames = ("%s/%d.csv"):format(path, count)
    return options
  end
end

local function watch(path)
  local app_fixture = fixture.new { nice = 19 } -- a real phone would not use this CPU
  app_fixture.take_picture = function() core.clock.sleep(GLANCE) end
  record(app_fixture, path)
  local ok, problem = pcall(function()
    for _, name in ipairs(scenarios.order) do
      io.stderr:write(name:gsub("_", " "), "\n")
      scenarios[name](app_fixture)
    end
    app_fixture.app:switch_off()
  end)
  app_fixture:stop()
  assert(ok, problem)
end

local function read(path)
  local frames = {}
  for line in folder.run("tail -q -n +2 " .. folder.quote(path)
    .. "/*.csv"):gmatch "[^\n]+" do
    local frame, index = {}, 0
    for value in line:gmatch "[^,]+" do
      index = index + 1
      frame[COLUMNS[index] or "screen"] = tonumber(value) or value
    end
    frames[#frames + 1] = frame
  end
  return frames
end

local function sorted(frames, column)
  local list = {}
  for index, frame in ipairs(frames) do list[index] = frame[column] end
  table.sort(list)
  return list
end

local function at(list, part)
  return list[math.max(1, math.ceil(#list * part))]
end

local function share_below(list, limit)
  local count = 0
  for _, value in ipairs(list) do
    if value < limit then count = count + 1 end
  end
  return 100 * count / #list
end

local function show_columns(frames)
  print(("%-9s %8s %8s %8s %8s"):format("ms", "median", "99%", "99.9%",
    "longest"))
  for index = 1, #COLUMNS - 1 do
    local column = COLUMNS[index]
    local list = sorted(frames, column)
    print(("%-9s %8.2f %8.2f %8.2f %8.2f"):format(column, at(list, 0.5),
      at(list, 0.99), at(list, 0.999), list[#list]))
  end
end

local function with_picture(frames)
  local list = {}
  for _, frame in ipairs(frames) do
    if frame.drawn == 1 then list[#list + 1] = frame end
  end
  return list
end

local function share(frames, column)
  return ("%.2f"):format(share_below(sorted(frames, column), FRAME))
end

local function count_long(frames)
  local long, busy = 0, 0
  for _, frame in ipairs(frames) do
    if frame.work > LONG then long = long + 1 end
    if frame.process > LONG then busy = busy + 1 end
  end
  return long, busy
end

local function show_longest(frames)
  table.sort(frames, function(a, b) return a.process > b.process end)
  print "\nthe frames that computed most"
  for index = 1, math.min(5, #frames) do
    local frame = frames[index]
    print(("  %.2f ms, own thread %.2f ms, network %.2f ms, work %.2f ms, %s")
      :format(frame.process, frame.cpu, frame.network, frame.work,
        frame.screen))
  end
end

-- Saves the figures for bench/report.
local function keep(frames, busy)
  local found = results.new("tv", "bench/tv")
  found:figure("frames", #frames, "")
  for _, column in ipairs { "work", "process", "cpu", "network" } do
    local list = sorted(frames, column)
    found:figure(column .. ", 99.9 %", ("%.2f"):format(at(list, 0.999)), "ms")
    found:figure(column .. ", longest", ("%.2f"):format(list[#list]), "ms")
  end
  local drawn = with_picture(frames)
  found:figure("frames with a new picture", #drawn, "")
  found:figure("of all frames, worked less than 16.7 ms",
    share(frames, "work"), "%", ">= 99.9")
  found:figure("of those with a new picture, worked less than 16.7 ms",
    share(drawn, "work"), "%", ">= 99.9")
  found:figure("of those with a new picture, computed less than 16.7 ms",
    share(drawn, "process"), "%", ">= 99.9")
  found:figure("frames that computed more than 25 ms", busy, "", "<= 0")
  found:write()
end

local function show(frames)
  local drawn = with_picture(frames)
  print(("%d frames, %d of them with a new picture"):format(#frames, #drawn))
  show_columns(frames)
  print(("\nless than %.1f ms: %s%% worked, of those with a new picture %s%%; "
    .. "%s%% of those computed"):format(FRAME, share(frames, "work"),
    share(drawn, "work"), share(drawn, "process")))
  local long, busy = count_long(frames)
  print(("%d worked more than %d ms; by us: %d"):format(long, LONG, busy))
  show_longest(frames)
  keep(frames, busy)
end

local path = folder.make()
local ok, problem = pcall(function()
  watch(path)
  show(read(path))
end)
folder.remove(path)
assert(ok, problem)
os.exit(results.status())
