--- Function that the specs of the flows run inside nginx.

local flow_conformance = require "spec.support.flow_conformance"
local open_handles = require "spec.support.open_handles"

local in_nginx = {}

--- Runs one flow: { name =, where = }. Returns the handles left open.
function in_nginx.run(argument)
  flow_conformance.run(argument.name, argument.where,
    require "adobepass.driver.ngx"())
  return open_handles.count()
end

return in_nginx
