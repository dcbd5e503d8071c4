--- The sandbox on a second address, without TLS. 127.0.0.2 stands for the address of
-- this machine in a LAN; its certificates and the other ports are on 127.0.0.1 only.

local child_process = require "spec.support.child_process"
local host = require "adobepass.sandbox.host"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

if child_process.is_like_lua54() then return end

local LAN = "127.0.0.2"

local function port_of(origin) return origin:match "%d+$" end

describe("sandbox host, option bind", function()
  local running, transport, screen

  setup(function()
    running, transport, screen = tv_client.with_sandbox { throttle = false, bind = LAN }
  end)

  teardown(function()
    transport:close()
    running:stop()
  end)

  -- Returns the standard output and the exit status of curl.
  local function curl(...)
    return shell.read(shell.line("curl", "-s", "--max-time", "10", "--cacert",
      running.ca, ...))
  end

  local function status_of(url)
    return (curl("-o", "/dev/null", "-w", "%{http_code}", url))
  end

  it("[bind-serves-pages] sandbox: bind serves the API and the pages over plain "
    .. "HTTP, beside HTTPS on loopback", function()
    assert.equal("http://" .. LAN .. ":" .. port_of(running.plain_api),
      running.plain_api)
    for _, origin in ipairs { running.plain_api, running.api } do
      assert.equal("200", status_of(origin .. "/activate"))
      assert.equal("401", status_of(origin .. "/api/v2/REF30/profiles"))
    end
  end)

  it("[bind-foreign-client] sandbox: a device and a browser use the address of "
    .. "bind alone, from registration to logout", function()
    local text, status = shell.read(("ADOBEPASS_API=%s ADOBEPASS_CA=%s "
      .. "ADOBEPASS_STATEMENT=%s POLL_SECONDS=0 sh spec/foreign/curl.sh"):format(
        running.plain_api, running.ca, running.statement))
    assert.equal(0, status, text)
    assert.matches("logout: logout, interactive.*200 profiles\ndone", text)
  end)

  it("[bind-phone-login] sandbox: a phone at the address of bind logs in a TV that "
    .. "uses HTTPS on loopback, and is never sent to loopback", function()
    screen.device = "bind-tv"
    local code = screen:code { mvpd = "Cablevision", domainName = "adobe.com",
      redirectUrl = running.api .. "/activate/success" }
    local jar = running.folder .. "/cookies"
    local function open(...)
      return (curl("-L", "-w", "\n%{url_effective}", "-b", jar, "-c", jar, ...))
    end
    local page = open(("%s/api/v2/authenticate/REF30/%s"):format(
      running.plain_api, code))
    local form = running.plain_api .. "/mvpd/Cablevision/login?code=" .. code
    assert.equal(form, page:match "[^\n]*$")
    local token = page:match 'name="token" value="(.-)"'
    page = open("--data-urlencode", "token=" .. token, "-d",
      "username=ann&password=secret&do=sign-in", form)
    assert.equal(running.plain_api .. "/activate/success", page:match "[^\n]*$")
    assert.equal("Cablevision", screen:signed_in(code))
  end)

  it("[bind-cookie] sandbox: the form's cookie is Secure over HTTPS, and plain at "
    .. "the address of bind", function()
    local function cookie(origin)
      local head = curl("-D", "-", "-o", "/dev/null", origin .. "/activate")
      return head:lower():match "set%-cookie: ([^\r\n]*)"
    end
    assert.matches("^__host%-adobepass%-sandbox=[^;]*; path=/; secure; httponly; "
      .. "samesite=lax$", cookie(running.api))
    assert.matches("^adobepass%-sandbox=[^;]*; path=/; httponly; samesite=lax$",
      cookie(running.plain_api))
  end)

  it("[bind-control-loopback] sandbox: bind serves neither the control API nor "
    .. "management", function()
    assert.equal("200", status_of(running.control .. "/sandbox/journal"))
    for _, path in ipairs { "/sandbox", "/sandbox/", "/sandbox/journal",
      "/%73andbox/journal", "/reset-tempass/v3/reset" } do
      assert.equal("404", status_of(running.plain_api .. path), path)
    end
    for _, origin in ipairs { running.api, running.mgmt, running.control } do
      local _, status = curl("-k", ("https://%s:%s/"):format(LAN, port_of(origin)))
      assert.equal(7, status, origin) -- connection refused
    end
    local _, status = curl("http://127.0.0.1:" .. port_of(running.plain_api) .. "/")
    assert.equal(7, status)
  end)

  it("[bind-off] sandbox: no address but loopback is bound without the "
    .. "option", function()
    local other = assert(host.start { throttle = false })
    finally(function() other:stop() end)
    assert.is_nil(other.plain_api)
    local config = assert(shell.read_file(other.folder .. "/nginx.conf"))
    local count = 0
    for address in config:gmatch "listen ([%d.]+):" do
      assert.equal("127.0.0.1", address)
      count = count + 1
    end
    assert.equal(3, count)
  end)

  it("[bind-invalid] sandbox: refuses an address that names no single "
    .. "interface", function()
    for _, address in ipairs { "0.0.0.0", "*", "localhost", "1.2.3", "1.2.3.256",
      "1.2.3.4:80", "1.2.3.4; }", "" } do
      local ok, message = pcall(host.start, { bind = address })
      assert.is_false(ok, address)
      assert.truthy(message:find("invalid bind address: expected an IPv4 address of "
        .. "this machine, such as 192.168.1.20, got '" .. address .. "'", 1, true),
        message)
    end
  end)

  it("[bind-not-here] sandbox: an address of another machine is an "
    .. "error", function()
    local other, message, code = host.start { bind = "192.0.2.1" }
    assert.is_nil(other)
    assert.equal("nginx_failed", code)
    assert.matches("192%.0%.2%.1.*assign", message)
  end)
end)
