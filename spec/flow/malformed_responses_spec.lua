--- Malformed responses: a flow returns an error and never raises.
--
-- Each field of each response is replaced by each malformed value.

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local timeline = require "spec.support.timeline"

local LOGIN = { mvpd = "Spectrum", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local MALFORMED = { 7, -1.5, "", "x", ("y"):rep(5000), true, false, json.null,
  json.array {}, json.object {}, json.array { 7 },
  json.object { x = json.array { "y" } } }

-- Each flow: name, operations whose responses it reads, function that runs it.
local FLOWS = {
  { "login", { "profiles", "create_session", "profile_for_code" },
    function(client)
      local flow, err = client:start_login(LOGIN)
      if not flow then return nil, err end
      return client:poll_login(flow)
    end },
  { "resume_login", { "resume_session" }, function(client, scenario)
    return client:resume_login { code = scenario.code, mvpd = "Dish" }
  end },
  { "check_code", { "session" }, function(client, scenario)
    return client:check_code(scenario.code)
  end },
  { "login without a code", { "create_session", "profile" }, function(client)
    return client:login { mvpd = "DegradedMvpd" }
  end },
  { "refresh_profile", { "profile" }, function(client)
    return client:refresh_profile { mvpd = "DegradedMvpd" }
  end },
  { "providers", { "configuration" }, function(client)
    return client:providers()
  end },
  { "preauthorize", { "preauthorize" }, function(client)
    return client:preauthorize({ "CNN", "HBO" }, { mvpd = "Cablevision" })
  end },
  { "authorize", { "authorize" }, function(client)
    return client:authorize("CNN", { mvpd = "Cablevision" })
  end },
  { "logout", { "logout" }, function(client)
    return client:logout { mvpd = "Cablevision", open_url = function(url)
      assert(url:find "^https://")
    end }
  end },
}

-- luacheck: read_globals table.unpack unpack
local unpack = table.unpack or unpack

-- Returns the path of keys of every place in a value. The third and later items of a
-- list are read as the first two.
local function places(value, prefix, list)
  list = list or {}
  if type(value) ~= "table" then return list end
  for key, item in pairs(value) do
    if type(key) ~= "number" or key <= 2 then
      local path = { unpack(prefix or {}) }
      path[#path + 1] = key
      list[#list + 1] = path
      places(item, path, list)
    end
  end
  return list
end

-- Returns what is before and after the value at a path in a JSON text.
local function split(text, path)
  local value = json.decode(text)
  local at = value
  for index = 1, #path - 1 do at = at[path[index]] end
  at[path[#path]] = "the value"
  return json.encode(value):match '^(.*)"the value"(.*)$'
end

local function prepare()
  local scenario = timeline.new()
  scenario:signed_in("Cablevision", "bob")
  scenario.code = scenario:new_client {
    device = { id = "tv-2" } }.api:create_session(
    LOGIN).code
  return scenario
end

-- Runs a function; returns the sandbox's valid responses by operation.
local function record_responses(scenario, run)
  local bodies = {}
  local handle = scenario.sandbox.handle
  function scenario.sandbox.handle(sandbox, request)
    local response = handle(sandbox, request)
    local entry = sandbox.state.journal[#sandbox.state.journal]
    bodies[entry.operation] = response.body
    return response
  end
  run(scenario.client, scenario)
  scenario.sandbox.handle = handle
  return bodies
end

local function is_fine(value, err)
  return value ~= nil and value ~= false or errors.is(err)
    or type(err) == "string"
end

describe("malformed responses", function()
  -- Runs a flow with each malformed response. The store has no profile.
  local function check_flow(case, operation)
    local bodies = record_responses(prepare(), case[3])
    local body = assert(bodies[operation])
    local count, scenario = 0, prepare()
    for _, path in ipairs(places(json.decode(body))) do
      local before, after = split(body, path)
      for _, malformed in ipairs(MALFORMED) do
        local text = before .. json.encode(malformed) .. after
        scenario:set_responder(function(_, requested)
          if requested == operation then return { body = text } end
        end)
        local client = scenario:new_client {
          store = scenario.client.context.connection.store,
          retry = { attempts = 1 } }
        client.context:forget "profile"
        local good, value, err = pcall(case[3], client, scenario)
        assert(good, ("%s: %s"):format(text, tostring(value)))
        assert(is_fine(value, err), text)
        count = count + 1
      end
    end
    assert.is_true(count >= #MALFORMED)
  end

  for _, case in ipairs(FLOWS) do
    for _, operation in ipairs(case[2]) do
      it("[flow-invalid-response-survived] "
        .. ("%s: handles a malformed response of %s"):format(case[1],
          operation), function()
        check_flow(case, operation)
      end)
    end
  end
end)
