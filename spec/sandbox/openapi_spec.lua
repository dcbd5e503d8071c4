--- Compares every response of operations 1 to 15 with Adobe's OpenAPI files.
-- (Operations 16 to 22 have no file; their own specs check their tables.)
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local routes = require "adobepass.sandbox.engine.routes"
local openapi_schema = require "spec.support.openapi_schema"

local V2 = openapi_schema.load "spec/openapi/restApiV2.json"
local DCR = openapi_schema.load "spec/openapi/dcrApi.json"

-- Where the files contradict Adobe's own prose and samples. `operation` and
-- `at` are patterns. An entry that no response matches fails the spec.
local CONTRADICTIONS = {
  { operation = ".", at = "^/message$",
    reason = "ErrorInformation.message is declared an object, each sample "
      .. "has a string" },
  { operation = "authorize", at = "/error/message$",
    reason = "the same, inside a decision" },
  { operation = "profile", at = "/attributes/[^/]+/value$",
    reason = "a metadata value is declared an object; tables and samples "
      .. "have strings, numbers, lists and maps" },
  { operation = "^session$", at = "^/device/connection/ipAddress$",
    reason = "declared an InetAddress object, the sample has a string" },
  { operation = "^session$", at = "^/device/.+",
    reason = "the sample has null for unknown values, the file declares "
      .. "no field as nullable" },
  { operation = "^partner_profile$", at = "^status 201$",
    reason = "the page has 201, the file only 200" },
  { operation = "^profile", at = "^status 403$",
    reason = "page and samples have 403 for an ended TempPass, the file "
      .. "does not" },
  { operation = "^authenticate$", at = "^no body 302$",
    reason = "the file declares an ErrorInformation for a redirect" },
  { operation = "^authenticate$", at = "^html 400$",
    reason = "the file declares JSON, the page text/html" },
  { operation = ".", at = "^html 429$",
    reason = "the throttle sends HTML before the API is reached; no file "
      .. "declares 429" },
}

local met = {}

local function is_known(operation, at)
  for i, entry in ipairs(CONTRADICTIONS) do
    if operation:find(entry.operation) and at:find(entry.at) then
      met[i] = true
      return true
    end
  end
  return false
end

-- Returns the file that declares a route, and the route's path in that file.
local function declared_path(route)
  local path = route.path:gsub("{sp}", "{serviceProvider}")
  if path:find "^/o/" then return DCR, (path:gsub("^/o", "")) end
  return V2, (path:gsub("^/api/v2", ""))
end

local function media_type(response)
  return (fixture.header(response, "Content-Type") or ""):match "^[^;]*"
end

-- Returns the schema of a response's body or nil, and the problem with its
-- status, media type or missing body, if any.
local function form_of(declaration, response)
  local status = tostring(response.status)
  if media_type(response) == "text/html" then return nil, "html " .. status end
  local declared = declaration.responses[status]
  local ok = declaration.responses["200"] or declaration.responses["201"]
  local content = (declared or ok).content["application/json"]
  if content and response.body == "" then return nil, "no body " .. status end
  return content and content.schema, not declared and "status " .. status
end

