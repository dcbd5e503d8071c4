--- examples/engine/game.lua without the engine. engine_spec.lua runs both.

local folder = require "spec.support.folder"
local frame_app = require "spec.support.frame_app"

describe("engine game", function()
  local world, game, title, code

  -- Loads the script, with the addresses of the sandbox in its environment.
  local function load_game(store_folder)
    local sandbox = world.sandbox
    local variables = { ADOBEPASS_API = sandbox.api, ADOBEPASS_MGMT = sandbox.mgmt,
      ADOBEPASS_STATEMENT = sandbox.control.statement(), ENGINE_STORE = store_folder }
    local engine = { box = function() end, text = function(shown, x, y, size)
      if x == 80 and y == 70 then title = shown end
      if size == 3 then code = shown end
    end }
    game = setmetatable({ engine = engine,
      os = { getenv = function(name) return variables[name] end } }, { __index = _G })
    local script = assert(loadfile("examples/engine/game.lua", "t", game))
    local set = rawget(_G, "setfenv") -- Lua 5.1
    if set then set(script, game) end
    world:with_client(script)
  end

  -- Runs the game until it shows a title.
  local function await(expected)
    world:await(function()
      code = nil
      game.draw()
      return title:find(expected, 1, true) ~= nil
    end)
  end

  local function count(operation)
    local requests = 0
    for _, entry in ipairs(world.control.journal()) do
      if entry.operation == operation then requests = requests + 1 end
    end
    return requests
  end

  before_each(function()
    world = frame_app.new()
    load_game()
  end)

  it("[game-return-code] engine game: Return does not replace the code that a viewer "
    .. "types", function()
    await "type the code"
    local typed = code
    game.key "Return"
    world:run(5)
    await "type the code"
    assert.equal(typed, code)
    assert(world.control.login { code = typed, username = "bob" })
    await "Channels"
  end)

  it("[game-return-sign-out] engine game: Return does not cancel a logout", function()
    await "type the code"
    assert(world.control.login { code = code, username = "bob" })
    await "Channels"
    game.key "O"
    world:run(0.25)
    game.key "Return"
    await "type the code"
    assert.equal(1, count "logout")
  end)

  it("[game-return-logout-error] engine game: Return repeats a failed logout",
    function()
      await "type the code"
      assert(world.control.login { code = code, username = "bob" })
      await "Channels"
      world.is_lost = function(request) return request.url:find "/logout" end
      game.key "O"
      await "no connection"
      world.is_lost = function() return false end
      game.key "Return"
      await "type the code"
      assert.equal(1, count "logout")
    end)

  it("[game-close-token] engine game: leaves no lock in the store when it is closed "
    .. "during a request for a token", function()
    local path = folder.make()
    finally(function() folder.remove(path) end)
    load_game(path)
    assert(world.control.fault { kind = "delay", operation = "token", seconds = 60 })
    world:run(5)
    game.close()
    load_game(path)
    await "type the code"
  end)

  it("[game-return-error] engine game: Return tries again after an error", function()
    world.is_lost = function(request) return request.url:find "/sessions" end
    await "no connection"
    world.is_lost = function() return false end
    world:run(30)
    await "no connection"
    game.key "Return"
    await "type the code"
  end)
end)
