--- The headers of a request, as a real server receives them.

local core = require "adobepass.core"
local assert_core_failure = require "spec.support.assert_core_failure"
local run_transfer = require "spec.support.run_transfer"
local open_handles = require "spec.support.open_handles"
local https_server = require "spec.support.https_server"

local LARGEST = 1024 * 1024

describe("request headers", function()
  local nginx, transport

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)
  before_each(function() transport = assert(core.http.new { timeout = 20 }) end)

  after_each(function()
    transport:close()
    open_handles.assert_none()
  end)

  local function submit(headers, more)
    local request = { url = nginx:url("HTTP", "/headers"), headers = headers }
    for name, value in pairs(more or {}) do request[name] = value end
    return transport:submit(request)
  end

  local function received_headers(transfer)
    return assert(run_transfer(transport, assert(transfer))).body
  end

  it("[headers-sent-empty-blank] request headers: empty and blank values are "
    .. "sent", function()
    local body = received_headers(submit { ["X-Blank"] = " ", ["X-Tab"] = " \t ",
      ["X-Empty"] = "" })
    for _, name in ipairs { "X-Blank", "X-Tab", "X-Empty" } do
      assert.truthy(("\n" .. body .. "\n"):find("\n" .. name .. "=\n", 1,
        true), name)
    end
  end)

  it("[headers-sent-list] request headers: a list of values is sent as one "
    .. "line for each value", function()
    assert.truthy(received_headers(submit { ["X-Two"] = { "a", "b" }, ["X-None"] = {} })
      :find("X-Two=a|b", 1, true))
    assert.equal(received_headers(submit(nil)), received_headers(submit {}))
  end)

  it("[headers-go-many-requests] request headers: concurrent requests may "
    .. "share one table", function()
    local headers = { ["X-Own"] = "mine" }
    local transfers = {}
    for index = 1, 50 do transfers[index] = submit(headers) end
    for index = 1, 50 do
      assert.matches("X%-Own=mine", received_headers(transfers[index]))
    end
  end)

  it("[headers-leave-request] request headers: a request's bearer and body do "
    .. "not change the shared table", function()
    local headers = { ["X-Own"] = "mine" }
    local first = core.token { access_token = "one", expires_in = 60 }
    local second = core.token { access_token = "two", expires_in = 60 }
    assert.matches("Authorization=Bearer one\n",
      received_headers(submit(headers, { bearer = first })))
    assert.matches("Authorization=Bearer two\n",
      received_headers(submit(headers, { bearer = second })))
    local plain = received_headers(submit(headers))
    assert.is_nil(plain:find("Authorization", 1, true))
    assert.matches("Content%-Length=3\n",
      received_headers(submit(headers, { method = "POST", body = "a=b" })))
    assert.equal(plain, received_headers(submit(headers)))
    first:close()
    second:close()
  end)

  it("[headers-count-libcurl-session] request headers: replace the defaults of "
    .. "libcurl and of the transport", function()
    transport:close()
    transport = assert(core.http.new { user_agent = "the transport" })
    local headers = { Accept = "a/b",
      ["content-type"] = "c/d", ["user-agent"] = "another" }
    assert.equal(("Accept=a/b\nContent-Length=1\nHost=127.0.0.1:%d\n"
      .. "content-type=c/d\nuser-agent=another"):format(nginx.ports.HTTP),
      received_headers(submit(headers, { method = "POST", body = "x" })))
    assert.matches("User%-Agent=the transport",
      received_headers(submit { A = "1" }))
  end)

  it("[headers-bodiless-post] request headers: no other header is sent, also not for "
    .. "a POST without a body", function()
    local host = "Host=127.0.0.1:" .. nginx.ports.HTTP
    assert.equal(host, received_headers(submit(nil, { method = "DELETE" })))
    assert.equal("Content-Length=0\n" .. host,
      received_headers(submit(nil, { method = "POST" })))
    assert.equal("Content-Length=0\nContent-Type=a/b\n" .. host,
      received_headers(submit({ ["Content-Type"] = "a/b" }, { method = "POST" })))
  end)

  it("[headers-becomes-table] request headers: changes of the table after "
    .. "submit have no effect", function()
    local headers = { ["X-Own"] = "mine" }
    local transfer = submit(headers)
    headers["X-Own"], headers["X-More"] = "yours", "1"
    local body = received_headers(transfer)
    assert.matches("X%-Own=mine", body)
    assert.is_nil(body:find("X-More", 1, true))
  end)

  it("[headers-too-large-beyond-1] request headers: more than 1 MiB fails with "
    .. "too_large", function()
    local most = ("x"):rep(LARGEST - 100)
    assert(submit { A = most }):close()
    assert_core_failure("too_large", submit { A = most, B = ("y"):rep(100) })
  end)

  it("[headers-count-together-request] request headers: the limit of 1 MiB "
    .. "includes the bearer", function()
    local most = { A = ("x"):rep(LARGEST - 100) }
    local token = core.token { access_token = ("t"):rep(200),
      expires_in = 60 }
    assert(submit(most)):close()
    assert_core_failure("too_large", submit(most, { bearer = token }))
    token:close()
  end)

  it("[headers-keep-libcurl] request headers: a given Expect header replaces "
    .. "libcurl's", function()
    local headers = { Expect = "100-continue" }
    local body = received_headers(submit(headers, { method = "POST", body = "a" }))
    assert.matches("Expect=100%-continue\n", body)
  end)

  it("[headers-carry-no-bearer-proxy] request headers: Authorization is not "
    .. "sent over plain HTTP through a proxy", function()
    transport:close()
    transport = assert(core.http.new { allow_http = { "a.example" },
      proxy = "http://127.0.0.1:9" })
    local headers = { AUTHORIZATION = "Bearer s3cret" }
    assert_core_failure("insecure_url",
      submit(headers, { url = "http://a.example/" }))
  end)

  it("[headers-raise-cannot-sent] request headers: invalid names and values "
    .. "raise", function()
    local function assert_usage_error(pattern, list)
      assert.error_matches(function() submit(list) end, pattern)
    end
    assert_usage_error("option 'headers' should be a table from name to value", "X: 1")
    assert_usage_error("option 'headers' should be a table from name to value", { "X" })
    assert_usage_error("see 'X'", { X = 1 })
    assert_usage_error("see 'X'", { X = { "a", "b\n" } })
    assert_usage_error("'Content%-Length' may not be set", { ["Content-Length"] = "1" })
    assert_usage_error("'X\r' may not be set", { ["X\r"] = "1" })
  end)

  it("[headers-raise-no-twice] request headers: a non-table, or Authorization "
    .. "beside a bearer, raises", function()
    local token = core.token { access_token = "a", expires_in = 60 }
    local function assert_usage_error(pattern, request)
      request.url = nginx:url("HTTP", "/headers")
      assert.error_matches(function() transport:submit(request) end, pattern)
    end
    for _, other in ipairs { token, transport, io.stdout } do
      assert_usage_error("option 'headers' should be a table from name to value",
        { headers = other })
    end
    assert_usage_error("option 'bearer' should be left out", { bearer = token,
      headers = { authorization = "x" } })
    token:close()
  end)
end)
