--- sandbox.new: world, options and keys.
local assert_raises = require "spec.support.assert_raises"
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"
local keys = require "adobepass.sandbox.data.keys"
local routes = require "adobepass.sandbox.engine.routes"
local adobepass_sandbox = require "adobepass.sandbox"
local shell = require "adobepass.util.shell"
local state = require "adobepass.sandbox.engine.state"
local world_file = require "adobepass.sandbox.data.world_file"
local world_schema = require "adobepass.sandbox.data.world_schema"
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
    assert_raises("sandbox.new: unknown option 'throttel': did you mean 'throttle'?",
      function() adobepass_sandbox.new(nil, { throttel = false }) end)
  end)

  it("[world-logo-characters] sandbox.new: the default logo shows the first 16 "
    .. "characters of a name, and is valid UTF-8", function()
    local sandbox = adobepass_sandbox.new { mvpds = { Mine = {
      display_name = "Télévision numérique par câble" } } }
    local encoded = sandbox:mvpd("Mine").logo_url:match "base64,(.*)$"
    assert.equal("Télévision numér",
      core.base64.decode(encoded):match ">([^<>]*)</text>")
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

  it("[world-reads-keys-once] sandbox.new: sandboxes with the same keys read each of "
    .. "them once", function()
    local function token_key(options)
      return adobepass_sandbox.new(nil, options).keys:private "tokens"
    end
    local first = token_key()
    assert.equal(first, token_key())
    assert.are_not.equal(first, token_key { keys = { tokens = keys.platform } })
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
      given.defaults = false
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

-- Ten mistakes: a section, a field, a type, a range, a mode, references to a
-- provider, an mvpd and a rating, a rule, a missing field.
local TEN = [[{
  "provders": {},
  "mode": ["any_domian"],
  "lifetimes": { "code": "30m", "profile": -1 },
  "providers": { "REF30": { "integrations": { "Cablevison": {} } } },
  "mvpds": { "Cablevision": { "temppass": { "ttl": 60 } } },
  "applications": [ { "id": "a", "name": "A", "scopes": [],
    "providers": [ "REF31" ] } ],
  "degradation": [ { "provider": "REF30", "mvpd": "Dish", "rule": "AuthNal" } ],
  "viewers": { "zoe": { "max_rating": "TV-PH" } }
}]]

local TEN_MISTAKES = {
  "applications[1].providers[1]: unknown provider 'REF31': did you mean 'REF30'?",
  "degradation[1].rule: unknown rule 'AuthNal': did you mean 'AuthNAll'?",
  "lifetimes.code: expected a number, got a string",
  "lifetimes.profile: expected a whole number from 0 to 3153600000, got -1",
  "mode[1]: unknown leniency 'any_domian': did you mean 'any_domain'?",
  "mvpds.Cablevision.temppass: unknown field 'temppass': "
    .. "did you mean 'temp_pass'?",
  "providers.REF30.integrations.Cablevison: unknown mvpd 'Cablevison': "
    .. "did you mean 'Cablevision'?",
  "provders: unknown field 'provders': did you mean 'providers'?",
  "viewers.zoe.max_rating: unknown rating 'TV-PH': did you mean 'TV-PG'?",
  "viewers.zoe.password: missing",
}

local function mistakes(given)
  local ok, message = pcall(adobepass_sandbox.new, given)
  assert.is_false(ok)
  return message
end

describe("a world", function()
  local place
  setup(function() place = folder.make() end)
  teardown(function() folder.remove(place) end)

  local function file(name, text)
    assert(shell.write_file(place .. "/" .. name, text))
    return place .. "/" .. name
  end

  it("[world-ten-mistakes] sandbox world: one message lists all mistakes of a "
    .. "file", function()
    local path = file("ten.json", TEN)
    local _, message = world_file.read(path)
    local lines = {}
    for line in message:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal("invalid world " .. path .. ": 10 mistakes", lines[1])
    local listed = {}
    for index = 2, #lines do listed[index - 1] = lines[index]:match "^  (.*)" end
    table.sort(listed)
    table.sort(TEN_MISTAKES)
    assert.same(TEN_MISTAKES, listed)
    assert.truthy(mistakes(json.decode(TEN)):find("10 mistakes", 1, true))
  end)

  it("[world-each-mistake] sandbox world: names the path of each "
    .. "mistake", function()
    for text, given in pairs {
      ["mode: unknown mode 'strickt': did you mean 'strict'?"] =
        { mode = "strickt" },
      ["mode: expected a string, got a number"] = { mode = 5 },
      ["viewers: expected a table, got a string"] = { viewers = "ann" },
      ["viewers: expected a table, got null"] = { viewers = json.null },
      ["limits.authorize: expected a whole number from 0 to 1000000, got 1.5"] =
        { limits = { authorize = 1.5 } },
      ["throttle.bust: unknown field 'bust': did you mean 'burst'?"] =
        { throttle = { bust = 1 } },
      ["applications: expected at least one element"] = { applications = {} },
      ["ratings[1]: expected a string, got null"] = { ratings = { json.null } },
      ["ratings: expected a list, got named fields"] =
        { ratings = { first = "G" } },
      ['resources["Late Night"].rating: unknown rating'] =
        { resources = { ["Late Night"] = { rating = "X" } } },
      ["resources.Flaky.trouble: unknown error code"] =
        { resources = { Flaky = { trouble = "invalid_integration" } } },
      ["viewers.ann.mvpds[2]: unknown mvpd 'Dihs': did you mean 'Dish'?"] =
        { viewers = { ann = { mvpds = { "Dish", "Dihs" } } } },
      ["degradation[1].mvpd: REF40 has no integration with 'Dish'"] =
        { degradation = { { provider = "REF40", mvpd = "Dish",
                            rule = "AuthNAll" } } },
      ["providers.NEW.integrations: missing"] =
        { providers = { NEW = { name = "New", domains = { "a.test" } } } },
      ["mvpds[1]: expected a string, got a number"] = { mvpds = { {} } },
      ["expected a table, got a number"] = 5,
    } do
      assert.truthy(mistakes(given):find(text, 1, true), mistakes(given))
    end
    assert.truthy(mistakes { mode = 5 }:find("1 mistake\n", 1, true))
    assert.is_nil(mistakes { viewers = { ann = { password = 1 } } }:find "secret")
    assert.matches("providers.REF30.identity_keys[1]: The text is not a public key",
      mistakes { providers = { REF30 = { identity_keys = { "key" } } } }, 1, true)
  end)

  -- tags: [world-warnings]
  it("[world-warnings] sandbox world: warns of a service provider that is in no "
    .. "application, and of an application without redirect_uri", function()
    local mine = { name = "M", domains = { "a.test" }, integrations = {} }
    local function application(redirect_uri)
      return { { id = "a", name = "A", scopes = {}, redirect_uri = redirect_uri,
        providers = { "NORD" } } }
    end
    local function warnings(given)
      return world_schema.warnings(assert(world_schema.complete(given)))
    end
    local unlisted = ": no application has this service provider; add it to "
      .. "applications[].providers"
    assert.same({ "providers.NORD" .. unlisted, 'providers["S 2"]' .. unlisted },
      warnings { providers = { NORD = mine, ["S 2"] = mine, REF30 = {} } })
    assert.same({ "applications[1].redirect_uri: missing; a registration that sends "
      .. "none fails with invalid_redirect_uri" },
      warnings { providers = { NORD = mine }, applications = application() })
    assert.same({}, warnings { providers = { NORD = mine },
      applications = application "app://x" })
    assert.same({}, warnings())
    assert.same({}, warnings { lifetimes = { code = 60 } })
    assert.same({ "providers.OTHER" .. unlisted }, warnings { defaults = false,
      providers = { OTHER = mine, NORD = mine }, applications = application "app://x" })
  end)

  it("[world-merged] sandbox world: is merged over the defaults", function()
    local merged = adobepass_sandbox.new {
      lifetimes = { code = 60 },
      viewers = { zoe = { password = "z" },
                  ann = { attributes = { zip = { "1" } } } },
      providers = { REF30 = { domains = { "mine.test" } } },
      degradation = {}, mode = { "any_domain" },
    }.world
    assert.same({ 60, world.lifetimes.profile },
                { merged.lifetimes.code, merged.lifetimes.profile })
    assert.same({ "z", "secret", "secret" }, { merged.viewers.zoe.password,
      merged.viewers.ann.password, merged.viewers.bob.password })
    assert.same({ { "1" }, "Primary" }, { merged.viewers.ann.attributes.zip,
      merged.viewers.ann.attributes.typeID })
    assert.same({ "mine.test" }, merged.providers.REF30.domains)
    assert.is_table(merged.providers.REF30.integrations.Dish)
    assert.same({}, merged.degradation)
    assert.same({ "any_domain" }, merged.mode)
    assert.equal("77754", world.viewers.ann.attributes.zip)
  end)

  it("[world-defaults-false] sandbox world: defaults = false leaves out the "
    .. "default providers and viewers", function()
    local only = adobepass_sandbox.new {
      defaults = false,
      applications = { { id = "a", name = "A", scopes = { "api:client:v2" },
                         providers = { "MINE" } } },
      providers = { MINE = { name = "Mine", domains = { "a.test" },
                             integrations = { House = {} } } },
      mvpds = { House = {} }, viewers = { me = { password = "x" } },
    }.world
    assert.is_nil(only.providers.REF30)
    assert.is_nil(only.viewers.ann)
    assert.same({}, only.degradation)
    assert.same(world.lifetimes, only.lifetimes)
    assert.same({ "House" }, { next(only.mvpds), next(only.mvpds, "House") })
    assert.truthy(mistakes { defaults = false }:find(
      "applications: expected at least one element", 1, true))
  end)

  it("[world-file-errors] sandbox world: a message about a file names the "
    .. "file", function()
    for name, case in pairs {
      ["a.json"] = { '{ "mode": ', "a.json:1: malformed JSON" },
      ["j.json"] = { '{\n "mode":\n 5,,\n }', "j.json:3: malformed JSON" },
      ["k.txt"] = { '{ "mode": 5 }',
        "(a file whose name does not end with .json is read as Lua)" },
      ["b.json"] = { '{ "mode": 5 }', "mode: expected a string" },
      ["c.json"] = { '[ 1 ]', "[1]: unknown field '1'" },
      ["d.lua"] = { "return {", "d.lua:1:" },
      ["e.lua"] = { "error 'no'", "e.lua:1: no" },
      ["f.lua"] = { "return 1", "expected a table, got a number" },
      ["g.lua"] = { "", "to return a table" },
      ["h.lua"] = { "return { mode = 5 }", "mode: expected a string" },
      ["i.json"] = { 'null', "expected a table, got null" },
    } do
      local path = file(name, case[1])
      local none, message = world_file.read(path)
      assert.is_nil(none)
      assert.truthy(message:find(path, 1, true), message)
      assert.truthy(message:find(case[2], 1, true), message)
    end
    local none, message = world_file.read(place .. "/none.json")
    assert.is_nil(none)
    assert.truthy(message:find("none.json", 1, true))
  end)

  -- Adds the paths of a kind's fields, as docs/sandbox.md writes them.
  local function add_paths(set, kind, path)
    for name, field in pairs(kind.fields or {}) do
      local here = path == "" and name or path .. "." .. name
      if not field.fields then set[here] = true end
      add_paths(set, field, here)
    end
    if kind.each then add_paths(set, kind.each, path .. ".*") end
    if kind.item then add_paths(set, kind.item, path .. "[]") end
  end

  it("[world-documented] sandbox world: docs/sandbox.md lists each field, with "
    .. "the default lifetimes", function()
    local known, listed = {}, {}
    add_paths(known, world_schema.SCHEMA, "")
    for line in io.lines "docs/sandbox.md" do
      local path, default = line:match "^| `([%w_.*%[%]]+)` | .- | (.-) | "
      if path then listed[path] = true end
      local lifetime = path and path:match "^lifetimes%.(.*)"
      if lifetime then
        assert.equal(world.lifetimes[lifetime], tonumber(default), path)
      end
    end
    assert.same(known, listed)
  end)

  it("[world-of-example] sandbox world: that of the TV app is valid and offers only "
    .. "its providers", function()
    local tv = adobepass_sandbox.new(
      assert(world_file.read "examples/tv/world.lua"))
    local ids = {}
    for index, row in ipairs(tv:integrated "REF30") do ids[index] = row.id end
    assert.same({ "ATTOTT", "AdobePass_SMI", "Cablevision", "Comcast_SSO", "Dish",
                  "SmallTown", "Spectrum", "TempPass_10mins" }, ids)
  end)

  it("[world-hidden] sandbox world: pickers omit test-only providers unless the "
    .. "world shows them", function()
    local function offered(change)
      local h, ids = fixture.new { world = change }, {}
      local response = h:get "/api/v2/REF30/configuration"
      for _, mvpd in ipairs(response.json.requestor.mvpds) do
        ids[mvpd.id] = true
      end
      local page = {}
      for _, row in ipairs(h.sandbox:mvpds "REF30") do page[row.id] = true end
      return ids, page, h
    end
    local ids, page, h = offered()
    for _, id in ipairs { "DegradedMvpd", "Degraded_AuthZAll",
                          "Degraded_AuthZNone", "Dummy", "Strict" } do
      assert.is_nil(ids[id], id)
      assert.is_nil(page[id], id)
    end
    assert.is_true(ids.Cablevision and page.Cablevision)
    h:log_in("ann", "Dummy")
    assert.equal(200, h:authorize("Dummy", { "A" }).status)
    ids, page = offered(function(given) given.mvpds.Dummy.hidden = false end)
    assert.is_true(ids.Dummy and page.Dummy)
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
    .. "methods, with HEAD beside GET", function()
    local h = fixture.new()
    for path, methods in pairs { ["/api/v2/REF30/sessions/CODE"] = "GET, HEAD, POST",
      ["/api/v2/REF30/sessions"] = "POST" } do
      local response = h:delete(path)
      assert.same({ 405, methods },
        { response.status, fixture.header(response, "Allow") })
    end
  end)
end)
