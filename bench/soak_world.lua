--- The sandbox's world with tokens and codes that expire after ten minutes, so
-- that a run of half an hour renews each token several times.

local world = require "adobepass.sandbox.data.world"

world.lifetimes.access_token = 600
world.lifetimes.code = 600

return world
