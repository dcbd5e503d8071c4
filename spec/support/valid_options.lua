--- Options of adobepass.new that are well: a table of their own each time.

local helper = require "spec.sandbox.fixture"

local statement = helper.new().control.statement()

return function()
  return { service_provider = "REF30", software_statement = statement,
    environment = "release-staging", device = { id = "a-device" } }
end
