--- Prints the HTTP version of a response: arguments URL and CA file.

local core = require "adobepass.core"
local url, ca_file = ...

local transport = assert(core.http.new { ca_file = ca_file })
local transfer = assert(transport:submit { url = url })
while not transfer:ended() do transport:step(1) end
print(assert(transfer:result()).http_version)
