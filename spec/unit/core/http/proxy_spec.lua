local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local run_transfer = require "spec.support.run_transfer"
local folder = require "spec.support.folder"
local open_handles = require "spec.support.open_handles"
local proxy = require "spec.support.proxy"
local tcp_peer = require "spec.support.tcp_peer"
local https_server = require "spec.support.https_server"

local SECRET = "bearer-that-no-proxy-may-see"

describe("core.http.new through a proxy", function()
  local nginx, tinyproxy, token

  setup(function()
    nginx = https_server.start()
    tinyproxy = proxy.start(nginx.ports.GOOD)
  end)

  teardown(function()
    tinyproxy.stop()
    nginx.stop()
  end)

  before_each(function()
    token = core.token { access_token = SECRET, expires_in = 60 }
  end)

  after_each(function()
    token:close()
    open_handles.assert_none()
  end)

  local function try(url, options, peer)
    options.ca_file = nginx.files.good.ca
    options.timeout = 20
    local transport = assert(core.http.new(options))
    local transfer, message, code = transport:submit { url = url,
      bearer = token, headers = { ["X-Ours"] = "1" } }
    local result
    if transfer then
      result, message, code =
        run_transfer(transport, transfer, peer and peer:pumping())
    end
    transport:close()
    return result, message, code
  end

  it("[proxy-reaches-server-tunnel] proxy: an https request goes through a "
    .. "tunnel", function()
    local response = assert(try(nginx:url("GOOD", "/headers"),
      { proxy = tinyproxy.url }))
    assert.equal(200, response.status)
    assert.truthy(response.body:find(SECRET, 1, true))
    assert.is_nil(response.headers.via)
  end)

  it("[proxy-says-refuses] proxy: a refused CONNECT gives proxy_failed with "
    .. "the status", function()
    local _, message, code = try(nginx:url("OLD", "/hello"),
      { proxy = tinyproxy.url })
    assert.equal("proxy_failed", code)
    assert.matches("403", message)
  end)

  it("[proxy-says] proxy: an unreachable proxy gives connect_failed", function()
    local peer = tcp_peer.listen()
    peer:close()
    assert.equal("connect_failed", select(3, try(nginx:url("GOOD", "/"),
      { proxy = "http://127.0.0.1:" .. peer.port })))
  end)

  it("[proxy-unresolved] proxy: a name that DNS cannot resolve gives proxy_failed, "
    .. "and the message does not say that the proxy refused", function()
    -- A label has at most 63 letters, so this name is not looked up.
    local _, message, code = try(nginx:url("GOOD", "/"),
      { proxy = "http://" .. ("a"):rep(64) .. ".invalid:3128" })
    assert.equal("proxy_failed", code)
    assert.matches("^The request to the proxy failed: .*resolve", message)
  end)

  it("[proxy-shows-connect] proxy: receives a CONNECT without the request's "
    .. "headers or path", function()
    local peer = tcp_peer.listen(function(connection)
      connection:send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    end)
    local _, _, code = try("https://hidden.example/path?code=ABC",
      { proxy = "http://127.0.0.1:" .. peer.port, user_agent = "Ours/1" },
      peer)
    peer:close()
    assert.equal("proxy_failed", code)
    assert.matches("^CONNECT hidden%.example:443 HTTP/1", peer.received)
    for _, ours in ipairs { SECRET, "Authorization", "X-Ours", "ABC",
        "Ours/1" } do
      assert.is_nil(peer.received:find(ours, 1, true), ours)
    end
  end)

  local function assert_refused_in_clear(request)
    local peer = tcp_peer.listen()
    local transport = assert(core.http.new { allow_http = { "plain.example" },
      proxy = "http://127.0.0.1:" .. peer.port })
    request.url = "http://plain.example/"
    local transfer, message, code = transport:submit(request)
    if transfer then run_transfer(transport, transfer, peer:pumping()) end
    transport:close()
    peer:close()
    assert.equal("", peer.received)
    assert.equal("insecure_url", code)
    assert.is_nil(message:find(SECRET, 1, true))
  end

  it("[proxy-sends-no-bearer-open] proxy: a bearer over plain HTTP gives "
    .. "insecure_url and sends nothing", function()
    assert_refused_in_clear { bearer = token }
  end)

  -- The bodies of registrations and of token requests have credentials.
  it("[proxy-sends-no-body-open] proxy: a request over plain HTTP gives "
    .. "insecure_url and sends nothing, also without a bearer", function()
    assert_refused_in_clear { method = "POST", body = "client_secret=" .. SECRET }
    assert_refused_in_clear {}
  end)

  it("[proxy-keeps-machine] proxy: is not used for plain HTTP to loopback", function()
    local peer = tcp_peer.listen()
    local response = assert(try(nginx:url("HTTP", "/headers"),
      { proxy = "http://127.0.0.1:" .. peer.port }, nil))
    peer:close()
    assert.truthy(response.body:find(SECRET, 1, true))
    assert.equal("", peer.received)
  end)

  -- libcurl 7.84 to 8.0 appended the line to a freed header of the previous
  -- response: curl/curl#11103.
  it("[proxy-not-led-astray-folded] proxy: a folded line in the trailers of "
    .. "its refusal leaves later responses intact", function()
    local peer = tcp_peer.listen(function(connection)
      connection:send("HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n"
        .. "0\r\n : folded trailer\r\n\r\n")
    end)
    local transport = assert(core.http.new {
      proxy = "http://127.0.0.1:" .. peer.port })
    local function ask(url, connect_timeout)
      return run_transfer(transport, assert(transport:submit { url = url,
        connect_timeout = connect_timeout }), peer:pumping())
    end
    for _ = 1, 2 do
      -- Twice: the handle of a transfer that opened a connection is not reused.
      assert(ask(nginx:url("HTTP", "/many")))
      assert(ask(nginx:url("HTTP", "/many")))
      assert.equal("proxy_failed", select(3, ask("https://hidden.example/", 0.3)))
    end
    transport:close()
    peer:close()
  end)

  -- libcurl drops a proxy whose user or password it cannot decode, and connects
  -- to the server directly.
  it("[proxy-refuses-undecodable-user] proxy: a user or password that cannot be "
    .. "decoded raises", function()
    for _, user in ipairs { "me%0A", "me%00", "me:s3k%0aret", "me:%1F", "%7f",
        "me:s3k%", "me:s3k%4", "me:%zz", "me:%0", "me%@x:%00" } do
      for _, scheme in ipairs { "", "http://", "socks5h://" } do
        local good, message = pcall(core.http.new,
          { proxy = scheme .. user .. "@127.0.0.1:1" })
        assert.is_false(good, user)
        assert.matches("option 'proxy' should be a URL like", message)
        assert.is_nil(message:find("s3k", 1, true))
      end
    end
    for _, user in ipairs { "me%20:%c3%A9", "me:s3k%2Fret", "%25:%7e" } do
      assert.equal("connect_failed", select(3, try("https://hidden.example/",
        { proxy = "http://" .. user .. "@127.0.0.1:1" })))
    end
  end)

  -- libcurl would report the proxy's whole URL, with the password.
  it("[proxy-without-tls] proxy: an https proxy raises if libcurl was built without "
    .. "https proxies", function()
    local library = "build/lua5.4/few_features.so"
    if not folder.read(library) then return pending "not built" end
    local output = folder.run(("LUA_CPATH='build/lua5.4/?.so' LD_PRELOAD=%s "
      .. "timeout 60 lua5.4 -e %s"):format(library, folder.quote [[
      local core = require "adobepass.core"
      for _, scheme in ipairs { "http", "HTTPS" } do
        local options = { proxy = scheme .. "://me:s3k@proxy.example" }
        print((select(2, pcall(core.http.new, options))))
      end
    ]]))
    assert.matches("^adobepass.transport .*option 'proxy' should be an http or socks "
      .. "URL: this libcurl does not support https proxies", output)
    assert.is_nil(output:find("s3k", 1, true))
  end)

  it("[proxy-not-look-environment] proxy: environment variables such as "
    .. "https_proxy are ignored", function()
    assert.equal("hello", folder.run("https_proxy=http://127.0.0.1:1 "
      .. "all_proxy=http://127.0.0.1:1 " .. child_process.command(([[
      local core = require "adobepass.core"
      local run_transfer = require "spec.support.run_transfer"
      local transport = core.http.new { ca_file = %q }
      print(assert(run_transfer(transport, transport:submit { url = %q })).body)
    ]]):format(nginx.files.good.ca, nginx:url("GOOD", "/hello")))))
  end)

  it("[proxy-not-passed-environment] proxy: the environment variable no_proxy "
    .. "is ignored", function()
    for _, exception in ipairs { "no_proxy=*", "NO_PROXY=hidden.example" } do
      assert.equal("connect_failed", folder.run(("env '%s' %s"):format(
        exception, child_process.command(([[
        local core = require "adobepass.core"
        local run_transfer = require "spec.support.run_transfer"
        local transport = core.http.new { proxy = "http://127.0.0.1:1",
          resolve = { "hidden.example:%d:127.0.0.1" } }
        local transfer = transport:submit { url = "https://hidden.example:%d/" }
        print((select(3, run_transfer(transport, transfer))))
      ]]):format(nginx.ports.GOOD, nginx.ports.GOOD)))))
    end
  end)
end)
