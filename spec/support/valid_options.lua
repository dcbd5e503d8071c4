--- Returns a new table of valid options of adobepass.new.

local sandbox_fixture = require "spec.sandbox.fixture"

local statement = sandbox_fixture.new().control.statement()

return function()
  return { service_provider = "REF30", software_statement = statement,
    environment = "release-staging", device = { id = "a-device" } }
end
