--- Compares the throttle with the example on Adobe's page.
local fixture = require "spec.sandbox.fixture"
local routes = require "adobepass.sandbox.engine.routes"

local function ask(h, address)
  return h:send { method = "GET", path = "/api/v2/REF30/profiles",
                  headers = { ["X-Forwarded-For"] = address } }.status
end

-- { second, whether the request is accepted }: the page throttling-mechanism.
local EXAMPLE = {
  { 0, true }, { 0.3, true }, { 0.6, true }, { 0.9, true }, { 1.2, true },
  { 1.3, true }, { 1.4, true }, { 1.5, true }, { 1.6, true }, { 1.7, true },
  { 1.8, true }, { 2.1, true }, { 2.2, true }, { 2.4, false },
  { 2.6, false }, { 2.8, false }, { 3.1, true },
}

describe("the throttle", function()
  local h
  before_each(function() h = fixture.new { throttle = true } end)

  it("[throttle-page-example] sandbox throttle: replays the example of "
    .. "Adobe's page", function()
    for _, row in ipairs(EXAMPLE) do
      h.time = fixture.START + row[1] * 1000
      assert.equal(row[2], ask(h, "192.0.2.1") ~= 429, "at " .. row[1])
    end
  end)

  it("[throttle-passes-request-second] sandbox throttle: accepts one "
    .. "request per second after the burst", function()
    for _ = 1, 11 do ask(h, "a") end
    for _ = 1, 30 do
      assert.equal(429, ask(h, "a"))
      h.time = h.time + 1000
      assert.equal(401, ask(h, "a"))
    end
  end)

  it("[throttle-burst-not-pause] sandbox throttle: does not refill the "
    .. "burst after a pause", function()
    for _ = 1, 11 do ask(h, "a") end
    h.time = h.time + 30000
    assert.equal(401, ask(h, "a"))
    assert.equal(429, ask(h, "a"))
  end)

  it("[throttle-client-quiet-new] sandbox throttle: an address that is idle "
    .. "for forget_after gets a new burst", function()
    h.sandbox.world.throttle.forget_after = 60
    for _ = 1, 12 do ask(h, "a") end
    h.time = h.time + 60001
    for _ = 1, 11 do assert.equal(401, ask(h, "a")) end
    assert.equal(429, ask(h, "a"))
  end)

  it("[throttle-takes-one-asks] sandbox throttle: an address that sends "
    .. "requests now and then gets no new burst", function()
    for _ = 1, 11 do ask(h, "a") end
    for _ = 1, 3 do
      h.time = h.time + 30000
      assert.equal(401, ask(h, "a"))
    end
    assert.equal(429, ask(h, "a"))
  end)

  it("[throttle-counts-address] sandbox throttle: counts each address "
    .. "separately", function()
    for _ = 1, 12 do ask(h, "192.0.2.1") end
    assert.equal(429, ask(h, "192.0.2.1, 10.0.0.1"))
    assert.equal(401, ask(h, "192.0.2.2"))
    assert.equal(401, ask(h, nil))
  end)

  it("[throttle-responses-html-cookies] sandbox throttle: sends HTML with "
    .. "cookies and without Retry-After", function()
    for _ = 1, 11 do ask(h, "a") end
    local response = h:send { method = "GET",
      path = "/api/v2/REF30/profiles",
      headers = { ["X-Forwarded-For"] = "a" } }
    assert.equal("text/html", fixture.header(response, "Content-Type"))
    assert.truthy(response.body:find "<h1>429 Too Many Requests</h1>")
    assert.truthy(fixture.header(response, "Set-Cookie"):find "^AWSALB=")
    assert.is_nil(fixture.header(response, "Retry-After"))
  end)

  it("[throttle-covers-api-v2] sandbox throttle: covers /api/v2/ and "
    .. "/o/client/ only", function()
    local limited = {
      ["/api/v2/anything"] = true, ["/o/client/register"] = true,
      ["/api/REF30/list"] = false, ["/reset-tempass/v3/reset"] = false,
      ["/activate"] = false, ["/sandbox/journal"] = false,
    }
    for path, expected in pairs(limited) do
      local last
      for _ = 1, 12 do
        last = h:send { method = "GET", path = path }.status
      end
      assert.equal(expected, last == 429, path)
      h.control.reset()
    end
  end)

  it("[throttle-other-spellings] sandbox: an escaped path has the rate limit and CORS "
    .. "headers, and one with an empty segment is not found", function()
    local function get(path)
      return h:send { method = "GET", path = path,
        headers = { Origin = "https://app.example" } }
    end
    local response
    for _ = 1, 12 do response = get "/%61pi/%762/REF30/profiles" end
    assert.equal(429, response.status)
    assert.equal("https://app.example",
      fixture.header(response, "Access-Control-Allow-Origin"))
    for _, path in ipairs { "//api/v2/REF30/profiles", "/api//v2/REF30/profiles",
        "/api/v2/REF30/profiles//", "//activate" } do
      h.time = h.time + 1000
      assert.equal(404, get(path).status, path)
    end
  end)

  it("[cors-listed-headers] sandbox CORS: allows each header that a page of the API "
    .. "lists, and an origin with an underscore", function()
    local response = h:send { method = "OPTIONS", path = "/api/v2/REF30/profiles",
      headers = { Origin = "http://web_app:3000",
        ["Access-Control-Request-Method"] = "GET" } }
    assert.equal(204, response.status)
    assert.equal("http://web_app:3000",
      fixture.header(response, "Access-Control-Allow-Origin"))
    local allowed = {}
    for name in fixture.header(response, "Access-Control-Allow-Headers")
        :lower():gmatch "[^,]+" do
      allowed[name] = true
    end
    for _, route in ipairs(routes.list) do
      for name in pairs(route.headers) do
        -- RokuOS and proxies add the others; a browser does not send them.
        assert.is_true(allowed[name] or name:find "^x%-roku" ~= nil
          or name == "x-forwarded-for", name)
      end
    end
  end)

  it("[throttle-shows-journal] sandbox throttle: the journal marks refused "
    .. "requests", function()
    for _ = 1, 12 do ask(h, "a") end
    local entries = h.control.journal()
    assert.is_nil(entries[11].throttled)
    assert.is_true(entries[12].throttled)
  end)

  it("[throttle-can-switched-off] sandbox throttle: can be turned "
    .. "off", function()
    local calm = fixture.new()
    for _ = 1, 30 do assert.equal(401, ask(calm, "a")) end
  end)
end)
