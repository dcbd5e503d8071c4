--- The script of later.c: changes the address of a host name and prints how many
-- seconds the old one is used. `later later.lua URL HOSTS SECONDS`; SECONDS is a
-- number or "default".

local core = require "adobepass.core"
local later, url, hosts, seconds = ...

local function set_address(address)
  local file = assert(io.open(hosts, "w"))
  file:write(address, " moving.example\n")
  file:close()
end

local transport = assert(core.http.new { timeout = 20,
  allow_http = { "moving.example" }, dns_cache = tonumber(seconds) })

-- Each request opens a new connection, so that it needs the address.
local function get()
  local transfer = assert(transport:submit { url = url,
    headers = { Connection = "close" } })
  while not transfer:ended() do transport:step(1) end
  local response, _, code = transfer:result()
  return response and response.status or code
end

set_address "127.0.0.1"
assert(get() == 200)
set_address "127.0.0.2" -- no server listens there
local passed = 0
while get() == 200 and passed < 100 do
  later(1)
  passed = passed + 1
end
print(get(), passed)
transport:close()
