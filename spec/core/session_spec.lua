local core = require "adobepass.core"
local failed = require "spec.support.failed"
local finish = require "spec.support.finish"
local folder = require "spec.support.folder"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local server = require "spec.support.server"

describe("core.session", function()
  local nginx, session

  setup(function() nginx = server.start() end)
  teardown(function() nginx.stop() end)

  local function open(change)
    local options = { ca_file = nginx.files.good.ca, timeout = 20 }
    for name, value in pairs(change or {}) do options[name] = value end
    return assert(core.session(options))
  end

  before_each(function() session = open() end)

  after_each(function()
    session:close()
    live.assert_none()
  end)

  local function with(change)
    session:close()
    session = open(change)
  end

  local function send(request) return finish(session,
    assert(session:submit(request))) end

  local function get(place, rest)
    return assert(send { url = nginx:url(place or "GOOD", rest or "/hello") })
  end

  describe("a response", function()
    it("has a status, a body and a version", function()
      local response = get()
      assert.equal(200, response.status)
      assert.equal("hello", response.body)
      assert.equal("2", response.http_version)
      local empty = get("GOOD", "/nothing")
      assert.equal(204, empty.status)
      assert.equal("", empty.body)
      assert.equal("1.1", get("HTTP").http_version)
    end)

    it("has whole numbers that are integers", function()
      local kind = rawget(math, "type") -- from 5.3 on
      if kind then assert.equal("integer", kind(get().status)) end
    end)

    it("has headers in any case, repeated ones joined and kept", function()
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

    it("has timings in the order of events", function()
      local t = get().timings
      assert.is_true(t.name <= t.connect and t.connect <= t.tls)
      assert.is_true(t.tls <= t.first_byte and t.first_byte <= t.total)
      assert.is_true(t.tls > 0 and t.total < 20)
    end)

    it("follows no redirect", function()
      local response = get("GOOD", "/moved")
      assert.equal(302, response.status)
      assert.matches("/hello$", response.headers.location)
    end)

    it("is the same as often as it is asked for", function()
      local transfer = assert(session:submit { url = nginx:url("GOOD", "/") })
      assert.equal(finish(session, transfer), (transfer:result()))
    end)

    it("outlives its transfer and its session", function()
      local transfer = assert(session:submit {
        url = nginx:url("GOOD", "/hello") })
      local response = finish(session, transfer)
      session:close()
      assert.equal(response, (transfer:result()))
      transfer:close()
      assert.equal("hello", response.body)
      assert.equal("closed", select(3, transfer:result()))
    end)
  end)

  describe("a request", function()
    it("sends the headers that were given, and no others", function()
      local response = send { url = nginx:url("HTTP", "/headers"),
        headers = { Accept = "application/json", ["X-Two"] = { "a", "b" },
          ["X-Empty"] = "" } }
      assert.equal(("Accept=application/json\nHost=127.0.0.1:%d\n"
        .. "X-Empty=\nX-Two=a|b"):format(nginx.ports.HTTP), response.body)
    end)

    it("adds the length of a body, and the session's name", function()
      with { user_agent = "adobepass spec" }
      local response = send { url = nginx:url("HTTP", "/headers"),
        method = "POST", body = "abc" }
      assert.equal(("Content-Length=3\nHost=127.0.0.1:%d\n"
        .. "User-Agent=adobepass spec"):format(nginx.ports.HTTP),
        response.body)
    end)

    it("goes by a name of its own, if it has one", function()
      with { user_agent = "adobepass spec" }
      local response = send { url = nginx:url("HTTP", "/headers"),
        headers = { ["user-agent"] = "another" } }
      assert.equal(("Host=127.0.0.1:%d\nuser-agent=another"):format(
        nginx.ports.HTTP), response.body)
    end)

    it("goes where each was sent, however many places there are", function()
      local places = {}
      for round = 1, 2 do
        for index = 1, 200 do
          local query = ("?%d"):format(index)
          local response = send { url = nginx:url("HTTP", "/echo" .. query) }
          places[index] = places[index] or response.body
          assert.equal(places[index], response.body, round)
          assert.truthy(response.body:find(query, 1, true))
        end
      end
    end)

    it("carries any method and any body", function()
      for _, case in ipairs { { "POST", "a=b" }, { "PUT", "\0\255" },
        { "DELETE", "" }, { "PATCH", ("x"):rep(3000000) }, { "GET", "odd" } }
      do
        local response = send { url = nginx:url("GOOD", "/echo?q=1"),
          method = case[1], body = case[2] }
        assert.equal(case[1] .. " /echo?q=1\n\n" .. case[2], response.body)
      end
    end)

    -- How long an answer was decides how large the next one's buffer is.
    it("has any length, long after short and short after long", function()
      for _, place in ipairs { "HTTP", "GOOD" } do
        with { http2 = false }
        for _, size in ipairs { 10, 900, 1024, 5000, 300000, 7, 16384, 3 } do
          local body = ("x"):rep(size - 1) .. "y"
          local request = { url = nginx:url(place, "/echo"), method = "POST",
            body = body }
          assert(session:submit(request)):close()
          local cancelled = assert(session:submit(request))
          session:step(0)
          cancelled:close()
          assert.equal(body, send(request).body:sub(-size))
        end
      end
    end)

    it("has a connection of its own where that is wanted", function()
      assert.is_false(get("HTTP").reused)
      local url = nginx:url("HTTP", "/hello")
      assert.is_false(send({ url = url, fresh = true }).reused)
      assert.is_true(send({ url = url }).reused)
    end)

    it("is sent once where it must not be sent twice", function()
      local count = 0
      local peer = raw.listen(function(connection)
        count = count + 1
        if count > 1 then return raw.reset(connection) end
        connection:send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      end)
      local url = "http://127.0.0.1:" .. peer.port
      local function post(fresh)
        return finish(session, session:submit { method = "POST", url = url,
          fresh = fresh, timeout = 10 }, peer:pumping())
      end
      assert.equal(200, post().status)
      assert.equal("connection_lost", select(3, post(true)))
      assert.equal(2, count)
      peer:close()
    end)

    it("forgets one request for the next on the same handle", function()
      send { url = nginx:url("HTTP", "/echo"), method = "POST", body = "abc",
        headers = { ["X-Secret"] = "1", Accept = "a/b" } }
      assert.equal(("Host=127.0.0.1:%d"):format(nginx.ports.HTTP),
        send({ url = nginx:url("HTTP", "/headers") }).body)
      assert.equal("GET /echo\n\n",
        send({ url = nginx:url("GOOD", "/echo") }).body)
      assert.equal("DELETE /echo\n\n", send({ method = "DELETE",
        url = nginx:url("GOOD", "/echo") }).body)
      local head = send { method = "HEAD", url = nginx:url("GOOD", "/hello") }
      assert.equal("", head.body)
      assert.equal("5", head.headers["content-length"])
      assert.equal("POST /echo\n\n", send({ method = "POST",
        url = nginx:url("GOOD", "/echo") }).body)
    end)

    it("carries a token that Lua never sees", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local response = send { url = nginx:url("HTTP", "/headers"),
        bearer = token }
      assert.matches("Authorization=Bearer s3cret\n", response.body)
      token:close()
      local none, message, code = session:submit {
        url = nginx:url("HTTP", "/headers"), bearer = token }
      failed("closed", none, message, code)
    end)

    it("has nothing that stands beside its table", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local url = nginx:url("HTTP", "/headers")
      local transfer = assert(session:submit({ url = url }, nil, token))
      assert.is_nil(finish(session, transfer).body:find("s3cret", 1, true))
      assert(session:submit({ url = url }, "headers", "token")):close()
      token:close()
    end)

    it("does not need its token any longer once submitted", function()
      local token = core.token { access_token = "s3cret", expires_in = 60 }
      local transfer = session:submit { url = nginx:url("HTTP", "/headers"),
        bearer = token }
      token:close()
      assert.matches("Bearer s3cret", finish(session, transfer).body)
    end)
  end)

  describe("connections", function()
    it("are kept, over TLS and in the clear", function()
      for _, place in ipairs { "HTTP", "GOOD", "OLD" } do
        assert.is_false(get(place).reused)
        for _ = 1, 5 do assert.is_true(get(place).reused) end
      end
    end)

    it("speak HTTP/1.1 where HTTP/2 is not wanted", function()
      with { http2 = false }
      assert.equal("1.1", get().http_version)
    end)

    it("carry a hundred requests at once", function()
      for _, http2 in ipairs { true, false } do
        with { http2 = http2, max_host_connections = 16 }
        local transfers = {}
        for index = 1, 100 do
          transfers[index] = assert(session:submit { method = "POST",
            url = nginx:url("GOOD", "/echo?n=" .. index),
            body = "body " .. index })
        end
        local running = 100
        while running > 0 do running = assert(session:step(1)) end
        for index, transfer in ipairs(transfers) do
          local body = assert(transfer:result()).body
          assert.matches(("^POST /echo%%?n=%d\n"):format(index), body)
          assert.matches(("\nbody %d$"):format(index), body)
        end
      end
    end)

    it("are all kept where more than usual are allowed", function()
      with { max_connections = 300 }
      local function crowd()
        local transfers, made = {}, 0
        for index = 1, 300 do
          transfers[index] = assert(session:submit {
            url = nginx:url("HTTP", "/hello") })
        end
        while assert(session:step(1)) > 0 do end
        for _, transfer in ipairs(transfers) do
          made = made + (assert(transfer:result()).reused and 0 or 1)
        end
        return made
      end
      assert.equal(300, crowd())
      assert.equal(0, crowd())
    end)

    it("are not left to the programs that the host starts", function()
      local listing = io.open("/proc/self/fd") and "ls -l /proc/self/fd"
      if not listing then return pending("no /proc here") end
      local before = select(2, folder.run(listing):gsub("socket:", ""))
      get()
      local after = select(2, folder.run(listing):gsub("socket:", ""))
      assert.equal(before, after)
    end)

    it("do not make a request wait for another on plain http", function()
      local first = session:submit { url = nginx:url("HTTP", "/silent") }
      session:step(0)
      assert.equal("hello", get("HTTP").body)
      first:close()
    end)

    it("share one with HTTP/2, however many start together", function()
      local transfers, fresh = {}, 0
      for index = 1, 50 do
        transfers[index] = session:submit { url = nginx:url("GOOD", "/hello") }
      end
      while session:step(1) > 0 do end
      for _, transfer in ipairs(transfers) do
        if not transfer:result().reused then fresh = fresh + 1 end
      end
      assert.equal(1, fresh)
    end)

    it("go where an override says", function()
      with { resolve = { ("localhost.example:%d:127.0.0.1"):format(
        nginx.ports.WRONG), ("elsewhere.example:%d:127.0.0.1"):format(
        nginx.ports.WRONG) }, ca_file = nginx.files.wrong.ca }
      assert.equal("hello", send({ url = ("https://elsewhere.example:%d/hello")
        :format(nginx.ports.WRONG) }).body)
      failed("tls_failed", send { url = ("https://localhost.example:%d/hello")
        :format(nginx.ports.WRONG) })
    end)

    it("unpack what was compressed, where that is wanted", function()
      assert.is_nil(get("GOOD", "/zipped").headers["content-encoding"])
      with { compression = true }
      local response = get("GOOD", "/zipped")
      assert.equal("gzip", response.headers["content-encoding"])
      assert.equal(("z"):rep(100000), response.body)
    end)
  end)

  describe("TLS", function()
    local function try(place, ca)
      with { ca_file = nginx.files[ca].ca }
      return send { url = nginx:url(place, "/hello") }
    end

    it("trusts whom it is told to", function()
      assert.equal("hello", try("GOOD", "good").body)
      local nobody = folder.make()
      with { ca_path = nobody, ca_file = nginx.files.good.ca }
      assert.equal("hello", get().body)
      folder.remove(nobody)
    end)

    it("refuses who is signed by nobody it trusts", function()
      assert.matches("issuer", failed("tls_failed", try("GOOD", "other")))
      session:close()
      session = assert(core.session { timeout = 20 })
      failed("tls_failed", send { url = nginx:url("GOOD", "/hello") })
    end)

    it("refuses a self-signed server", function()
      with { ca_file = nginx.files.other.ca }
      failed("tls_failed", send { url = nginx:url("MUTUAL", "/who") })
    end)

    it("refuses a certificate that ran out", function()
      assert.matches("expired", failed("tls_failed", try("EXPIRED",
        "expired")))
    end)

    it("refuses a certificate for another host", function()
      failed("tls_failed", try("WRONG", "wrong"))
    end)

    it("refuses a version that is too old", function()
      assert.equal("hello", get("OLD").body)
      with { min_tls = "1.3" }
      failed("tls_failed", send { url = nginx:url("OLD", "/hello") })
      assert.equal("hello", get("GOOD").body)
    end)

    it("refuses a server whose key is not the pinned one", function()
      local function pin(certificate)
        local hash = folder.run(("openssl x509 -in %s -noout -pubkey "
          .. "| openssl pkey -pubin -outform der | openssl dgst -sha256 "
          .. "-binary | openssl base64"):format(folder.quote(certificate)))
        return { pinned_public_key = "sha256//" .. hash }
      end
      with(pin(nginx.files.good.cert))
      assert.equal("hello", get().body)
      with(pin(nginx.files.other.cert))
      failed("tls_failed", send { url = nginx:url("GOOD", "/hello") })
    end)

    it("shows a client certificate", function()
      assert.equal(400, get("MUTUAL", "/who").status)
      with { client_cert = nginx.files.client.cert,
        client_key = nginx.files.client.key }
      assert.equal("CN=living room", get("MUTUAL", "/who").body)
    end)

    it("is not spoken by everybody", function()
      failed("tls_failed", send { url = ("https://127.0.0.1:%d/"):format(
        nginx.ports.HTTP) })
    end)
  end)

  describe("a failure", function()
    it("is timeout when nobody answers", function()
      failed("timeout", send { url = nginx:url("GOOD", "/silent"),
        timeout = 0.05 })
      with { timeout = 0.05 }
      failed("timeout", send { url = nginx:url("GOOD", "/silent") })
    end)

    it("is timeout when nobody greets back", function()
      local peer = raw.listen()
      with { connect_timeout = 0.05 }
      failed("timeout", send { url = "https://127.0.0.1:" .. peer.port })
      failed("timeout", send { url = "https://127.0.0.1:" .. peer.port,
        connect_timeout = 0.02 })
      peer:close()
    end)

    it("is resolve_failed for a name that cannot be", function()
      failed("resolve_failed", send { url = "https://" .. ("a"):rep(64)
        .. ".invalid/" })
    end)

    it("is connect_failed when nobody listens", function()
      local peer = raw.listen()
      peer:close()
      failed("connect_failed", send { url = "https://127.0.0.1:"
        .. peer.port })
    end)

    it("is too_large for a body over its ceiling", function()
      for _, chunked in ipairs { "0", "1" } do
        local function url(n)
          return nginx:url("GOOD", ("/bytes?n=%d&chunked=%s"):format(n,
            chunked))
        end
        assert.equal(1000, #send({ url = url(1000), max_body = 1000 }).body)
        failed("too_large", send { url = url(1001), max_body = 1000 })
        assert.equal(4194304, #send({ url = url(4194304) }).body)
        failed("too_large", send { url = url(4194305) })
      end
    end)

    it("is too_large for headers over their ceiling", function()
      with { max_headers = 4000 }
      assert.equal(200, get("HTTP", "/long_header?n=2").status)
      failed("too_large", send { url = nginx:url("HTTP",
        "/long_header?n=4") })
    end)

    it("is too_large for a small answer that unpacks to a big one", function()
      with { compression = true, max_body = 50000 }
      failed("too_large", send { url = nginx:url("GOOD", "/zipped") })
    end)

    local function answered(bytes, ending)
      local peer = raw.listen(function(connection)
        connection:send(bytes)
        if ending then ending(connection) end
      end)
      local transfer = session:submit { url = "http://127.0.0.1:" .. peer.port,
        timeout = 10 }
      local result, message, code = finish(session, transfer, peer:pumping())
      peer:close()
      return result, message, code
    end

    local function close(connection) connection:close() end

    it("is connection_lost when the answer breaks off", function()
      failed("connection_lost", answered("", close))
      failed("connection_lost", answered("", raw.reset))
      failed("connection_lost", answered("HTTP/1.1 200 OK\r\n"
        .. "Content-Length: 10\r\n\r\nhalf", close))
      failed("connection_lost", answered("HTTP/1.1 200 OK\r\n"
        .. "Content-Length: 10\r\n\r\nhalf", raw.reset))
      failed("connection_lost", answered("HTTP/1.1 200 OK\r\n"
        .. "Transfer-Encoding: chunked\r\n\r\nff\r\nhalf", close))
    end)

    it("is connection_lost, and no signal, when nobody reads on", function()
      for _, ending in ipairs { close, raw.reset } do
        local peer = raw.listen(ending)
        local transfer = session:submit { method = "POST", timeout = 10,
          url = "http://127.0.0.1:" .. peer.port, body = ("x"):rep(8e6) }
        failed("connection_lost", finish(session, transfer, peer:pumping()))
        peer:close()
      end
    end)

    it("is protocol_error when the answer is not HTTP", function()
      failed("protocol_error", answered("rubbish\r\n\r\n", close))
      failed("protocol_error", answered("\0\1\2\3\4\5\6\7\8", close))
      failed("protocol_error", answered("HTTP/2 70000 OK\r\n\r\n", close))
      for _, line in ipairs { "HTTP/1.1 2000", "HTTP/1.1 20x", "HTTP/1.1 020",
        "HTTP/1.1 20", "HTTP/1.1 -20", "HTTP/2 99", "HTTP/2 1e2",
        "HTTP/1.1", "http/1.1 200" } do
        failed("protocol_error", answered(line .. "\r\n\r\n", close))
      end
      failed("protocol_error", answered("HTTP/22222222222222222221.1 100 "
        .. "OK\r\n\r\n", close))
    end)

    -- libcurl repeats these requests itself, but a handle not for ever.
    it("is none where connections die between two requests", function()
      local asked = {}
      local peer = raw.listen(function(connection)
        asked[connection] = (asked[connection] or 0) + 1
        if asked[connection] > 1 then return connection:close() end
        connection:send "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
      end)
      for _ = 1, 20 do
        local response = assert(finish(session, assert(session:submit {
          url = "http://127.0.0.1:" .. peer.port }), peer:pumping()))
        assert.equal("ok", response.body)
      end
      peer:close()
    end)

    it("is timeout when the answer stops half way", function()
      with { timeout = 0.05 }
      local peer = raw.listen(function(connection)
        connection:send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
      end)
      failed("timeout", finish(session, session:submit {
        url = "http://127.0.0.1:" .. peer.port }, peer:pumping()))
      peer:close()
    end)

    it("leaves out interim answers, trailers and folded lines", function()
      local response = assert(answered("HTTP/1.1 103 Early Hints\r\n"
        .. "X-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n"
        .. "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
        .. "2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n"))
      assert.equal("ok", response.body)
      assert.equal("1", response.headers["x-a"])
      assert.is_nil(response.headers["x-early"])
      assert.is_nil(response.headers["x-late"])
    end)

    -- In a handle that was used before, libcurl 7.84 to 8.0 wrote it into
    -- freed memory; whether it takes such an answer depends on its age.
    local function leads_nobody_astray(before_fold)
      local peer = raw.listen(function(connection, heard)
        local _, count = heard:gsub("\r\n\r\n", "")
        connection:send(count % 2 == 1
          and ("HTTP/1.1 200 OK\r\nX-Long: %s\r\n"):format(("x"):rep(500))
          or ("%s X-Fold: %s\r\n"):format(before_fold, ("y"):rep(2000)))
        connection:send "Content-Length: 2\r\n\r\nok"
      end)
      for _ = 1, 10 do
        local response, _, code = finish(session, session:submit {
          url = "http://127.0.0.1:" .. peer.port }, peer:pumping())
        assert.equal(response and "ok" or nil, (response or {}).body)
        assert.is_true(response ~= nil or code == "transfer_failed"
          or code == "protocol_error")
      end
      peer:close()
    end

    it("is not led astray by a first line that is folded", function()
      leads_nobody_astray "HTTP/1.1 200 OK\r\n"
      leads_nobody_astray "HTTP/1.1 200 OK\r\n\t"
      leads_nobody_astray "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n"
      leads_nobody_astray "HTTP/1.1 103 Early\r\n"
    end)

    it("is not led astray by one after a status that is none", function()
      leads_nobody_astray "http/1.1 200 OK\r\n"
    end)

    it("is invalid_url or insecure_url before anything is sent", function()
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
        failed(case[1], session:submit { url = case[2] })
      end
      assert.is_nil(select(2, session:submit {
        url = "https://me:secret@localhost/" }):find("secret", 1, true))
    end)

    it("lets plain http through to this machine, however spelled", function()
      for _, host in ipairs { "127.0.0.1", "localhost", "LOCALHOST",
        "127.1" } do
        assert.equal("hello", send({ url = ("http://%s:%d/hello"):format(host,
          nginx.ports.HTTP) }).body)
      end
    end)

    it("lets plain http through to a host that was named", function()
      with { allow_http = { "inside.example" }, resolve = {
        ("inside.example:%d:127.0.0.1"):format(nginx.ports.HTTP) } }
      assert.equal("hello", send({ url = ("http://Inside.Example:%d/hello")
        :format(nginx.ports.HTTP) }).body)
      failed("insecure_url", session:submit { url = "http://other.example" })
    end)

    it("is too_large when the request's headers are", function()
      local url = nginx:url("HTTP", "/hello")
      local most = ("x"):rep(1024 * 1024 - 100)
      assert(session:submit { url = url, headers = { A = most } }):close()
      failed("too_large", session:submit { url = url,
        headers = { A = most, B = ("y"):rep(100) } })
    end)
  end)

  describe("an end", function()
    local function silent()
      return assert(session:submit { url = nginx:url("GOOD", "/silent") })
    end

    it("is pending until it is known", function()
      local transfer = silent()
      assert.same({ nil, "pending", "pending" },
        { transfer:result() })
      assert.is_false(transfer:ended())
      assert.equal("adobepass.transfer (running)", tostring(transfer))
      assert.equal(1, session:step(0))
      assert.is_false(transfer:ended())
    end)

    it("is seen without a result", function()
      local transfer = assert(session:submit { timeout = 0.05,
        url = nginx:url("GOOD", "/silent") })
      while not transfer:ended() do session:step(1) end
      failed("timeout", transfer:result())
      local closed = silent()
      closed:close()
      assert.is_true(closed:ended())
      local good = assert(session:submit { url = nginx:url("GOOD", "/hello") })
      while not good:ended() do session:step(1) end
      assert.equal("hello", good:result().body)
    end)

    it("is cancelled by closing", function()
      local transfer = silent()
      session:step(0)
      transfer:close()
      failed("cancelled", transfer:result())
      transfer:close()
      failed("cancelled", transfer:result())
      assert.equal(0, session:step(0))
    end)

    it("is cancelled by dropping", function()
      silent()
      collectgarbage()
      collectgarbage()
      assert.equal(0, core.live().transfers)
      assert.equal(0, session:step(0))
      assert.equal("hello", get().body)
    end)

    it("is closed when its session closes", function()
      local transfers = {}
      for index = 1, 20 do transfers[index] = silent() end
      session:step(0)
      session:close()
      for _, transfer in ipairs(transfers) do
        failed("closed", transfer:result())
        transfer:close()
        transfer:close()
        failed("closed", transfer:result())
      end
    end)

    it("comes in any order of dropping", function()
      for _ = 1, 20 do
        local dropped = open()
        local transfers = {}
        for index = 1, 5 do
          transfers[index] = dropped:submit {
            url = nginx:url("GOOD", "/silent") }
        end
        dropped:step(0)
        transfers[2] = nil
        dropped = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal("pending", select(3, transfers[1]:result()))
      end
    end)

    it("keeps a session alive that only a transfer knows", function()
      local transfer = open():submit { url = nginx:url("GOOD", "/hello") }
      collectgarbage()
      collectgarbage()
      assert.equal("pending", select(3, transfer:result()))
      assert.equal(2, core.live().sessions)
      transfer:close()
    end)

    it("leaves a closed session harmless", function()
      session:close()
      session:close()
      assert.equal("adobepass.session (closed)", tostring(session))
      failed("closed", session:submit { url = nginx:url("GOOD", "/") })
      failed("closed", session:step(0))
      assert.is_nil((session:timeout()))
    end)

    it("is awaited no longer than asked", function()
      silent()
      local before = core.clock.monotonic()
      session:step(0.03)
      local took = core.clock.monotonic() - before
      assert.is_true(took >= 0.025, took)
      assert.equal(0, open():step(3600))
    end)

    it("is announced by the sockets that it waits for", function()
      assert.same({}, (session:sockets()))
      local transfer = silent()
      while transfer and not next((session:sockets())) do session:step(0) end
      for fd, what in pairs((session:sockets())) do
        assert.is_true(fd > 2)
        assert.matches("^[rw]+$", what)
      end
      transfer:close()
      session:close()
      assert.same({}, (session:sockets()))
    end)

    it("is announced by timeout", function()
      assert.is_nil((session:timeout()))
      silent()
      assert.is_true(session:timeout() >= 0)
    end)
  end)

  it("says what it is", function()
    assert.equal("adobepass.session (open)", tostring(session))
    local transfer = session:submit { url = nginx:url("GOOD", "/hello") }
    finish(session, transfer)
    assert.equal("adobepass.transfer (done)", tostring(transfer))
    assert.equal("adobepass.session", getmetatable(session))
  end)

  it("says which file it cannot read", function()
    for _, name in ipairs { "ca_file", "ca_path", "client_cert",
      "client_key" } do
      local none, message, code = core.session { [name] = "/none/at/all" }
      assert.matches("/none/at/all", failed("not_found", none, message, code))
    end
  end)

  it("does not let localhost be another machine", function()
    for _, host in ipairs { "localhost", "+localhost", "LOCALHOST", "*", "+*",
      "127.0.0.1", "+127.0.0.1", "127.1", "0", "-localhost", " localhost" } do
      failed("insecure_url", core.session {
        resolve = { host .. ":80:192.0.2.1" } })
    end
  end)

  describe("misuse", function()
    local function raises(pattern, options)
      assert.error_matches(function() core.session(options) end, pattern)
    end

    it("raises for options that cannot be", function()
      raises("unknown option 'verify'", { verify = false })
      raises("unknown option 'insecure'", { insecure = true })
      raises("options have names", { "x" })
      raises("table expected", 5)
      for _, name in ipairs { "timeout", "connect_timeout", "max_body",
        "max_headers", "max_connections", "max_host_connections",
        "dns_cache" } do
        raises("option '" .. name .. "' should be a number from",
          { [name] = "1" })
        raises("option '" .. name .. "' should be", { [name] = -1 })
        raises("option '" .. name .. "' should be", { [name] = 0 / 0 })
      end
      raises("option 'timeout' should be", { timeout = 0 })
      for _, name in ipairs { "ca_file", "ca_path", "client_cert",
        "client_key", "client_key_password", "pinned_public_key", "proxy",
        "user_agent", "min_tls" } do
        raises("option '" .. name .. "' should be a string", { [name] = 1 })
        raises("option '" .. name .. "' should be", { [name] = "" })
        raises("option '" .. name .. "' should be", { [name] = "a\0b" })
      end
      raises("option 'min_tls' should be \"1.2\"", { min_tls = "1.1" })
      raises("option 'user_agent' should be", { user_agent = "a\r\nb" })
      raises("option 'http2' should be true or false", { http2 = 1 })
      raises("option 'allow_http' should be a list", { allow_http = "x" })
      raises("option 'resolve' should be a list", { resolve = { 1 } })
      for _, entry in ipairs { "", "host", "host:1", "host:1:", ":1:x",
        "host::x" } do
        raises("option 'resolve' should be", { resolve = { entry } })
      end
    end)

    local function refuses(pattern, request)
      assert.error_matches(function() session:submit(request) end, pattern)
    end

    it("raises for requests that cannot be", function()
      local url = nginx:url("GOOD", "/hello")
      refuses("table expected", nil)
      refuses("option 'url' should be", {})
      refuses("unknown option 'uri'", { uri = url })
      refuses("holds no NUL", { url = url, ["bearer\0x"] = "abc" })
      refuses("options have names", { url = url, "bearer" })
      for _, bad in ipairs { "\r", "\n", "\0", " ", "\t", "\127" } do
        refuses("option 'url' should be", { url = url .. bad })
        refuses("option 'method' should be",
          { url = url, method = "GET" .. bad })
        refuses("option 'headers' should be",
          { url = url, headers = { ["X" .. bad] = "1" } })
      end
      for _, bad in ipairs { "\r", "\n", "\0", "a\r\nX-Evil: 1", "\127" } do
        refuses("see 'X'", { url = url, headers = { X = bad } })
        refuses("see 'X'", { url = url, headers = { X = { "a", bad } } })
      end
      refuses("option 'method' should be a word",
        { url = url, method = "a/b" })
      refuses("option 'headers' should be", { url = url, headers = "X: 1" })
      refuses("option 'headers' should be", { url = url, headers = { "X" } })
      refuses("see 'X'", { url = url, headers = { X = 1 } })
      refuses("'Content%-Length' may not",
        { url = url, headers = { ["Content-Length"] = "1" } })
      refuses("'transfer%-encoding' may not",
        { url = url, headers = { ["transfer-encoding"] = "chunked" } })
      refuses("option 'body' should be a string", { url = url, body = {} })
      refuses("option 'body' should be left out of a HEAD",
        { url = url, method = "HEAD", body = "" })
      refuses("option 'bearer' should be a token", { url = url,
        bearer = "abc" })
      refuses("option 'bearer' should be a token", { url = url,
        bearer = io.stdout })
      refuses("option 'timeout' should be", { url = url, timeout = -1 })
      local token = core.token { access_token = "a", expires_in = 60 }
      refuses("option 'bearer' should be left out", { url = url,
        bearer = token, headers = { authorization = "x" } })
      token:close()
    end)

    -- Beside others of all kinds: they are looked at eight at a time.
    it("finds each control character of a header, wherever it is", function()
      local url = nginx:url("GOOD", "/hello")
      for byte = 0, 255 do
        local may = byte >= 32 and byte ~= 127 or byte == 9
        for place = 1, 17 do
          for _, other in ipairs { "~", "\255", "\t" } do
            local value = other:rep(place - 1) .. string.char(byte)
              .. other:rep(17 - place)
            local good, transfer = pcall(session.submit, session,
              { url = url, headers = { X = value } })
            assert.equal(may, good, ("%d at %d"):format(byte, place))
            if good then transfer:close() end
          end
        end
      end
    end)

    it("raises for steps that cannot be", function()
      for _, seconds in ipairs { -1, 0 / 0, 1 / 0, "1" } do
        assert.error_matches(function() session:step(seconds) end,
          "bad argument")
      end
      assert.error_matches(function() session.step(io.stdout, 0) end,
        "bad argument #1")
    end)
  end)
end)
