--- A world for the sandbox: providers with realistic names, a temporary pass of ten
-- minutes, and the viewer Bob, for whom some channels are locked.
--
-- Use: bin/adobepass sandbox --world examples/tv/world.lua --exec 'love
-- examples/tv'

local PACKAGE = "Your package does not include %s. Ask us for Premium."
local OFF = { enabled = false }

-- Merged over the default world (docs/sandbox.md).
return {
  mvpds = {
    AdobePass_SMI = { display_name = "Adobe Pass" },
    Comcast_SSO = { display_name = "Comcast" },
    Dish = { display_name = "Dish" },
    SmallTown = { display_name = "Small Town Cable" },
    TempPass_10mins = {
      display_name = "Ten minutes free", temp_pass = { ttl = 10 * 60 },
    },
  },
  providers = {
    REF30 = {
      integrations = {
        TempPass_10mins = {},
        AdobeShibboleth = OFF, apassidp = OFF, Comcast_SSO_Perf = OFF,
        ElasticSSO = OFF, flexibleTempPass = OFF, TempPass = OFF,
        TempPass_5mins = OFF, TempPass_TEST40 = OFF, TempPass_TEST44 = OFF,
      },
    },
  },
  viewers = {
    bob = {
      lacks = {
        ["Cinema One"] = PACKAGE:format "Cinema One",
        Live = PACKAGE:format "Live" .. " You can add the Concerts pack on the page "
          .. "of your account, in a shop, or by phone at 555-0100, every day from 8 "
          .. "to 20.",
      },
      max_rating = "TV-14",
    },
  },
}
