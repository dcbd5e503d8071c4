--- The sandbox's world, in which tokens and codes end soon: a soak of half an
-- hour renews each device's token twice.

local world = require "adobepass.sandbox.world"

world.lifetimes.access_token = 600
world.lifetimes.code = 120

return world
