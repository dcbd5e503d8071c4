--- What stuck.c runs: a name that is not found keeps nobody waiting. Each line
-- is said by who came through.

local core = require "adobepass.core"
local waiting = ...

local URL = "https://stuck.example/"

local function start(timeout)
  local session = assert(core.session { timeout = timeout })
  local transfer = assert(session:submit { url = URL })
  session:step(0)
  waiting()
  return session, transfer
end

local session, transfer = start(0.05)
while not transfer:ended() do session:step(0.01) end
print("timeout", (select(3, transfer:result())))
session:close()

session, transfer = start(60)
transfer:close()
print "transfer:close"
session:close()
print "session:close"

session, transfer = start(60)
session:close()
print("session:close with a request", (select(3, transfer:result())))

do start(60) end
collectgarbage()
collectgarbage()
print("collected", core.live().sessions)
