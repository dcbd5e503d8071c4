--- Each failure of a transfer has a message and a code.

local core_transport = require "spec.support.core_transport"
local assert_core_failure = require "spec.support.assert_core_failure"
local run_transfer = require "spec.support.run_transfer"
local tcp_peer = require "spec.support.tcp_peer"

describe("core.http.new: failures of transfers", function()
  local fixture = core_transport.new()
  local get, send, with = fixture.get, fixture.send, fixture.with

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  it("[http-failure-timeout-responses] transfer: fails with timeout when the "
    .. "server sends no response", function()
    assert_core_failure("timeout", send { url = fixture.url("GOOD", "/silent"),
      timeout = 0.05 })
    with { timeout = 0.05 }
    assert_core_failure("timeout",
      send { url = fixture.url("GOOD", "/silent") })
  end)

  it("[http-failure-timeout-greets] transfer: fails with timeout when the TLS "
    .. "handshake gets no response", function()
    local peer = tcp_peer.listen()
    with { connect_timeout = 0.05 }
    assert_core_failure("timeout",
      send { url = "https://127.0.0.1:" .. peer.port })
    assert_core_failure("timeout",
      send { url = "https://127.0.0.1:" .. peer.port,
      connect_timeout = 0.02 })
    peer:close()
  end)

  -- What a program does until a request has ended.
  local LOOPS = {
    { "waits in step", function() fixture.transport:step(1) end },
    { "draws frames", function() fixture.transport:step(0) end },
    { "has an event loop", function()
      fixture.transport:sockets()
      fixture.transport:step(0)
    end },
  }
  -- Why a request gets no connection at once: https requests share one that is being
  -- opened; and a limit.
  local QUEUES = {
    { "https", {} },
    { "http", { max_host_connections = 1 } },
    { "http", { max_connections = 1 } },
  }

  for _, loop in ipairs(LOOPS) do
    it("[http-failure-timeout-queued] transfer: fails with timeout while it waits for "
      .. "a connection, in a program that " .. loop[1], function()
      local peer = tcp_peer.listen()
      for _, queue in ipairs(QUEUES) do
        with(queue[2])
        local url = ("%s://127.0.0.1:%d/"):format(queue[1], peer.port)
        local first = assert(fixture.transport:submit { url = url })
        fixture.transport:step(0)
        local second = assert(fixture.transport:submit { url = url, timeout = 0.05 })
        while not second:ended() and not first:ended() do loop[2]() end
        assert_core_failure("timeout", second:result())
        assert.is_false(first:ended())
      end
      peer:close()
    end)
  end

  it("[http-failure-timeout-connects] transfer: requests that wait for one connection "
    .. "share its connect_timeout", function()
    local peer = tcp_peer.listen()
    with { connect_timeout = 0.05 }
    local transfers = {}
    for index = 1, 10 do
      transfers[index] = assert(fixture.transport:submit {
        url = "https://127.0.0.1:" .. peer.port })
    end
    while fixture.transport:step(1) > 0 do end
    for _, transfer in ipairs(transfers) do
      assert_core_failure("timeout", transfer:result())
    end
    local connections = 0
    while peer.listener:accept() do connections = connections + 1 end
    assert.is_true(connections <= 3, connections .. " connections")
    peer:close()
  end)

  it("[http-failure-timeout-sent] transfer: connect_timeout does not concern a request "
    .. "that was sent", function()
    for _, http2 in ipairs { true, false } do
      with { http2 = http2 }
      get()
      assert.matches("Operation timed out", assert_core_failure("timeout",
        send { url = fixture.url("GOOD", "/silent"), connect_timeout = 0.01,
          timeout = 0.2 }))
    end
  end)

  it("[http-failure-resolve-failed-name] transfer: fails with resolve_failed "
    .. "when DNS cannot resolve the host", function()
    assert_core_failure("resolve_failed",
      send { url = "https://" .. ("a"):rep(64)
      .. ".invalid/" })
  end)

  it("[http-failure-connect-failed] transfer: fails with connect_failed when "
    .. "the port is closed", function()
    local peer = tcp_peer.listen()
    peer:close()
    assert_core_failure("connect_failed", send { url = "https://127.0.0.1:"
      .. peer.port })
  end)

  it("[http-failure-too-large-body] transfer: fails with too_large when the "
    .. "body exceeds max_body", function()
    for _, chunked in ipairs { "0", "1" } do
      local function url(n)
        return fixture.url("GOOD", ("/bytes?n=%d&chunked=%s"):format(n,
          chunked))
      end
      assert.equal(1000, #send({ url = url(1000), max_body = 1000 }).body)
      assert_core_failure("too_large",
        send { url = url(1001), max_body = 1000 })
      assert.equal(4194304, #send({ url = url(4194304) }).body)
      assert_core_failure("too_large", send { url = url(4194305) })
    end
  end)

  it("[http-failure-too-large-headers] transfer: fails with too_large when the "
    .. "headers exceed max_headers", function()
    assert.equal(200, get("HTTP", "/long_header?n=60").status)
    assert_core_failure("too_large",
      send { url = fixture.url("HTTP", "/long_header?n=66") })
    with { max_headers = 4000 }
    assert.equal(200, get("HTTP", "/long_header?n=2").status)
    assert_core_failure("too_large", send { url = fixture.url("HTTP",
      "/long_header?n=4") })
  end)

  local function respond(bytes, ending)
    local peer = tcp_peer.listen(function(connection)
      connection:send(bytes)
      if ending then ending(connection) end
    end)
    local transfer = fixture.transport:submit { timeout = 10,
      url = "http://127.0.0.1:" .. peer.port }
    local result, message,
      code = run_transfer(fixture.transport, transfer, peer:pumping())
    peer:close()
    return result, message, code
  end

  local LINE = "X-Line: " .. ("y"):rep(990) .. "\r\n"

  -- libcurl stores all trailers, although no code here reads them.
  it("[http-failure-too-large-trailers] transfer: fails with too_large when "
    .. "the trailers exceed max_headers", function()
    local head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    assert.equal(200, respond(head .. LINE:rep(60) .. "\r\n").status)
    assert_core_failure("too_large", respond(head .. LINE:rep(70)))
  end)

  it("[http-failure-too-large-early] transfer: fails with too_large when early "
    .. "hints exceed max_headers", function()
    local hint = "HTTP/1.1 103 Early Hints\r\n" .. LINE:rep(10) .. "\r\n"
    local reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    assert.equal(200, respond(hint:rep(5) .. reply).status)
    assert_core_failure("too_large", respond(hint:rep(7) .. reply))
    local reason = "HTTP/1.1 103 " .. ("r"):rep(10000) .. "\r\n\r\n"
    assert.equal(200, respond(reason:rep(5) .. reply).status)
    assert_core_failure("too_large", respond(reason:rep(7) .. reply))
  end)

  it("[http-failure-too-large-line] transfer: fails with too_large when one "
    .. "header line exceeds max_headers", function()
    for _, kilobytes in ipairs { 70, 101, 200 } do
      assert_core_failure("too_large", respond("HTTP/1.1 200 OK\r\nX: "
        .. ("y"):rep(kilobytes * 1024) .. "\r\n\r\n"))
    end
  end)

  it("[http-failure-none-length-head] transfer: a HEAD response may announce a "
    .. "body larger than max_body", function()
    assert.equal(200, send({ method = "HEAD", max_body = 1000,
      url = fixture.url("HTTP", "/bytes?n=5000000") }).status)
  end)

  it("[http-failure-too-large-small] transfer: fails with too_large when the "
    .. "decompressed body exceeds max_body", function()
    with { compression = true, max_body = 50000 }
    assert_core_failure("too_large",
      send { url = fixture.url("GOOD", "/zipped") })
  end)

  local function close(connection) connection:close() end

  it("[http-failure-connection-lost] transfer: fails with connection_lost when "
    .. "the response is cut off", function()
    assert_core_failure("connection_lost", respond("", close))
    assert_core_failure("connection_lost", respond("", tcp_peer.reset))
    assert_core_failure("connection_lost", respond("HTTP/1.1 200 OK\r\n"
      .. "Content-Length: 10\r\n\r\nhalf", close))
    assert_core_failure("connection_lost", respond("HTTP/1.1 200 OK\r\n"
      .. "Content-Length: 10\r\n\r\nhalf", tcp_peer.reset))
    assert_core_failure("connection_lost", respond("HTTP/1.1 200 OK\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\nff\r\nhalf", close))
  end)

  it("[http-failure-no-signal-reads] transfer: fails with connection_lost, "
    .. "without SIGPIPE, when the server stops reading", function()
    for _, ending in ipairs { close, tcp_peer.reset } do
      local peer = tcp_peer.listen(ending)
      local transfer = fixture.transport:submit { method = "POST", timeout = 10,
        url = "http://127.0.0.1:" .. peer.port, body = ("x"):rep(8e6) }
      assert_core_failure("connection_lost",
        run_transfer(fixture.transport, transfer, peer:pumping()))
      peer:close()
    end
  end)

  it("[http-failure-protocol-error] transfer: fails with protocol_error when "
    .. "the response is not HTTP", function()
    assert_core_failure("protocol_error", respond("rubbish\r\n\r\n", close))
    assert_core_failure("protocol_error",
      respond("\0\1\2\3\4\5\6\7\8", close))
    assert_core_failure("protocol_error",
      respond("HTTP/2 70000 OK\r\n\r\n", close))
    for _, line in ipairs { "HTTP/1.1 2000", "HTTP/1.1 20x", "HTTP/1.1 020",
      "HTTP/1.1 20", "HTTP/1.1 -20", "HTTP/2 99", "HTTP/2 1e2",
      "HTTP/1.1", "http/1.1 200" } do
      assert_core_failure("protocol_error",
        respond(line .. "\r\n\r\n", close))
    end
    assert_core_failure("protocol_error",
      respond("HTTP/22222222222222222221.1 100 "
      .. "OK\r\n\r\n", close))
  end)

  -- libcurl itself repeats a request when its reused connection was closed, but
  -- only a few times on each handle.
  it("[http-failure-none-connections] transfer: succeeds when the server "
    .. "closes a connection between two requests", function()
    local asked = {}
    local peer = tcp_peer.listen(function(connection)
      asked[connection] = (asked[connection] or 0) + 1
      if asked[connection] > 1 then return connection:close() end
      connection:send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    end)
    for _ = 1, 20 do
      local response = assert(
        run_transfer(fixture.transport, assert(fixture.transport:submit {
        url = "http://127.0.0.1:" .. peer.port }), peer:pumping()))
      assert.equal("ok", response.body)
    end
    peer:close()
  end)

  it("[http-failure-timeout-response] transfer: fails with timeout when the "
    .. "body stops half way", function()
    with { timeout = 0.05 }
    local peer = tcp_peer.listen(function(connection)
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
    end)
    assert_core_failure("timeout",
      run_transfer(fixture.transport, fixture.transport:submit {
      url = "http://127.0.0.1:" .. peer.port }, peer:pumping()))
    peer:close()
  end)

  it("[http-failure-leaves-interim] response: has no headers of interim "
    .. "responses or trailers", function()
    local response = assert(respond("HTTP/1.1 103 Early Hints\r\n"
      .. "X-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n"
      .. "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
      .. "2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"))
    assert.equal("ok", response.body)
    assert.equal("1", response.headers["x-a"])
    assert.is_nil(response.headers["x-early"])
    assert.is_nil(response.headers["x-late"])
  end)

  -- libcurl 7.84 to 8.0 wrote the folded line of a reused handle into freed
  -- memory. Whether libcurl accepts such a response depends on its version.
  local function assert_fold_harmless(before_fold)
    local peer = tcp_peer.listen(function(connection, received)
      local _, count = received:gsub("\r\n\r\n", "")
      connection:send(count % 2 == 1
        and ("HTTP/1.1 200 OK\r\nX-Long: %s\r\n"):format(("x"):rep(500))
        or ("%s X-Fold: %s\r\n"):format(before_fold, ("y"):rep(2000)))
      connection:send "Content-Length: 2\r\n\r\nok"
    end)
    for _ = 1, 10 do
      local response, _,
        code = run_transfer(fixture.transport, fixture.transport:submit {
        url = "http://127.0.0.1:" .. peer.port }, peer:pumping())
      assert.equal(response and "ok" or nil, (response or {}).body)
      assert.is_true(response ~= nil or code == "transfer_failed"
        or code == "protocol_error")
    end
    peer:close()
  end

  it("[http-failure-not-led-astray] response: a folded first header line does "
    .. "no harm", function()
    assert_fold_harmless "HTTP/1.1 200 OK\r\n"
    assert_fold_harmless "HTTP/1.1 200 OK\r\n\t"
    assert_fold_harmless "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n"
    assert_fold_harmless "HTTP/1.1 103 Early\r\n"
  end)

  it("[http-failure-led-astray-status] response: a folded line after an "
    .. "invalid status line gives the body or an error", function()
    assert_fold_harmless "http/1.1 200 OK\r\n"
  end)

  it("[http-failure-invalid-url] submit: fails with invalid_url or "
    .. "insecure_url before sending", function()
    for _, case in ipairs {
      { "invalid_url", "ftp://localhost/" },
      { "invalid_url", "file:///etc/passwd" },
      { "invalid_url", "localhost" }, { "invalid_url", "https://" },
      { "invalid_url", "http://" }, { "invalid_url", "http:///x" },
      { "invalid_url", "https:///me:secret@localhost/" },
      { "invalid_url", "https://?" }, { "invalid_url", "http://a\\@b/" },
      { "invalid_url", "https://me:secret@localhost/" },
      { "invalid_url", "http://me@localhost/" },
      { "invalid_url", "https://[fe80::1%25eth0]/" },
      { "invalid_url", "http://[::1%lo]/" },
      { "insecure_url", "http://example.com/" },
      { "insecure_url", "http://127.0.0.1.example.com/" },
      { "insecure_url", "http://localhost.example.com/" },
      { "insecure_url", "http://10.0.0.1/" },
      { "insecure_url", "http://[::2]/" },
      { "insecure_url", "http://0.0.0.0/" },
      { "insecure_url", "HTTP://example.com/" },
    } do
      assert_core_failure(case[1], fixture.transport:submit { url = case[2] })
    end
    assert.is_nil(select(2, fixture.transport:submit {
      url = "https://me:secret@localhost/" }):find("secret", 1, true))
  end)

  it("[http-failure-plain-machine] submit: plain HTTP is allowed to loopback, "
    .. "in any spelling", function()
    for _, host in ipairs { "127.0.0.1", "localhost", "LOCALHOST",
      "127.1" } do
      assert.equal("hello", send({ url = ("http://%s:%d/hello"):format(host,
        fixture.nginx.ports.HTTP) }).body)
    end
  end)

  it("[http-failure-plain-host-named] submit: plain HTTP is allowed to a host "
    .. "in allow_http", function()
    with { allow_http = { "inside.example" }, resolve = {
      ("inside.example:%d:127.0.0.1"):format(fixture.nginx.ports.HTTP) } }
    assert.equal("hello", send({ url = ("http://Inside.Example:%d/hello")
      :format(fixture.nginx.ports.HTTP) }).body)
    assert_core_failure("insecure_url",
      fixture.transport:submit { url = "http://other.example" })
  end)

  it("[http-failure-too-large-request] submit: fails with too_large when the "
    .. "request headers exceed 1 MiB", function()
    local url = fixture.url("HTTP", "/hello")
    local most = ("x"):rep(1024 * 1024 - 100)
    assert(fixture.transport:submit { url = url,
      headers = { A = most } }):close()
    assert_core_failure("too_large", fixture.transport:submit { url = url,
      headers = { A = most, B = ("y"):rep(100) } })
  end)
end)
