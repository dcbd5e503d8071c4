--- What the specs of the flows do inside nginx.

local conformance = require "spec.flow.conformance"
local core = require "adobepass.core"

local in_nginx = {}

--- One story: { name =, where = }; what it left open.
function in_nginx.tell(argument)
  conformance.run(argument.name, argument.where,
    require "adobepass.driver.ngx"())
  require "jit".flush() -- what was compiled holds on to what it saw
  collectgarbage()
  collectgarbage()
  return core.live()
end

return in_nginx
