project = "adobepass"
title = "adobepass reference"
description = "Adobe Pass Authentication (TV Everywhere) for Lua"
format = "markdown"
dir = "build/doc"
style = "!pale"
-- The module's own file comes before those that add to it.
file = {
  "csrc/lcore.c", "csrc/lsession.c", "csrc/lheaders.c",
  "csrc/ltransfer.c", "csrc/ltoken.c", "csrc/ldigest.c", "csrc/lbase64.c",
  "csrc/lrandom.c", "csrc/lkey.c", "csrc/ljws.c", "csrc/lfile.c",
  "csrc/lclock.c", "csrc/ljson.c",
  "lua/adobepass/init.lua", "lua/adobepass/client.lua",
  "lua/adobepass/flow", "lua/adobepass/media_token.lua",
  "lua/adobepass/errors.lua", "lua/adobepass/device.lua",
  "lua/adobepass/store", "lua/adobepass/driver",
  "lua/adobepass/json.lua", "lua/adobepass/pace.lua",
  "lua/adobepass/sandbox/init.lua",
}
all = false
sort = false
not_luadoc = true
