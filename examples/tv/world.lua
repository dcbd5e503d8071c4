--- A world for the sandbox: providers with realistic names, a temporary pass of ten
-- minutes, and the viewer Bob, for whom some channels are locked.
--
-- Use: bin/adobepass sandbox --world examples/tv/world.lua --exec 'love
-- examples/tv'

local world = require "adobepass.sandbox.data.world"

local PACKAGE = "Your package does not include %s. Ask us for Premium."

world.mvpds.AdobePass_SMI.display_name = "Adobe Pass"
world.mvpds.Comcast_SSO.display_name = "Comcast"
world.mvpds.Dish.display_name = "Dish"
world.mvpds.SmallTown.display_name = "Small Town Cable"
world.mvpds.TempPass_10mins = {
  display_name = "Ten minutes free", temp_pass = { ttl = 10 * 60 },
}

world.providers.REF30.integrations = {
  AdobePass_SMI = {}, ATTOTT = {}, Cablevision = {}, Comcast_SSO = {},
  Dish = {}, SmallTown = {}, Spectrum = {}, TempPass_10mins = {},
}

world.viewers.bob.lacks = {
  ["Cinema One"] = PACKAGE:format "Cinema One",
  Live = PACKAGE:format "Live" .. " You can add the Concerts pack on the page of "
    .. "your account, in a shop, or by phone at 555-0100, every day from 8 to 20.",
}
world.viewers.bob.max_rating = "TV-14"

return world
