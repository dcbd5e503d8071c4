--- The flows of examples/shared/tv_app.lua, and what the screens of examples/tv and
-- examples/mpv do with them, without LÖVE and mpv.

local frame_app = require "spec.support.frame_app"

package.path = "examples/tv/?.lua;examples/mpv/?.lua;" .. package.path

-- HBO is not in bob's package; the last two are in a batch of their own.
local CHANNELS = {}
for index, resource in ipairs { "CNN", "TBS", "HBO", "A", "B", "C", "Kids" } do
  CHANNELS[index] = { resource = resource, title = resource }
end

describe("TV app", function()
  local world, app

  before_each(function()
    world = frame_app.new()
    app = world:start_app(CHANNELS)
  end)

  describe("after a catalog of which one batch failed", function()
    -- Each returns the lock of a channel, and a function that selects it.
    local catalogs = {}

    function catalogs.mpv(decisions, index)
      local item = require "lists".catalog(app, decisions).items[index]
      return item.is_locked, item.act
    end

    function catalogs.tv(decisions, index)
      require "ui".fonts = { small = { getWidth = function() return 0 end } }
      local screen = require "screens.catalog"(app, decisions)
      screen.focus.at = index
      return screen.focus:item().decision, function() screen:key "ok" end
    end

    before_each(function()
      world.is_lost = function(request)
        return request.body and request.body:find "Kids"
      end
      world:sign_in(app)
      world.is_lost = function() return false end
    end)

    for name, lock in pairs(catalogs) do
      it("[tv-app-failed-batch] TV app: plays a channel whose decision is missing "
        .. "because of the network: " .. name, function()
        local decisions = app.screen[1]
        assert.is_truthy((lock(decisions, 3)))
        local is_locked, select_it = lock(decisions, 7)
        assert.is_falsy(is_locked)
        select_it()
        assert.equal("Kids", world:await_screen(app, "playing")[1].resource)
      end)
    end
  end)
end)
