project = "adobepass"
title = "adobepass reference"
description = "Adobe Pass Authentication (TV Everywhere) for Lua"
format = "markdown"
dir = "build/doc"
style = "!pale"
-- The module's own file comes before those that add to it.
file = {
  "csrc/lua/core.c", "csrc/lua/transport.c", "csrc/lua/transfer.c",
  "csrc/lua/access_token.c", "csrc/lua/digest.c", "csrc/lua/base64.c",
  "csrc/lua/random.c", "csrc/lua/rsa_key.c", "csrc/lua/jws.c",
  "csrc/lua/private_file.c", "csrc/lua/wakeup.c", "csrc/lua/json.c", "csrc/lua/system.c",
  "lua/adobepass/init.lua", "lua/adobepass/client.lua", "lua/adobepass/flow",
  "lua/adobepass/media_token.lua", "lua/adobepass/api/errors.lua",
  "lua/adobepass/device.lua", "lua/adobepass/device", "lua/adobepass/store",
  "lua/adobepass/driver",
  "lua/adobepass/util/json.lua", "lua/adobepass/util/jws.lua",
  "lua/adobepass/policy/rate_limiter.lua", "lua/adobepass/sandbox/init.lua",
}
all = false
sort = false
not_luadoc = true
