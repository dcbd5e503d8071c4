--- The script of alloc_failure.c: opens, uses and closes a transport.

local core = require "adobepass.core"
local url, silent, ca = ...

-- libcurl and OpenSSL often report a failed allocation with another code.
local function check(value, _, code)
  if value then return value end
  error("returned " .. code, 0)
end

local transport = check(core.http.new { ca_file = ca, timeout = 20,
  resolve = { "other.example:1:127.0.0.1" }, allow_http = { "x.example" } })
local token = check(core.token { access_token = "abc", expires_in = 60 })
local transfer = check(transport:submit { url = url, method = "POST",
  body = "a=b", bearer = token, headers = { Accept = "*/*", X = { "1" } } })
repeat
  check(transport:step(1))
  local _, _, code = transfer:result()
until code ~= "pending"
local response = check(transfer:result())
assert(response.status == 200, response.status)
transfer:close()
local dropped = check(transport:submit { url = silent, headers = { X = "1" } })
check(transport:step(0))
token:close()
transport:close()
check(select(3, dropped:result()) == "closed", dropped:result())
