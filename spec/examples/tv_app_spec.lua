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

    -- Signs in; the request for the second batch fails.
    local function sign_in(fail)
      world.is_lost = function(request)
        return request.body and request.body:find "Kids" and fail()
      end
      world:sign_in(app)
      world.is_lost = function() return false end
    end

    local failures = { ["no network"] = function() return true end,
      ["status 404"] = function() return world.sandbox.api .. "/none" end }

    for name, lock in pairs(catalogs) do
      for failure, fail in pairs(failures) do
        it("[tv-app-failed-batch] TV app: plays a channel whose decision is missing "
          .. "because of a failed request: " .. name .. ", " .. failure, function()
          sign_in(fail)
          local decisions = app.screen[1]
          assert.is_truthy((lock(decisions, 3)))
          local is_locked, select_it = lock(decisions, 7)
          assert.is_falsy(is_locked)
          select_it()
          assert.equal("Kids", world:await_screen(app, "playing")[1].resource)
        end)
      end
    end
  end)

  describe("while a flow runs", function()
    local press_back = {}

    function press_back.mpv(text, must_finish)
      local back = require "lists".busy(app, text, must_finish).back
      if back then back() end
    end

    function press_back.tv(text, must_finish)
      require "screens.busy"(app, text, must_finish):key "back"
    end

    local function press(name)
      assert.equal("busy", app.screen.name)
      press_back[name](app.screen[1], app.screen[2])
    end

    for name in pairs(press_back) do
      it("[tv-app-sign-out-back] TV app: Back does not cancel a logout: " .. name,
        function()
          world:sign_in(app)
          app:sign_out()
          press(name)
          world:await_screen(app, "signed_out")
          app:sign_in { id = "Cablevision", display_name = "Cablevision" }
          world:await_screen(app, "code") -- the service has no profile
        end)

      it("[tv-app-play-back] TV app: Back cancels a request for playback: " .. name,
        function()
          world:sign_in(app)
          app:play(CHANNELS[1])
          press(name)
          world:run(5)
          assert.equal("catalog", app.screen.name)
        end)
    end
  end)

  describe("when it closes", function()
    it("[tv-app-close-token] TV app: leaves no lock in the store when it is closed "
      .. "during a request for a token", function()
      assert(world.control.fault { kind = "delay", operation = "token",
        seconds = 60 })
      world:run(5)
      app:close()
      app = world:start_app(CHANNELS, app.store)
      world:await_screen(app, "picker")
    end)

    it("[tv-app-close-tasks] TV app: cancels the tasks of a pass", function()
      app:try_free(world:await_screen(app, "picker")[2])
      app:play(CHANNELS[1])
      world:await_screen(app, "playing")
      world:run(1)
      assert.equal(2, app.driver.update())
      app:close()
      assert.equal(0, app.driver.update())
    end)
  end)

  describe("with a viewer who is signed in", function()
    -- Each returns the buttons and the text of a message.
    local messages = {}

    function messages.mpv(name, ...)
      local message = require "lists"[name](app, ...)
      return message.items, message.text
    end

    function messages.tv(name, ...)
      local message = require "messages"[name](app, ...)
      return message.buttons, message.text
    end

    before_each(function() world:sign_in(app) end)

    it("[tv-app-abandoned-login] TV app: keeps the provider of the login if the viewer "
      .. "begins another login and goes back", function()
      app:sign_in { id = "apassidp", display_name = "Adobe IdP" }
      world:await_screen(app, "code")
      app:home()
      world:await_screen(app, "catalog")
      assert.equal("Cablevision", app.provider.display_name)
    end)

    for name, open in pairs(messages) do
      it("[tv-app-failed-back] TV app: the last button of an error returns to the "
        .. "channels: " .. name, function()
        world.is_lost = function() return true end
        app:play(CHANNELS[1])
        local screen = world:await_screen(app, "failed")
        local buttons = open("failed", screen[1], screen[2])
        buttons[#buttons].act()
        assert.equal("catalog", app.screen.name)
      end)

      for operation, begin in pairs { authorize = "play", preauthorize = "home" } do
        it("[tv-app-login-ended] TV app: shows the provider's text of a denial that "
          .. "requires a login, then the providers: " .. name .. ", " .. begin,
          function()
            app = world:start_app(CHANNELS, app.store) -- has no permits in memory
            local text = "Your box has moved: call 555-0100."
            assert(world.control.fault { kind = "error", operation = operation,
              code = "authenticated_profile_invalidated", details = text,
              count = 2 }) -- batches of channels
            app[begin](app, CHANNELS[1])
            local screen = world:await_screen(app, "login_ended")
            local buttons, shown = open("login_ended", screen[1])
            assert.matches(text, shown, 1, true)
            assert.equal(1, #buttons)
            buttons[1].act()
            world:await_screen(app, "picker")
          end)
      end
    end
  end)

  describe("during playback with a pass of five minutes", function()
    local MINUTES = 5

    before_each(function()
      app:try_free(world:await_screen(app, "picker")[2])
      app:play(CHANNELS[1])
      world:await_screen(app, "playing")
    end)

    it("[tv-app-pass-offline] TV app: ends playback with the pass if the network is "
      .. "lost when playback begins", function()
      world.is_lost = function() return true end
      world:run(MINUTES * 60 - 5)
      assert.equal("playing", app.screen.name)
      world:run(10)
      assert.equal("pass_over", app.screen.name)
    end)

    it("[tv-app-pass-next-channel] TV app: ends playback of a second channel with the "
      .. "pass", function()
      world:run(MINUTES * 60 - 20)
      app:go_back()
      app:play(CHANNELS[2])
      world:await_screen(app, "playing")
      world.is_lost = function() return true end
      world:run(15)
      assert.equal("playing", app.screen.name)
      world:run(10)
      assert.equal("pass_over", app.screen.name)
    end)

    it("[tv-app-pass-countdown] TV app: counts down while the service does not "
      .. "respond", function()
      world:run(2)
      assert(world.control.fault { kind = "delay", operation = "profile",
        seconds = 60, count = 1000 })
      for seconds = 3, MINUTES * 60 - 1 do
        world:run(1)
        assert.is_true(math.abs(app.pass_left / 1000 - (MINUTES * 60 - seconds)) < 2,
          app.pass_left .. " ms after " .. seconds .. " s")
      end
      world:run(5)
      assert.equal("pass_over", app.screen.name)
    end)

    it("[tv-app-pass-reset] TV app: ends playback if the service says that the pass "
      .. "has ended", function()
      world:run(60)
      assert(world.control.fault { kind = "error", operation = "profile", count = 100,
        code = "temporary_access_duration_limit_exceeded" })
      world:run(10)
      assert.equal("pass_over", app.screen.name)
    end)
  end)
end)
