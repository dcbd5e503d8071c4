--- The script of stuck.c: a lookup that never ends must not block other calls.
-- Each line is printed by a call that has returned.

local core = require "adobepass.core"
local waiting = ...

local URL = "https://stuck.example/"

local function start(timeout)
  local transport = assert(core.http.new { timeout = timeout })
  local transfer = assert(transport:submit { url = URL })
  transport:step(0)
  waiting()
  return transport, transfer
end

-- Long enough for the lookup to start on an emulated processor.
local transport, transfer = start(0.5)
while not transfer:ended() do transport:step(0.01) end
print("timeout", (select(3, transfer:result())))
transport:close()

transport, transfer = start(60)
transfer:close()
print "transfer:close"
transport:close()
print "transport:close"

transport, transfer = start(60)
transport:close()
print("transport:close with a request", (select(3, transfer:result())))

do start(60) end
collectgarbage()
collectgarbage()
print("collected", core.handle_count().transports)
