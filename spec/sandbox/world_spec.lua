--- sandbox.new: world, options and keys.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"
local keys = require "adobepass.sandbox.data.keys"
local routes = require "adobepass.sandbox.engine.routes"
local adobepass_sandbox = require "adobepass.sandbox"
local state = require "adobepass.sandbox.engine.state"
local world = require "adobepass.sandbox.data.world"

describe("sandbox.new", function()
  it("[world-works-nothing-given] sandbox.new: works without "
    .. "arguments", function()
    local sandbox = adobepass_sandbox.new()
    assert.is_true(math.abs(sandbox:now() / 1000 - os.time()) < 10)
    assert.truthy(sandbox:uuid():find
      "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$")
    assert.are_not.equal(sandbox:uuid(), sandbox:uuid())
    assert.equal("https://127.0.0.1:8443", sandbox.api)
    assert.equal(sandbox.api, sandbox.mgmt)
  end)

  it("[world-refuses-not-know] sandbox.new: refuses unknown options and "
    .. "invalid worlds", function()
    for _, options in ipairs {
      { colour = "red" }, { now = 5 }, { random = "x" }, { api = 1 },
      { throttle = "no" }, { keys = { nobody = {} } },
      { keys = { media = { private = "x" } } },
    } do
      assert.has_error(function() adobepass_sandbox.new(nil, options) end)
    end
    assert.has_error(function() adobepass_sandbox.new(5) end)
    assert.has_error(function() adobepass_sandbox.new {} end)
  end)

  it("[world-shares-state] sandbox.new: sandboxes share neither state nor "
    .. "world", function()
    local one, two = fixture.new(), fixture.new()
    one:log_in("ann", "Dish")
    one.sandbox.world.viewers.ann = nil
    two.token = one.token
    assert.equal(401, two:get("/api/v2/REF30/profiles").status)
    assert.is_table(two.sandbox.world.viewers.ann)
    assert.is_nil(world.mvpds.Dish.id)
    assert.is_table(world.viewers.ann)
  end)

  it("[world-signs-keys] sandbox.new: signs with the given keys", function()
    local h = fixture.new { keys = { tokens = keys.platform } }
    local key = core.public_key(keys.platform.certificate)
    h:register()
    assert.truthy(jws.verify("RS256", key, h.token))
    assert.equal(200, h:get("/api/v2/REF30/profiles").status)
  end)

  it("[world-plays-small] sandbox.new: accepts a minimal custom "
    .. "world", function()
    local small = state.copy(world)
    small.providers = { MINE = {
      name = "Mine", domains = { "mine.test" },
      integrations = { House = {} } } }
    small.mvpds = { House = { logo_url = "https://mine.test/logo.png" } }
    small.viewers = { me = { password = "x", mvpds = { "House" } } }
    small.degradation = {}
    small.applications = { { id = "app", name = "App", uri = "https://a.test",
      redirect_uri = "app://x", scopes = { "api:client:v2" },
      providers = { "MINE" } } }
    local h = fixture.new { world = function(given)
      for name in pairs(given) do given[name] = small[name] end
    end }
    local requestor = h:get("/api/v2/MINE/configuration").json.requestor
    assert.same({ { id = "House", displayName = "House",
                    logoUrl = "https://mine.test/logo.png" } },
                requestor.mvpds)
    local code = h:session({ mvpd = "House", domainName = "mine.test",
      redirectUrl = "https://mine.test" }, nil, "MINE").json.code
    assert(h.control.login { code = code, username = "me" })
    assert.equal("House", next(
      h:get("/api/v2/MINE/profiles").json.profiles))
  end)
end)

describe("the default world", function()
  it("[world-consistent] sandbox world: is consistent", function()
    for id, provider in pairs(world.providers) do
      for mvpd in pairs(provider.integrations) do
        assert.is_table(world.mvpds[mvpd], id .. ": " .. mvpd)
      end
    end
    for _, application in ipairs(world.applications) do
      for _, id in ipairs(application.providers) do
        assert.is_table(world.providers[id], id)
      end
    end
    for _, rule in ipairs(world.degradation) do
      assert.is_table(world.providers[rule.provider]
                      .integrations[rule.mvpd])
    end
  end)

  it("[world-plain-data] sandbox world: contains plain data only", function()
    assert.is_string(json.encode(world))
  end)

  it("[world-keys-size-certificates] sandbox keys: have 2048 bits "
    .. "and matching certificates", function()
    for role, pair in pairs(keys) do
      local private = assert(core.private_key(pair.private))
      local public = assert(core.public_key(pair.certificate))
      assert.equal(2048, private:bits())
      assert.is_true(public:verify(role, private:sign(role)))
    end
  end)
end)

describe("the routes", function()
  it("[world-22-operations] sandbox routes: contain each of the 22 "
    .. "operations once", function()
    local names = {}
    for number, route in ipairs(routes.list) do
      assert.equal(number, route.number)
      assert.is_nil(names[route.name])
      assert.is_function(route.run)
      names[route.name] = true
    end
    assert.equal(22, #routes.list)
  end)
end)

describe("a path", function()
  it("[world-end-slash-escaped] sandbox paths: accept a trailing slash, "
    .. "escapes and the sample's alias", function()
    local h = fixture.new()
    local code = h:session().json.code
    for _, path in ipairs {
      "/api/v2/REF30/configuration/", "/api/v2/REF%33%30/configuration",
      "/api/v2/sessions/REF30/" .. code,
      "/api/v2/logout/REF30/Dish?redirectUrl=app://x",
      "/api/v2/REF30/profiles/code/" .. code,
    } do
      assert.equal(200, h:get(path).status, path)
    end
  end)

  it("[world-names-methods] sandbox paths: a 405 lists the allowed "
    .. "methods", function()
    local h = fixture.new()
    local response = h:delete "/api/v2/REF30/sessions/CODE"
    assert.equal(405, response.status)
    assert.equal("GET, POST", fixture.header(response, "Allow"))
  end)
end)
