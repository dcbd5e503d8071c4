--- The jobs of plain.c with the core: reads lines "job count argument" and prints
-- the seconds that each job took. Started by compare.lua.

local client_jobs = require "bench.client"
local core = require "adobepass.core"

local BATCH, IDLE = 256, 8

local folder = assert((...), "usage: core.lua FOLDER")
local now = core.clock.monotonic
local transport, waiting

local function need_transport()
  transport = transport or assert(core.http.new {
    ca_file = folder .. "/server-ca.pem", http2 = false, timeout = 600 })
  return transport
end

local function check(transfer)
  local response = assert(transfer:result())
  if response.status ~= 200 or response.body == "" then
    error("unexpected response")
  end
  transfer:close()
end

local function one(request)
  local transfer = assert(transport:submit(request))
  while assert(transport:step(1)) > 0 do end
  check(transfer)
end

local function batch(request)
  local transfers = {}
  for index = 1, BATCH do
    transfers[index] = assert(transport:submit(request))
  end
  while assert(transport:step(1)) > 0 do end
  for index = 1, BATCH do check(transfers[index]) end
end

-- Returns when all requests are sent and wait for a response.
local function settle(url)
  waiting = {}
  for index = 1, IDLE do
    waiting[index] = assert(transport:submit { url = url })
  end
  local stop = now() + 0.3
  while now() < stop do assert(transport:step(0.01) == IDLE) end
end

local function repeated(count, f, ...)
  local start = now()
  for _ = 1, count do f(...) end
  return now() - start
end

local jobs = setmetatable({}, { __index = client_jobs })

function jobs.easy(count, url)
  need_transport()
  return repeated(count, one, { url = url })
end

function jobs.batch(count, url)
  need_transport()
  return repeated(count, batch, { url = url })
end

function jobs.idle(count, url)
  if not waiting then settle(url, need_transport()) end
  local start = now()
  for _ = 1, count do transport:step(0) end
  return now() - start
end

jobs["end"] = function()
  if transport then transport:close() end
  transport, waiting = nil, nil
  client_jobs["end"]()
  collectgarbage()
  return 0
end

io.stdout:setvbuf("line")
for line in io.lines() do
  local name, count, argument = line:match("^(%S+) (%d+) (%S+)$")
  print(("%.9f"):format(jobs[name](tonumber(count), argument, folder)))
end
