--- Usage errors of a transport raise.

local core = require "adobepass.core"
local core_transport = require "spec.support.core_transport"

describe("core.http.new: usage errors", function()
  local fixture = core_transport.new()

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  local function assert_raises(pattern, options)
    assert.error_matches(function() core.http.new(options) end, pattern)
  end

  it("[http-usage-raises-options] core.http.new: invalid options "
    .. "raise", function()
    assert_raises("unknown option 'verify'", { verify = false })
    assert_raises("unknown option 'insecure'", { insecure = true })
    assert_raises("option names should be strings", { "x" })
    assert_raises("option names should hold no NUL", { ["timeout\0x"] = 1 })
    assert_raises("table expected", 5)
    for _, name in ipairs { "timeout", "connect_timeout", "max_body",
      "max_headers", "max_connections", "max_host_connections",
      "dns_cache" } do
      assert_raises("option '" .. name .. "' should be a number from",
        { [name] = "1" })
      assert_raises("option '" .. name .. "' should be", { [name] = -1 })
      assert_raises("option '" .. name .. "' should be", { [name] = 0 / 0 })
    end
    assert_raises("option 'timeout' should be", { timeout = 0 })
    for _, name in ipairs { "ca_file", "ca_path", "client_cert",
      "client_key", "client_key_password", "pinned_public_key", "proxy",
      "user_agent", "min_tls" } do
      assert_raises("option '" .. name .. "' should be a string", { [name] = 1 })
      assert_raises("option '" .. name .. "' should be", { [name] = "" })
      assert_raises("option '" .. name .. "' should be", { [name] = "a\0b" })
    end
    assert_raises("option 'min_tls' should be \"1.2\"", { min_tls = "1.1" })
    assert_raises("option 'user_agent' should be", { user_agent = "a\r\nb" })
    assert_raises("option 'http2' should be true or false", { http2 = 1 })
    assert_raises("option 'allow_http' should be a list", { allow_http = "x" })
    assert_raises("option 'resolve' should be a list", { resolve = { 1 } })
    assert_raises("option 'max_headers' should be", { max_headers = 262145 })
    assert_raises("option 'max_connections' should be a whole",
      { max_connections = 0.5 })
    assert_raises("option 'max_host_connections' should be a whole",
      { max_host_connections = 1.5 })
    for _, entry in ipairs { "", "host", "host:1", "host:1:", ":1:127.0.0.1",
      "host::127.0.0.1", "host:0:127.0.0.1", "host:65536:127.0.0.1",
      "host:443x:127.0.0.1", "host:1:x", "host:1:127.0.0.1,", "host:1:1.2.3",
      "host:1:[127.0.0.1]", "host:1:[::1", "host:1:" .. ("1"):rep(60) } do
      assert_raises("option 'resolve' should be", { resolve = { entry } })
    end
  end)

  it("[http-usage-takes-every-override] core.http.new: accepts every valid "
    .. "resolve entry", function()
    for _, entry in ipairs { "host:1:127.0.0.1", "host:65535:::1",
      "host:443:[::1]", "host:443:127.0.0.1,[::1],::1" } do
      assert(core.http.new { resolve = { entry } }):close()
    end
  end)

  -- An unescaped password would be parsed as a host and shown in the error.
  it("[http-usage-raises-proxy] core.http.new: an invalid proxy raises without "
    .. "showing its password", function()
    for _, proxy in ipairs { "http://me:s3k/ret@127.0.0.1:3128",
      "http://me:80/s3kret@127.0.0.1:3128", "http://me:s3kret@host:99999",
      "http://me:s3kret@host:x", "gopher://me:s3kret@host",
      "http://me:s3kret@host:1/?#", "http://me:s3kret@host\r\nX: 1",
      "http://me:s3kret@host:1?x", "me s3kret", "http://",
      "http:///me:s3kret@host" } do
      local good, message = pcall(core.http.new, { proxy = proxy })
      assert.is_false(good, proxy)
      assert.matches("option 'proxy' should be a URL like", message)
      assert.is_nil(message:find("s3k", 1, true))
    end
    for _, proxy in ipairs { "127.0.0.1:3128", "proxy", "http://h:1/",
      "https://me:s3k%2Fret@h:1", "socks5h://h:1080", "ftp.example:3128" } do
      assert(core.http.new { proxy = proxy }):close()
    end
  end)

  it("[http-usage-reads-response] response: its index function returns nil for "
    .. "other objects", function()
    local response = fixture.get("HTTP", "/hello")
    local index = debug.getmetatable(response).__index
    for _, other in ipairs { io.stdout, fixture.transport, 1, "x", false } do
      assert.is_nil(index({ other }, "headers"))
    end
    assert.equal("1.1", response.http_version)
  end)

  local function assert_submit_raises(pattern, request)
    assert.error_matches(function() fixture.transport:submit(request) end,
      pattern)
  end

  it("[http-usage-raises-requests] submit: invalid requests raise", function()
    local url = fixture.url("GOOD", "/hello")
    assert_submit_raises("table expected", nil)
    assert_submit_raises("option 'url' should be", {})
    assert_submit_raises("unknown option 'uri'", { uri = url })
    assert_submit_raises("should hold no NUL", { url = url, ["bearer\0x"] = "abc" })
    assert_submit_raises("option names should be strings", { url = url, "bearer" })
    for _, bad in ipairs { "\r", "\n", "\0", " ", "\t", "\127" } do
      assert_submit_raises("option 'url' should be", { url = url .. bad })
      assert_submit_raises("option 'method' should be",
        { url = url, method = "GET" .. bad })
      assert_submit_raises("option 'headers' should be",
        { url = url, headers = { ["X" .. bad] = "1" } })
    end
    for _, bad in ipairs { "\r", "\n", "\0", "a\r\nX-Evil: 1", "\127" } do
      assert_submit_raises("see 'X'", { url = url, headers = { X = bad } })
      assert_submit_raises("see 'X'", { url = url, headers = { X = { "a", bad } } })
    end
    assert_submit_raises("option 'method' should be an HTTP method",
      { url = url, method = "a/b" })
    assert_submit_raises("option 'headers' should be", { url = url, headers = "X: 1" })
    assert_submit_raises("option 'headers' should be", { url = url, headers = { "X" } })
    assert_submit_raises("see 'X'", { url = url, headers = { X = 1 } })
    assert_submit_raises("'Content%-Length' may not be set",
      { url = url, headers = { ["Content-Length"] = "1" } })
    assert_submit_raises("'transfer%-encoding' may not be set",
      { url = url, headers = { ["transfer-encoding"] = "chunked" } })
    assert_submit_raises("option 'body' should be a string", { url = url, body = {} })
    assert_submit_raises("option 'body' should be left out of a HEAD",
      { url = url, method = "HEAD", body = "" })
    assert_submit_raises("option 'bearer' should be a token", { url = url,
      bearer = "abc" })
    assert_submit_raises("option 'bearer' should be a token", { url = url,
      bearer = io.stdout })
    assert_submit_raises("option 'timeout' should be", { url = url, timeout = -1 })
    local token = core.token { access_token = "a", expires_in = 60 }
    assert_submit_raises("option 'bearer' should be left out", { url = url,
      bearer = token, headers = { authorization = "x" } })
    token:close()
  end)

  -- At each of 17 places, because the check reads eight bytes at a time.
  it("[http-usage-finds-control] submit: finds a control character at any "
    .. "place in a header", function()
    local url = fixture.url("GOOD", "/hello")
    for byte = 0, 255 do
      local may = byte >= 32 and byte ~= 127 or byte == 9
      for place = 1, 17 do
        for _, other in ipairs { "~", "\255", "\t" } do
          local value = other:rep(place - 1) .. string.char(byte)
            .. other:rep(17 - place)
          local good, transfer = pcall(fixture.transport.submit,
            fixture.transport,
            { url = url, headers = { X = value } })
          assert.equal(may, good, ("%d at %d"):format(byte, place))
          if good then transfer:close() end
        end
      end
    end
  end)

  it("[http-usage-raises-steps] step: an invalid time raises", function()
    for _, seconds in ipairs { -1, 0 / 0, 1 / 0, "1" } do
      assert.error_matches(function() fixture.transport:step(seconds) end,
        "bad argument")
    end
    assert.error_matches(function() fixture.transport.step(io.stdout, 0) end,
      "bad argument #1")
  end)
end)
