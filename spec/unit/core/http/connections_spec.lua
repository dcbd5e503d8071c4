--- Connections: reuse, limits, HTTP/2, resolve entries and DNS.

local core_transport = require "spec.support.core_transport"
local assert_core_failure = require "spec.support.assert_core_failure"
local folder = require "spec.support.folder"
local mount_namespace = require "spec.support.mount_namespace"

describe("core.http.new: connections", function()
  local fixture = core_transport.new()
  local get, send, with = fixture.get, fixture.send, fixture.with

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  it("[connection-kept-tls-clear] connections: are reused, with and without "
    .. "TLS", function()
    for _, place in ipairs { "HTTP", "GOOD", "OLD" } do
      assert.is_false(get(place).reused)
      for _ = 1, 5 do assert.is_true(get(place).reused) end
    end
  end)

  it("[connection-speak-http-1] connections: use HTTP/1.1 with the option "
    .. "http2 = false", function()
    with { http2 = false }
    assert.equal("1.1", get().http_version)
  end)

  it("[connection-carry-hundred] connections: carry a hundred concurrent "
    .. "requests", function()
    for _, http2 in ipairs { true, false } do
      with { http2 = http2, max_host_connections = 16, timeout = 60,
        connect_timeout = 60 }
      local transfers = {}
      for index = 1, 100 do
        transfers[index] = assert(fixture.transport:submit { method = "POST",
          url = fixture.url("GOOD", "/echo?n=" .. index),
          body = "body " .. index })
      end
      local running = 100
      while running > 0 do running = assert(fixture.transport:step(1)) end
      for index, transfer in ipairs(transfers) do
        local body = assert(transfer:result()).body
        assert.matches(("^POST /echo%%?n=%d\n"):format(index), body)
        assert.matches(("\nbody %d$"):format(index), body)
      end
    end
  end)

  -- Sends `count` concurrent requests; returns the number of new connections.
  local function send_many(count)
    local transfers, made = {}, 0
    for index = 1, count do
      transfers[index] = assert(fixture.transport:submit {
        url = fixture.url("HTTP", "/hello") })
    end
    while assert(fixture.transport:step(1)) > 0 do end
    for _, transfer in ipairs(transfers) do
      made = made + (assert(transfer:result()).reused and 0 or 1)
    end
    return made
  end

  it("[connection-kept-usual-allowed] connections: all stay open when "
    .. "max_connections allows it", function()
    with { max_connections = 300 }
    assert.equal(300, send_many(300))
    assert.equal(0, send_many(300))
  end)

  it("[connection-not-left-programs] connections: are not inherited by child "
    .. "processes", function()
    local listing = io.open("/proc/self/fd") and "ls -l /proc/self/fd"
    if not listing then return pending("no /proc here") end
    local before = select(2, folder.run(listing):gsub("socket:", ""))
    get()
    local after = select(2, folder.run(listing):gsub("socket:", ""))
    assert.equal(before, after)
  end)

  it("[connection-not-request-wait] connections: over plain HTTP, no request "
    .. "waits for another one", function()
    local first = fixture.transport:submit {
      url = fixture.url("HTTP", "/silent") }
    fixture.transport:step(0)
    assert.equal("hello", get("HTTP").body)
    first:close()
  end)

  it("[connection-share-http-2] connections: concurrent HTTP/2 requests share "
    .. "one", function()
    local transfers, fresh = {}, 0
    for index = 1, 50 do
      transfers[index] = fixture.transport:submit {
        url = fixture.url("GOOD", "/hello") }
    end
    while fixture.transport:step(1) > 0 do end
    for _, transfer in ipairs(transfers) do
      if not transfer:result().reused then fresh = fresh + 1 end
    end
    assert.equal(1, fresh)
  end)

  it("[connection-go-override-says] connections: go to the address of a "
    .. "resolve entry", function()
    with { resolve = { ("localhost.example:%d:127.0.0.1"):format(
      fixture.nginx.ports.WRONG), ("elsewhere.example:%d:127.0.0.1"):format(
      fixture.nginx.ports.WRONG) }, ca_file = fixture.nginx.files.wrong.ca }
    assert.equal("hello", send({ url = ("https://elsewhere.example:%d/hello")
      :format(fixture.nginx.ports.WRONG) }).body)
    assert_core_failure("tls_failed",
      send { url = ("https://localhost.example:%d/hello")
      :format(fixture.nginx.ports.WRONG) })
  end)

  -- The program sets the clock and its own /etc/hosts.
  it("[connection-find-new-address] connections: use a host's new address "
    .. "after dns_cache seconds, 30 by default", function()
    local program = "build/lua5.4/later"
    if not folder.read(program) then return pending "not built" end
    local path = folder.make()
    local hosts = folder.quote(path .. "/hosts")
    local function passed(seconds)
      return mount_namespace.run(("touch %s && mount --bind %s /etc/hosts && "
        .. "%s spec/support/programs/later.lua "
        .. "http://moving.example:%d/hello %s %s"):format(
        hosts, hosts, program, fixture.nginx.ports.HTTP, hosts, seconds))
    end
    assert.equal("connect_failed\t30", passed "default")
    assert.equal("connect_failed\t5", passed "5")
    assert.equal("connect_failed\t0", passed "0")
    folder.remove(path)
  end)

  -- Closing must not wait for the thread of a DNS lookup that never ends.
  it("[connection-end-name] connections: close at once while a DNS lookup is "
    .. "running", function()
    local program = "build/lua5.4/stuck"
    if not folder.read(program) then return pending "not built" end
    assert.equal(table.concat({ "timeout\ttimeout", "transfer:close",
      "transport:close", "transport:close with a request\tclosed",
      "collected\t0" }, "\n"),
      folder.run("timeout -s KILL 60 " .. program
        .. " spec/support/programs/stuck.lua"))
  end)

  it("[connection-without-http2] connections: use HTTP/1.1 if libcurl was built "
    .. "without HTTP/2", function()
    local library = "build/lua5.4/few_features.so"
    if not folder.read(library) then return pending "not built" end
    assert.equal("1.1", folder.run(("LUA_CPATH='build/lua5.4/?.so' "
      .. "LD_PRELOAD=%s timeout 60 lua5.4 spec/support/programs/http_version.lua "
      .. "%s %s"):format(library, fixture.url("GOOD", "/hello"),
        folder.quote(fixture.nginx.files.good.ca))))
  end)

  it("[connection-no-allowed-host] connections: max_connections and "
    .. "max_host_connections limit their number", function()
    for _, limit in ipairs { "max_connections", "max_host_connections" } do
      with { [limit] = 3, http2 = false }
      assert.equal(3, send_many(20), limit)
    end
  end)

  it("[connection-unpack-compressed] connections: decompress responses with "
    .. "the option compression", function()
    assert.is_nil(get("GOOD", "/zipped").headers["content-encoding"])
    with { compression = true }
    local response = get("GOOD", "/zipped")
    assert.equal("gzip", response.headers["content-encoding"])
    assert.equal(("z"):rep(100000), response.body)
  end)
end)
