--- Operations 16 and 17, on the management host: TempPass begins anew.
-- Page: features-premium/temporary-access. No value, or "all", resets
-- everybody.
-- @module adobepass.sandbox.operations.temp_pass

local respond = require "adobepass.sandbox.engine.respond"
local temp_pass = require "adobepass.sandbox.data.temp_pass"

local operations = {}

local function reset(call, by, parameter)
  local value = call:query()[parameter]
  if value == "" or value == "all" then value = nil end
  temp_pass.reset(call.box, call.provider.id, call.mvpd.id, by, value)
  return respond.empty(204)
end

--- 16.
function operations.reset_device(call)
  return reset(call, "devices", "device_id")
end

--- 17.
function operations.reset_key(call)
  return reset(call, "identities", "key")
end

return operations
