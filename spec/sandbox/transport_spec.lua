--- The in-process transport: the interface of a core transport, without network.
local core = require "adobepass.core"
local fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"

local PROFILES = "https://api.test/api/v2/REF30/profiles"

local function ready(options)
  local h = fixture.new(options):register()
  h.transport = h.sandbox:transport()
  return h
end

local function headers_of(h)
  local headers = h:headers()
  headers.authorization = nil
  return headers
end

local function submit(h, changes)
  local request = { url = PROFILES, headers = headers_of(h),
                    bearer = h.token }
  for name, value in pairs(changes or {}) do request[name] = value end
  return h.transport:submit(request)
end

local function outcome(h, changes)
  local transfer = submit(h, changes)
  for _ = 1, 100 do
    if h.transport:step(1) == 0 then break end
  end
  local result, message, code = transfer:result()
  if result then return result end
  return nil, code, message
end

describe("in-process transport", function()
  it("[sandbox-transport-responses-core] sandbox transport: returns results "
    .. "as a core transport does", function()
    local h = ready()
    local transfer = submit(h)
    assert.same({ nil, "pending", "pending" }, { transfer:result() })
    assert.equal(0, h.transport:step(0))
    local result = transfer:result()
    assert.equal(200, result.status)
    assert.equal('{"profiles":{}}', result.body)
    assert.equal("application/json;charset=UTF-8",
                 result.headers["content-type"])
    assert.equal(result.headers["content-type"],
                 result.headers["Content-Type"])
    assert.same({ "Content-Type", "application/json;charset=UTF-8" },
                result.header_list[1])
    assert.equal("Sun, 15 Jun 2025 15:06:40 GMT", result.headers.date)
    assert.equal(0, result.timings.total)
    assert.equal(result, transfer:result())
  end)

  it("[sandbox-transport-bearer-core] sandbox transport: accepts the bearer "
    .. "of a core token", function()
    local h = ready()
    local response = h:new_token(h.client).json
    local token = core.token { access_token = response.access_token,
                               expires_in = response.expires_in,
                               created_at = response.created_at }
    assert.equal(200, outcome(h, { bearer = token }).status)
    assert.equal(401, outcome(h, { bearer = "junk" }).status)
  end)

  it("[sandbox-transport-sends-body] sandbox transport: sends body, method, "
    .. "query and repeated headers", function()
    local h = ready()
    h.control.journal { clear = true }
    outcome(h, { method = "POST", url = PROFILES .. "?a=b#c", body = "x",
                 headers = { ["X-Mine"] = { "1", "2" } } })
    local entry = h.control.journal()[1]
    assert.equal("POST", entry.method)
    assert.equal("/api/v2/REF30/profiles", entry.path)
    assert.equal("a=b", entry.query)
    assert.equal("x", entry.body)
    assert.equal("1, 2", entry.headers["x-mine"])
    assert.equal("api.test", entry.headers.host)
    assert.equal("127.0.0.1", entry.remote_addr)
  end)

  it("[sandbox-transport-joins-headers] sandbox transport: joins repeated "
    .. "headers", function()
    local h = ready()
    h.control.fault { kind = "too_many_requests" }
    local result = outcome(h)
    assert.truthy(result.headers["set-cookie"]:find "AWSALB=.*, AWSALBCORS=")
    local names = {}
    for _, header in ipairs(result.header_list) do
      names[header[1]] = (names[header[1]] or 0) + 1
    end
    assert.equal(2, names["Set-Cookie"])
    assert.equal(1, names["Content-Type"])
  end)

  it("[sandbox-transport-hosts-apart] sandbox transport: distinguishes the "
    .. "API and the management host", function()
    local h = ready { mgmt = "https://mgmt.test" }
    local reset = "/reset-tempass/v3/reset"
      .. "?requestor_id=REF30&mvpd_id=TempPass"
    local headers = h:headers(nil, "DELETE", "/reset-tempass/v3/reset")
    assert.equal(204, outcome(h, { method = "DELETE", headers = headers,
      url = "https://mgmt.test" .. reset }).status)
    assert.equal(404, outcome(h, { method = "DELETE", headers = headers,
      url = "https://api.test" .. reset }).status)
  end)

  it("[sandbox-transport-reaches] sandbox transport: fails to connect to "
    .. "other hosts", function()
    local h = ready()
    for _, url in ipairs { "https://other.test/", "http://api.test/",
                           "https://api.test.evil.test/",
                           "https://api.tes" } do
      local _, code = outcome(h, { url = url })
      assert.equal("connect_failed", code, url)
    end
  end)

  it("[sandbox-transport-delay-pass] sandbox transport: a delay lasts on the "
    .. "sandbox's clock", function()
    local h = ready()
    h.control.fault { kind = "delay", seconds = 5 }
    local transfer = submit(h)
    assert.equal(1, h.transport:step(0))
    assert.equal(fixture.START, h.sandbox:now())
    assert.equal(5, h.transport:timeout())
    assert.equal(1, h.transport:step(2))
    assert.equal(fixture.START + 2000, h.sandbox:now())
    assert.equal(0, h.transport:step(60))
    assert.equal(fixture.START + 5000, h.sandbox:now())
    assert.equal(5, transfer:result().timings.total)
  end)

  it("[sandbox-transport-times-deadline] sandbox transport: times out at "
    .. "the deadline", function()
    local h = ready()
    h.control.fault { kind = "delay", seconds = 50 }
    local _, code = outcome(h, { timeout = 3 })
    assert.equal("timeout", code)
    assert.equal(fixture.START + 3000, h.sandbox:now())
  end)

  it("[sandbox-transport-waits-drip] sandbox transport: waits for a "
    .. "dripping response", function()
    local h = ready()
    h.control.fault { kind = "drip", seconds = 1, bytes = 5 }
    assert.equal(200, outcome(h).status)
    assert.equal(fixture.START + 3000, h.sandbox:now())
    h.control.fault { kind = "drip", seconds = 10, bytes = 1 }
    assert.equal("timeout", (select(2, outcome(h))))
  end)

  local failures = {
    reset_before = "connection_lost", reset_within = "connection_lost",
    tls = "tls_failed", huge = "too_large",
  }
  for kind, expected in pairs(failures) do
    it("[sandbox-transport-fails] sandbox transport: fails with "
      .. expected .. " on the fault " .. kind, function()
      local h = ready()
      h.control.fault { kind = kind }
      local result, code, message = outcome(h)
      assert.is_nil(result)
      assert.equal(expected, code)
      assert.is_true(#message > 20)
      assert.equal(200, outcome(h).status)
    end)
  end

  it("[sandbox-transport-response-reset] sandbox transport: returns the "
    .. "response before a later reset", function()
    local h = ready()
    h.control.fault { kind = "reset_after" }
    assert.equal(200, outcome(h).status)
  end)

  it("[sandbox-transport-bounds-body] sandbox transport: a body above the "
    .. "limit fails", function()
    local h = ready()
    assert.equal("too_large", (select(2, outcome(h, { max_body = 5 }))))
    h.control.fault { kind = "huge", bytes = 1000 }
    local result = outcome(h)
    assert.equal(1000, #result.body)
    assert.same({}, json.decode(result.body).profiles)
  end)

  it("[sandbox-transport-keeps-several] sandbox transport: runs several "
    .. "transfers independently", function()
    local h = ready()
    h.control.fault { kind = "delay", seconds = 4 }
    local slow, fast = submit(h), submit(h)
    assert.equal(1, h.transport:step(1))
    assert.equal(200, fast:result().status)
    assert.is_nil(slow:result())
    assert.equal(fixture.START, h.sandbox:now())
    h.transport:step(10)
    assert.equal(200, slow:result().status)
  end)

  it("[sandbox-transport-cancels] sandbox transport: cancels a transfer and "
    .. "discards an ended one", function()
    local h = ready()
    local cancelled, done = submit(h), submit(h)
    cancelled:close()
    assert.equal(0, h.transport:timeout()) -- before the first step
    h.transport:step(0)
    assert.is_nil(h.transport:timeout())
    done:close()
    done:close()
    assert.equal("cancelled", (select(3, cancelled:result())))
    assert.equal("closed", (select(3, done:result())))
  end)

  it("[sandbox-transport-ends-runs] sandbox transport: close ends running "
    .. "transfers", function()
    local h = ready()
    local transfer = submit(h)
    h.transport:close()
    h.transport:close()
    assert.equal("closed", (select(3, transfer:result())))
    assert.equal("closed", (select(3, submit(h))))
    assert.equal("closed", (select(3, h.transport:step(0))))
    assert.is_nil(h.transport:timeout())
  end)

  it("[sandbox-transport-raises-misuse] sandbox transport: usage errors "
    .. "raise", function()
    local h = ready()
    assert.has_error(function() h.sandbox:transport { verify = false } end)
    assert.has_error(function() h.transport:submit { url = "x", foo = 1 } end)
    assert.has_error(function() h.transport:submit {} end)
    assert.truthy(h.sandbox:transport { ca_file = "any", timeout = 2 })
  end)

  it("[sandbox-transport-fields-methods] sandbox transport: has the fields "
    .. "and methods of a core transport", function()
    local real = assert(core.http.new())
    local ours = fixture.new().sandbox:transport()
    for _, name in ipairs { "submit", "step", "timeout", "close" } do
      assert.is_function(real[name])
      assert.is_function(ours[name])
    end
    real:close()
  end)
end)
