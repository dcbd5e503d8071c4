--- Operations 16 and 17, on the management host: resets TempPass trials.
-- Page: features-premium/temporary-access. Without a value, or with "all", the
-- trials of all users are reset.
-- @module adobepass.sandbox.operations.temp_pass_reset

local http_response = require "adobepass.sandbox.engine.http_response"
local temp_pass = require "adobepass.sandbox.data.temp_pass"

local temp_pass_reset = {}

local function reset(context, by, parameter)
  local value = context:query()[parameter]
  if value == "" or value == "all" then value = nil end
  temp_pass.reset(context.sandbox, context.provider.id, context.mvpd.id, by, value)
  return http_response.empty(204)
end

--- 16. Resets by device.
function temp_pass_reset.reset_device(context)
  return reset(context, "devices", "device_id")
end

--- 17. Resets by user key.
function temp_pass_reset.reset_key(context)
  return reset(context, "identities", "key")
end

return temp_pass_reset