local function problems(operation, response)
  local route = routes.by_name[operation]
  local api, path = declared_path(route)
  local declaration = api:operation(path, route.method)
  local node, form = form_of(declaration, response)
  local found = {}
  if form then found[1] = { at = form, message = form } end
  -- Every error has the declared form of errors, also if its status is not
  -- declared.
  if node and response.status >= 400 then
    node = { ["$ref"] = "#/components/schemas/ErrorInformation" }
  end
  for _, one in ipairs(node and api:validate(node, response.json) or {}) do
    found[#found + 1] = one
  end
  return found
end

-- The functions tour_of_* together provoke every kind of response of operations
-- 1 to 15.
local function tour_of_registration(h)
  h:register()
  h:new_token { client_id = h.client.client_id, client_secret = "wrong" }
  h:send { method = "POST", path = "/o/client/register", body = "{}" }
end

local function tour_of_sessions(h)
  h:get "/api/v2/REF30/configuration"
  h:get("/api/v2/REF30/configuration", { ["X-Device-Info"] = false })
  local code = h:session({ mvpd = false }, {
    ["X-Device-Info"] = fixture.encode { connectionIp = "192.0.2.1" },
  }).json.code
  h:get("/api/v2/REF30/sessions/" .. code)
  h:post_form("/api/v2/REF30/sessions/" .. code, { redirectUrl = "junk" })
  h:post_form("/api/v2/REF30/sessions/" .. code, { mvpd = "Spectrum" })
  h:send { method = "GET", path = "/api/v2/authenticate/REF30/" .. code }
  h:send { method = "GET", path = "/api/v2/authenticate/REF30/NONE" }
  h:get("/api/v2/REF30/profiles/code/" .. code)
  h:get "/api/v2/REF30/sessions/NONE"
  h:get("/api/v2/REF30/sessions/" .. code, { authorization = false })
end

local function tour_of_profiles(h)
  local promo = { ["AP-TempPass-Identity"] = fixture.encode { email = "x" } }
  for _, username in ipairs { "ann", "bob", "kim", "home" } do
    h.device = "device of " .. username
    local code = h:log_in(username, "Cablevision").code
    h:get("/api/v2/REF30/profiles/code/" .. code)
    h:get "/api/v2/REF30/profiles"
    h:get "/api/v2/REF30/profiles/Cablevision"
    h:authorize("Cablevision", { "CNN", "HBO", "Late Night", "Slow" })
    h:preauthorize("Cablevision", { "CNN", "HBO", "Late Night", "Slow" })
    h:session()
  end
  for _, mvpd in ipairs { "TempPass", "flexibleTempPass", "DegradedMvpd",
                          "Dummy", "Spectrum", "Disabled" } do
    h:get("/api/v2/REF30/profiles/" .. mvpd, promo)
    h:authorize(mvpd, { "CNN", "TBS" }, promo)
    h:preauthorize(mvpd, { "CNN", "TBS" }, promo)
    h:get("/api/v2/REF30/logout/" .. mvpd .. "?redirectUrl=x%3A%2F%2Fy")
  end
end

local function tour_of_ends(h)
  h:authorize("TempPass_5mins", { "CNN" })
  local session = h:session { mvpd = false }.json
  h:post_form("/api/v2/REF30/sessions/" .. session.code,
              { mvpd = "TempPass_5mins" })
  h.control.clock { advance = 5 * 60 * 1000 }
  h:get "/api/v2/REF30/profiles/TempPass_5mins"
  h:get("/api/v2/REF30/profiles/code/" .. session.code)
  h:get "/api/v2/REF30/logout/Cablevision"
  h:get "/api/v2/REF_BROKEN/profiles/Dish"
end

local function tour_of_partners(h)
  local status = { ["AP-Partner-Framework-Status"] = h:partner_status() }
  local asked = h:post_form("/api/v2/REF30/sessions/sso/Apple",
    fixture.parameters { mvpd = false }, status).json
  local response = h.control.saml {
    request = asked.authenticationRequest.request, mvpd = "Cablevision",
    username = "ann" }
  local path = "/api/v2/REF30/profiles/sso/Apple"
  h:post_form(path, { SAMLResponse = response }, status)
  h:post_form(path, { SAMLResponse = response }, status)
  h:get("/api/v2/REF30/profiles", status)
  h:get "/api/v2/REF30/logout/Cablevision"
  h:post_form "/api/v2/REF30/sessions/sso/Apple"
end

local function tour_of_faults(h)
  for _, kind in ipairs { "too_many_requests", "error" } do
    for _, name in ipairs { "profiles", "authorize", "create_session" } do
      h.control.fault { kind = kind, operation = name }
    end
    h:get "/api/v2/REF30/profiles"
    h:authorize("Dish", { "CNN" })
    h:session()
  end
end

local function all_answers()
  local responses = {}
  for _, tour in ipairs { tour_of_registration, tour_of_sessions,
      tour_of_profiles, tour_of_ends, tour_of_partners, tour_of_faults } do
    local h = fixture.new()
    tour(h)
    for _, result in ipairs(h.responses) do
      responses[#responses + 1] = result
    end
  end
  return responses
end

local function in_files(name)
  return routes.by_name[name].number <= 15
end

describe("Adobe's OpenAPI files", function()
  it("[openapi-declare-operations-route] OpenAPI: the files declare the "
    .. "routed operations", function()
    local ours, theirs = {}, {}
    for _, route in ipairs(routes.list) do
      if in_files(route.name) then
        local _, path = declared_path(route)
        ours[route.method .. " " .. path] = true
      end
    end
    for _, api in ipairs { V2, DCR } do
      for _, one in ipairs(api:operations()) do
        theirs[one.method .. " " .. one.path] = true
      end
    end
    assert.same(theirs, ours)
  end)

  it("[openapi-accept-response] OpenAPI: the files accept every response "
    .. "except listed contradictions", function()
    local count, seen, wrong = 0, {}, {}
    for _, result in ipairs(all_answers()) do
      local name = result.operation
      if name and in_files(name) then
        count, seen[name] = count + 1, true
        for _, one in ipairs(problems(name, result.response)) do
          if not is_known(name, one.at) then
            wrong[#wrong + 1] = name .. " " .. result.response.status .. " "
              .. one.at .. ": " .. one.message
          end
        end
      end
    end
    assert.equal("", table.concat(wrong, "\n"))
    local names = 0
    for _ in pairs(seen) do names = names + 1 end
    assert.equal(15, names)
    print(("openapi: %d responses of %d operations"):format(count, names))
  end)

  it("[openapi-no-contradiction-listed] OpenAPI: every listed contradiction "
    .. "occurs", function()
    -- A 405 belongs to no operation; it is checked as a response of `profiles`.
    local h = fixture.new()
    local response = h:send { method = "PATCH",
                              path = "/api/v2/REF30/profiles",
                              headers = h:headers() }
    for _, one in ipairs(problems("profiles", response)) do
      assert.is_true(is_known("profiles", one.at))
    end
    for i, entry in ipairs(CONTRADICTIONS) do
      assert.is_true(met[i] or false, entry.reason)
    end
  end)
end)

describe("the validator", function()
  local node = {
    type = "object", required = { "a" },
    properties = {
      a = { type = "string", enum = { "x" } }, b = { type = "integer" },
      c = { type = "array", items = { type = "boolean" } },
    },
    additionalProperties = { type = "number" },
  }

  local function first(value)
    local found = V2:validate(node, value)[1]
    return found and found.at
  end

  it("[openapi-sees-wrong] OpenAPI validator: reports the path of each "
    .. "problem", function()
    assert.is_nil(first { a = "x", b = 1, c = { true }, d = 1.5 })
    assert.equal("/a", first {})
    assert.equal("/a", first { a = "y" })
    assert.equal("/b", first { a = "x", b = 1.5 })
    assert.equal("/c/2", first { a = "x", c = { true, 1 } })
    assert.equal("/d", first { a = "x", d = "1" })
    assert.equal("/", first "x")
    assert.equal("/b", first { a = "x", b = json.null })
  end)

  it("[openapi-raises-keyword] OpenAPI validator: raises on an unknown "
    .. "keyword", function()
    assert.has_error(function() V2:validate({ oneOf = {} }, 1) end)
  end)
end)
