--- Headers that are made ready once, on a real server's other side.

local core = require "adobepass.core"
local assert_core_failure = require "spec.support.assert_core_failure"
local run_transfer = require "spec.support.run_transfer"
local open_handles = require "spec.support.open_handles"
local https_server = require "spec.support.https_server"

local LARGEST = 1024 * 1024

describe("core.http.headers", function()
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

  local function seen(transfer)
    return assert(run_transfer(transport, assert(transfer))).body
  end

  it("[headers-sent-empty-blank] are sent when they are empty or blank, "
    .. "too", function()
    local body = seen(submit { ["X-Blank"] = " ", ["X-Tab"] = " \t ",
      ["X-Empty"] = "" })
    for _, name in ipairs { "X-Blank", "X-Tab", "X-Empty" } do
      assert.truthy(("\n" .. body .. "\n"):find("\n" .. name .. "=\n", 1,
        true), name)
    end
  end)

  it("[headers-sent-table] are sent as the table that they were made "
    .. "of", function()
    local list = { Accept = "application/json", ["X-Two"] = { "a", "b" },
      ["X-Empty"] = "", ["X-None"] = {} }
    local headers = assert(core.http.headers(list))
    local wanted = seen(submit(list))
    assert.truthy(wanted:find("X-Two=a|b", 1, true))
    for _ = 1, 3 do assert.equal(wanted, seen(submit(headers))) end
    assert.equal(seen(submit(nil)), seen(submit(assert(core.http.headers {}))))
    list["X-None"] = nil
    assert.same(list, headers:table())
    headers:close()
    assert.same({}, headers:table())
  end)

  it("[headers-go-many-requests] go with many requests at once", function()
    local headers = assert(core.http.headers { ["X-Own"] = "mine" })
    local transfers = {}
    for index = 1, 50 do transfers[index] = submit(headers) end
    for index = 1, 50 do
      assert.matches("X%-Own=mine", seen(transfers[index]))
    end
  end)

  it("[headers-leave-request] leave a request what is its own", function()
    local headers = assert(core.http.headers { ["X-Own"] = "mine" })
    local first = core.token { access_token = "one", expires_in = 60 }
    local second = core.token { access_token = "two", expires_in = 60 }
    assert.matches("Authorization=Bearer one\n",
      seen(submit(headers, { bearer = first })))
    assert.matches("Authorization=Bearer two\n",
      seen(submit(headers, { bearer = second })))
    local plain = seen(submit(headers))
    assert.is_nil(plain:find("Authorization", 1, true))
    assert.matches("Content%-Length=3\n",
      seen(submit(headers, { method = "POST", body = "a=b" })))
    assert.equal(plain, seen(submit(headers)))
    first:close()
    second:close()
  end)

  it("[headers-count-libcurl-session] count as given where libcurl or the "
    .. "transport has one", function()
    transport:close()
    transport = assert(core.http.new { user_agent = "the transport" })
    local headers = assert(core.http.headers { Accept = "a/b",
      ["content-type"] = "c/d", ["user-agent"] = "another" })
    assert.equal(("Accept=a/b\nContent-Length=1\nHost=127.0.0.1:%d\n"
      .. "content-type=c/d\nuser-agent=another"):format(nginx.ports.HTTP),
      seen(submit(headers, { method = "POST", body = "x" })))
    assert.matches("User%-Agent=the transport",
      seen(submit(assert(core.http.headers { A = "1" }))))
  end)

  it("[headers-becomes-table] stay as they were made, whatever becomes of the "
    .. "table", function()
    local list = { ["X-Own"] = "mine" }
    local headers = assert(core.http.headers(list))
    assert.same(list, headers:table())
    list["X-Own"], list["X-More"] = "yours", "1"
    local body = seen(submit(headers))
    assert.matches("X%-Own=mine", body)
    assert.is_nil(body:find("X-More", 1, true))
  end)

  it("[headers-closed-dropped-requests] may be closed or dropped while "
    .. "requests have them", function()
    local headers = assert(core.http.headers { ["X-Own"] = "mine" })
    local closed = submit(headers)
    headers:close()
    headers:close()
    assert.matches("X%-Own=mine", seen(closed))
    local dropped = submit(assert(core.http.headers { ["X-Own"] = "mine" }))
    open_handles.collect()
    assert.matches("X%-Own=mine", seen(dropped))
    assert_core_failure("closed", submit(headers))
  end)

  it("[headers-outlive-session-requests] may outlive their transport and its "
    .. "requests", function()
    local headers = assert(core.http.headers { ["X-Own"] = "mine" })
    local transfer = assert(submit(headers))
    transport:close()
    assert.equal("closed", select(3, transfer:result()))
    transport = assert(core.http.new { timeout = 20 })
    assert.matches("X%-Own=mine", seen(submit(headers)))
  end)

  it("[headers-show-nothing] show nothing of what is in them", function()
    local headers = assert(core.http.headers { ["X-Own"] = "s3cret" })
    assert.equal("adobepass.request_headers (ready)", tostring(headers))
    headers:close()
    assert.equal("adobepass.request_headers (closed)", tostring(headers))
    assert.equal("adobepass.request_headers", getmetatable(headers))
  end)

  it("[headers-too-large-beyond-1] are too_large beyond 1 MiB", function()
    local most = ("x"):rep(LARGEST - 100)
    assert(core.http.headers { A = most }):close()
    assert_core_failure("too_large",
      core.http.headers { A = most, B = ("y"):rep(100) })
  end)

  it("[headers-count-together-request] count together with what a request has "
    .. "of its own", function()
    local most = assert(core.http.headers { A = ("x"):rep(LARGEST - 100) })
    local token = core.token { access_token = ("t"):rep(200),
      expires_in = 60 }
    assert(submit(most)):close()
    assert_core_failure("too_large", submit(most, { bearer = token }))
    token:close()
  end)

  it("[headers-keep-libcurl] keep libcurl from a word of its own for what "
    .. "they have", function()
    local headers = assert(core.http.headers { Expect = "100-continue" })
    local body = seen(submit(headers, { method = "POST", body = "a" }))
    assert.matches("Expect=100%-continue\n", body)
  end)

  it("[headers-carry-no-bearer-proxy] carry no bearer through a proxy in the "
    .. "open", function()
    transport:close()
    transport = assert(core.http.new { allow_http = { "a.example" },
      proxy = "http://127.0.0.1:9" })
    local headers = assert(core.http.headers { AUTHORIZATION = "Bearer s3cret" })
    assert_core_failure("insecure_url",
      submit(headers, { url = "http://a.example/" }))
  end)

  it("[headers-raise-cannot-sent] raise for what cannot be sent", function()
    local function refuses(pattern, list)
      assert.error_matches(function() core.http.headers(list) end, pattern)
    end
    refuses("option 'headers' should be a table from name to value", nil)
    refuses("option 'headers' should be a table from name to value", "X: 1")
    refuses("option 'headers' should be a table from name to value", { "X" })
    refuses("see 'X'", { X = 1 })
    refuses("see 'X'", { X = { "a", "b\n" } })
    refuses("'Content%-Length' may not", { ["Content-Length"] = "1" })
    refuses("'X\r' may not", { ["X\r"] = "1" })
  end)

  it("[headers-raise-no-twice] raise where they are no headers, or say who "
    .. "one is twice", function()
    local token = core.token { access_token = "a", expires_in = 60 }
    local function refuses(pattern, request)
      request.url = nginx:url("HTTP", "/headers")
      assert.error_matches(function() transport:submit(request) end, pattern)
    end
    for _, other in ipairs { token, transport, io.stdout } do
      refuses("option 'headers' should be a table, or what core.http.headers",
        { headers = other })
    end
    refuses("option 'bearer' should be left out", { bearer = token,
      headers = assert(core.http.headers { authorization = "x" }) })
    token:close()
  end)
end)
