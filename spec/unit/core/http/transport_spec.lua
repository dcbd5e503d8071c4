--- A transport's requests, responses and ends of transfers.

local core = require "adobepass.core"
local core_transport = require "spec.support.core_transport"
local assert_core_failure = require "spec.support.assert_core_failure"
local run_transfer = require "spec.support.run_transfer"
local tcp_peer = require "spec.support.tcp_peer"

describe("core.http.new", function()
  local fixture = core_transport.new()
  local get, send, with = fixture.get, fixture.send, fixture.with

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  describe("a response", function()
    it("[http-status-body-version] response: has a status, a body and an HTTP "
      .. "version", function()
      local response = get()
      assert.equal(200, response.status)
      assert.equal("hello", response.body)
      assert.equal("2", response.http_version)
      local empty = get("GOOD", "/nothing")
      assert.equal(204, empty.status)
      assert.equal("", empty.body)
      assert.equal("1.1", get("HTTP").http_version)
    end)

    it("[http-numbers-integers] response: the status is an integer", function()
      local kind = rawget(math, "type") -- from 5.3 on
      if kind then assert.equal("integer", kind(get().status)) end
    end)

    it("[http-headers-case-repeated] response: header names ignore case, and "
      .. "repeated headers are joined and listed", function()
      local response = get("HTTP", "/many")
      for _, name in ipairs { "x-mixed-case", "X-Mixed-Case",
        "X-MIXED-CASE" } do
        assert.equal("Yes", response.headers[name])
      end
      assert.equal("a=1, b=2", response.headers["Set-Cookie"])
      assert.is_nil(response.headers["X-None"])
      assert.is_nil(response.headers[1])
      local cookies, mixed = {}, nil
      for _, header in ipairs(response.header_list) do
        if header[1] == "Set-Cookie" then cookies[#cookies + 1] = header[2] end
        if header[1] == "X-Mixed-Case" then mixed = header[2] end
      end
      assert.same({ "a=1", "b=2" }, cookies)
      assert.equal("Yes", mixed)
      for name in pairs(response.headers) do
        assert.equal(name:lower(), name)
      end
    end)

    it("[http-timings-order-events] response: timings are in the order of "
      .. "events", function()
      local t = get().timings
      assert.is_true(t.name <= t.connect and t.connect <= t.tls)
      assert.is_true(t.tls <= t.first_byte and t.first_byte <= t.total)
      assert.is_true(t.tls > 0 and t.total < 20)
    end)

    it("[http-follows-no-redirect] transport: follows no redirect", function()
      local response = get("GOOD", "/moved")
      assert.equal(302, response.status)
      assert.matches("/hello$", response.headers.location)
    end)

    it("[http-often-asked] transfer: result returns the same response each "
      .. "time", function()
      local transfer = assert(
        fixture.transport:submit { url = fixture.url("GOOD", "/") })
      assert.equal(run_transfer(fixture.transport, transfer),
        (transfer:result()))
    end)

    it("[http-outlives-transfer-session] response: stays valid after its "
      .. "transfer and transport are closed", function()
      local transfer = assert(fixture.transport:submit {
        url = fixture.url("GOOD", "/hello") })
      local response = run_transfer(fixture.transport, transfer)
      fixture.transport:close()
      assert.equal(response, (transfer:result()))
      transfer:close()
      assert.equal("hello", response.body)
      assert.equal("closed", select(3, transfer:result()))
    end)
  end)

  describe("a request", function()
    it("[http-sends-headers] request: sends only the given headers", function()
      local response = send { url = fixture.url("HTTP", "/headers"),
        headers = { Accept = "application/json", ["X-Two"] = { "a", "b" },
          ["X-Empty"] = "" } }
      assert.equal(("Accept=application/json\nHost=127.0.0.1:%d\n"
        .. "X-Empty=\nX-Two=a|b"):format(fixture.nginx.ports.HTTP),
          response.body)
    end)

    it("[http-adds-length-body] request: adds Content-Length and the "
      .. "transport's user_agent", function()
      with { user_agent = "adobepass spec" }
      local response = send { url = fixture.url("HTTP", "/headers"),
        method = "POST", body = "abc" }
      assert.equal(("Content-Length=3\nHost=127.0.0.1:%d\n"
        .. "User-Agent=adobepass spec"):format(fixture.nginx.ports.HTTP),
        response.body)
    end)

    it("[http-goes-name-own] request: its User-Agent header replaces the "
      .. "transport's", function()
      with { user_agent = "adobepass spec" }
      local response = send { url = fixture.url("HTTP", "/headers"),
        headers = { ["user-agent"] = "another" } }
      assert.equal(("Host=127.0.0.1:%d\nuser-agent=another"):format(
        fixture.nginx.ports.HTTP), response.body)
    end)

    it("[http-sent-however-places] request: goes to its own URL, also among "
      .. "hundreds of URLs", function()
      local places = {}
      for round = 1, 2 do
        for index = 1, 200 do
          local query = ("?%d"):format(index)
          local response = send { url = fixture.url("HTTP", "/echo" .. query) }
          places[index] = places[index] or response.body
          assert.equal(places[index], response.body, round)
          assert.truthy(response.body:find(query, 1, true))
        end
      end
    end)

    it("[http-carries-method-body] request: sends any method and any "
      .. "body", function()
      for _, case in ipairs { { "POST", "a=b" }, { "PUT", "\0\255" },
        { "DELETE", "" }, { "PATCH", ("x"):rep(3000000) }, { "GET", "odd" } }
      do
        local response = send { url = fixture.url("GOOD", "/echo?q=1"),
          method = case[1], body = case[2] }
        assert.equal(case[1] .. " /echo?q=1\n\n" .. case[2], response.body)
      end
    end)

    -- The size of the next response's buffer depends on the last response.
    it("[http-length-short-short] request: short and long bodies may "
      .. "alternate", function()
      for _, place in ipairs { "HTTP", "GOOD" } do
        with { http2 = false }
        for _, size in ipairs { 10, 900, 1024, 5000, 300000, 7, 16384, 3 } do
          local body = ("x"):rep(size - 1) .. "y"
          local request = { url = fixture.url(place, "/echo"), method = "POST",
            body = body }
          assert(fixture.transport:submit(request)):close()
          local cancelled = assert(fixture.transport:submit(request))
          fixture.transport:step(0)
          cancelled:close()
          assert.equal(body, send(request).body:sub(-size))
        end
      end
    end)

    it("[http-connection-own-wanted] request: fresh = true opens a new "
      .. "connection", function()
      assert.is_false(get("HTTP").reused)
      local url = fixture.url("HTTP", "/hello")
      assert.is_false(send({ url = url, fresh = true }).reused)
      assert.is_true(send({ url = url }).reused)
    end)

    it("[http-sent-not-sent-twice] request: with fresh = true, is not repeated "
      .. "when the connection is lost", function()
      local count = 0
      local peer = tcp_peer.listen(function(connection)
        count = count + 1
        if count > 1 then return tcp_peer.reset(connection) end
        connection:send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      end)
      local url = "http://127.0.0.1:" .. peer.port
      local function post(fresh)
        return run_transfer(fixture.transport,
          fixture.transport:submit { method = "POST",
          url = url, fresh = fresh, timeout = 10 }, peer:pumping())
      end
      assert.equal(200, post().status)
      assert.equal("connection_lost", select(3, post(true)))
      assert.equal(2, count)
      peer:close()
    end)

    it("[http-forgets-request-next] request: leaves nothing behind for the "
      .. "next one on the same handle", function()
      send { url = fixture.url("HTTP", "/echo"), method = "POST", body = "abc",
        headers = { ["X-Secret"] = "1", Accept = "a/b" } }
      assert.equal(("Host=127.0.0.1:%d"):format(fixture.nginx.ports.HTTP),
        send({ url = fixture.url("HTTP", "/headers") }).body)
      assert.equal("GET /echo\n\n",
        send({ url = fixture.url("GOOD", "/echo") }).body)
      assert.equal("DELETE /echo\n\n", send({ method = "DELETE",
        url = fixture.url("GOOD", "/echo") }).body)
      local head = send { method = "HEAD", url = fixture.url("GOOD", "/hello") }
      assert.equal("", head.body)
      assert.equal("5", head.headers["content-length"])
      assert.equal("POST /echo\n\n", send({ method = "POST",
        url = fixture.url("GOOD", "/echo") }).body)
    end)

    it("[http-carries-token-lua] request: sends the bearer of a token "
      .. "object", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local response = send { url = fixture.url("HTTP", "/headers"),
        bearer = token }
      assert.matches("Authorization=Bearer s3cret\n", response.body)
      token:close()
      local none, message, code = fixture.transport:submit {
        url = fixture.url("HTTP", "/headers"), bearer = token }
      assert_core_failure("closed", none, message, code)
    end)

    it("[http-nothing-stands-beside] submit: ignores arguments after the "
      .. "request's table", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local url = fixture.url("HTTP", "/headers")
      local transfer = assert(
        fixture.transport:submit({ url = url }, nil, token))
      assert.is_nil(run_transfer(fixture.transport,
        transfer).body:find("s3cret", 1, true))
      assert(fixture.transport:submit({ url = url }, "headers", "token")):close(
        )
      token:close()
    end)

    it("[http-not-need-token-longer] request: its token may be closed after "
      .. "submit", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local transfer = fixture.transport:submit {
        url = fixture.url("HTTP", "/headers"),
        bearer = token }
      token:close()
      assert.matches("Bearer s3cret",
        run_transfer(fixture.transport, transfer).body)
    end)
  end)

  describe("a transfer", function()
    local function submit_silent()
      return assert(fixture.transport:submit {
        url = fixture.url("GOOD", "/silent") })
    end

    it("[http-pending-until-known] transfer: result gives the code pending "
      .. "while it is running", function()
      local transfer = submit_silent()
      assert.same({ nil, "pending", "pending" },
        { transfer:result() })
      assert.is_false(transfer:ended())
      assert.equal("adobepass.transfer (running)", tostring(transfer))
      assert.equal(1, fixture.transport:step(0))
      assert.is_false(transfer:ended())
    end)

    it("[http-seen-result] transfer: ended is true after success, failure and "
      .. "close", function()
      local transfer = assert(fixture.transport:submit { timeout = 0.05,
        url = fixture.url("GOOD", "/silent") })
      while not transfer:ended() do fixture.transport:step(1) end
      assert_core_failure("timeout", transfer:result())
      local closed = submit_silent()
      closed:close()
      assert.is_true(closed:ended())
      local good = assert(fixture.transport:submit {
        url = fixture.url("GOOD", "/hello") })
      while not good:ended() do fixture.transport:step(1) end
      assert.equal("hello", good:result().body)
    end)

    it("[http-cancelled-closing] transfer: close cancels it and is "
      .. "idempotent", function()
      local transfer = submit_silent()
      fixture.transport:step(0)
      transfer:close()
      assert_core_failure("cancelled", transfer:result())
      transfer:close()
      assert_core_failure("cancelled", transfer:result())
      assert.equal(0, fixture.transport:step(0))
    end)

    it("[http-cancelled-dropping] transfer: garbage collection cancels "
      .. "it", function()
      submit_silent()
      collectgarbage()
      collectgarbage()
      assert.equal(0, core.handle_count().transfers)
      assert.equal(0, fixture.transport:step(0))
      assert.equal("hello", get().body)
    end)

    it("[http-closed-session-closes] transfer: fails with closed when its "
      .. "transport closes", function()
      local transfers = {}
      for index = 1, 20 do transfers[index] = submit_silent() end
      fixture.transport:step(0)
      fixture.transport:close()
      for _, transfer in ipairs(transfers) do
        assert_core_failure("closed", transfer:result())
        transfer:close()
        transfer:close()
        assert_core_failure("closed", transfer:result())
      end
    end)

    it("[http-order-dropping] transfer: transport and transfers may be garbage "
      .. "collected in any order", function()
      for _ = 1, 20 do
        local dropped = fixture.another()
        local transfers = {}
        for index = 1, 5 do
          transfers[index] = dropped:submit {
            url = fixture.url("GOOD", "/silent") }
        end
        dropped:step(0)
        transfers[2] = nil
        dropped = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal("pending", select(3, transfers[1]:result()))
      end
    end)

    it("[http-keeps-session-alive] transfer: keeps its transport from garbage "
      .. "collection", function()
      local transfer = fixture.another():submit {
        url = fixture.url("GOOD", "/hello") }
      collectgarbage()
      collectgarbage()
      assert.equal("pending", select(3, transfer:result()))
      assert.equal(2, core.handle_count().transports)
      transfer:close()
    end)

    it("[http-leaves-closed-session] transport: after close, its methods fail "
      .. "with closed", function()
      fixture.transport:close()
      fixture.transport:close()
      assert.equal("adobepass.transport (closed)", tostring(fixture.transport))
      assert_core_failure("closed",
        fixture.transport:submit { url = fixture.url("GOOD", "/") })
      assert_core_failure("closed", fixture.transport:step(0))
      assert.is_nil((fixture.transport:timeout()))
    end)

    it("[http-awaited-no-longer-asked] transport: step waits no longer than "
      .. "the given time", function()
      local transfer = submit_silent()
      local before = core.clock.monotonic()
      fixture.transport:step(0.03)
      local took = core.clock.monotonic() - before
      assert.is_true(took >= 0.025, took)
      transfer:close() -- also keeps it from being collected earlier
      assert.equal(0, fixture.another():step(3600))
    end)

    it("[http-announced-sockets-waits] transport: sockets returns the sockets "
      .. "of running transfers", function()
      assert.same({}, (fixture.transport:sockets()))
      local transfer = submit_silent()
      while transfer and not next((fixture.transport:sockets())) do
        fixture.transport:step(0)
      end
      for fd, what in pairs((fixture.transport:sockets())) do
        assert.is_true(fd > 2)
        assert.matches("^[rw]+$", what)
      end
      transfer:close()
      fixture.transport:close()
      assert.same({}, (fixture.transport:sockets()))
    end)

    it("[http-announced-timeout] transport: timeout is nil without transfers, "
      .. "else a number of seconds", function()
      assert.is_nil((fixture.transport:timeout()))
      local transfer = submit_silent()
      assert.is_true(fixture.transport:timeout() >= 0)
      transfer:close() -- also keeps it from being collected earlier
    end)
  end)

  it("[http-timeout-ended] transport: timeout is 0 if sockets ended the last "
    .. "transfer, until the next step", function()
    local peer = tcp_peer.listen(function(connection)
      connection:send "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    end)
    local transport, ended = fixture.transport, {}
    local transfer = assert(transport:submit {
      url = ("http://127.0.0.1:%d/"):format(peer.port) })
    while peer.received == "" do
      transport:step(0)
      peer:pump()
    end
    transport:sockets()
    assert.is_true(transfer:ended())
    assert.equal(0, transport:timeout())
    transport:step(0)
    assert.is_nil((transport:timeout()))
    transport:step(0, ended)
    assert.same({ transfer }, ended)
    peer:close()
  end)

  it("[http-says] transport: tostring gives the kind and the state of an "
    .. "object", function()
    assert.equal("adobepass.transport (open)", tostring(fixture.transport))
    local transfer = fixture.transport:submit {
      url = fixture.url("GOOD", "/hello") }
    run_transfer(fixture.transport, transfer)
    assert.equal("adobepass.transfer (done)", tostring(transfer))
    assert.equal("adobepass.transport", getmetatable(fixture.transport))
  end)

  it("[http-file-cannot-read] core.http.new: names an option's file that does "
    .. "not exist", function()
    for _, name in ipairs { "ca_file", "ca_path", "client_cert",
      "client_key" } do
      local none, message, code = core.http.new { [name] = "/none/at/all" }
      assert.matches("/none/at/all",
        assert_core_failure("not_found", none, message, code))
    end
  end)

  it("[http-not-localhost-machine] core.http.new: refuses a resolve entry for "
    .. "localhost", function()
    for _, host in ipairs { "localhost", "+localhost", "LOCALHOST", "*", "+*",
      "127.0.0.1", "+127.0.0.1", "127.1", "0", "-localhost", " localhost" } do
      assert_core_failure("insecure_url", core.http.new {
        resolve = { host .. ":80:192.0.2.1" } })
    end
  end)
end)
