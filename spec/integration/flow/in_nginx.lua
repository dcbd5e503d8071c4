--- What the specs of the flows do inside nginx.

local conformance = require "spec.support.flow_conformance"
local live = require "spec.support.open_handles"

local in_nginx = {}

--- One story: { name =, where = }; what it left open.
function in_nginx.tell(argument)
  conformance.run(argument.name, argument.where,
    require "adobepass.driver.ngx"())
  return live.counted()
end

return in_nginx
