--- TLS: which certificates are accepted and which are refused.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local core_transport = require "spec.support.core_transport"
local assert_core_failure = require "spec.support.assert_core_failure"
local folder = require "spec.support.folder"
local mount_namespace = require "spec.support.mount_namespace"

describe("core.http.new: TLS", function()
  local fixture = core_transport.new()
  local get, send, with = fixture.get, fixture.send, fixture.with

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  local function try(place, ca)
    with { ca_file = fixture.nginx.files[ca].ca }
    return send { url = fixture.url(place, "/hello") }
  end

  it("[tls-trusts-told] TLS: accepts a server signed by the CA in "
    .. "ca_file", function()
    assert.equal("hello", try("GOOD", "good").body)
    local empty = folder.make()
    with { ca_path = empty, ca_file = fixture.nginx.files.good.ca }
    assert.equal("hello", get().body)
    folder.remove(empty)
  end)

  it("[tls-refuses-signed-trusts] TLS: refuses a server signed by an unknown "
    .. "CA", function()
    assert.matches("issuer",
      assert_core_failure("tls_failed", try("GOOD", "other")))
    fixture.transport:close()
    fixture.transport = assert(core.http.new { timeout = 20 })
    assert_core_failure("tls_failed",
      send { url = fixture.url("GOOD", "/hello") })
  end)

  -- /etc/ssl/certs is replaced by a list with the server's CA, as a file and
  -- as a hashed folder.
  it("[tls-trusts-system-list] TLS: trusts the system's CAs by default, and "
    .. "only the given CAs with ca_file or ca_path", function()
    local system, empty = folder.make(), folder.make()
    local good, other = fixture.nginx.files.good.ca,
      fixture.nginx.files.client.cert
    folder.run(("cp %s %s/ca-certificates.crt && cp %s %s/ca.pem && "
      .. "openssl rehash %s"):format(good, system, good, system, system))
    local script = ([[
      local core = require "adobepass.core"
      local run_transfer = require "spec.support.run_transfer"
      local function ask(options)
        local transport = core.http.new(options)
        local response, _, code = run_transfer(transport, transport:submit { url = %q })
        transport:close()
        return response and response.body or code
      end
      print(ask {}, ask { ca_path = %q }, ask { ca_file = %q },
        ask { ca_path = %q }, ask { ca_path = %q, ca_file = %q })
    ]]):format(fixture.url("GOOD", "/hello"), system, other, empty, empty, other)
    assert.equal("hello\thello\ttls_failed\ttls_failed\ttls_failed",
      mount_namespace.run(("mount --bind %s /etc/ssl/certs && %s"):format(
        system,
        child_process.command(script))))
    folder.remove(system)
    folder.remove(empty)
  end)

  it("[tls-refuses-self-signed-server] TLS: refuses a self-signed "
    .. "server", function()
    with { ca_file = fixture.nginx.files.other.ca }
    assert_core_failure("tls_failed",
      send { url = fixture.url("MUTUAL", "/who") })
  end)

  it("[tls-refuses-certificate-ran] TLS: refuses an expired "
    .. "certificate", function()
    assert.matches("expired", assert_core_failure("tls_failed", try("EXPIRED",
      "expired")))
  end)

  it("[tls-refuses-certificate-host] TLS: refuses a certificate for another "
    .. "host", function()
    assert_core_failure("tls_failed", try("WRONG", "wrong"))
  end)

  it("[tls-refuses-version-old] TLS: refuses a version below "
    .. "min_tls", function()
    assert.equal("hello", get("OLD").body)
    with { min_tls = "1.3" }
    assert_core_failure("tls_failed",
      send { url = fixture.url("OLD", "/hello") })
    assert.equal("hello", get("GOOD").body)
  end)

  it("[tls-refuses-server-key] TLS: refuses a server whose key is not the "
    .. "pinned one", function()
    local function pin(certificate)
      local hash = folder.run(("openssl x509 -in %s -noout -pubkey "
        .. "| openssl pkey -pubin -outform der | openssl dgst -sha256 "
        .. "-binary | openssl base64"):format(folder.quote(certificate)))
      return { pinned_public_key = "sha256//" .. hash }
    end
    with(pin(fixture.nginx.files.good.cert))
    assert.equal("hello", get().body)
    with(pin(fixture.nginx.files.other.cert))
    assert_core_failure("tls_failed",
      send { url = fixture.url("GOOD", "/hello") })
  end)

  it("[tls-shows-client-certificate] TLS: sends the client "
    .. "certificate", function()
    assert.equal(400, get("MUTUAL", "/who").status)
    with { client_cert = fixture.nginx.files.client.cert,
      client_key = fixture.nginx.files.client.key }
    assert.equal("CN=living room", get("MUTUAL", "/who").body)
  end)

  it("[tls-opens-client-key] TLS: decrypts the client key with "
    .. "client_key_password", function()
    local path = folder.make()
    local key = path .. "/locked.key"
    folder.run(("openssl ec -aes128 -passout pass:sesame -in %s -out %s"
      ):format(fixture.nginx.files.client.key, key))
    local function who(password)
      with { client_cert = fixture.nginx.files.client.cert, client_key = key,
        client_key_password = password }
      return send { url = fixture.url("MUTUAL", "/who") }
    end
    assert.equal("CN=living room", who("sesame").body)
    assert_core_failure("tls_failed", who "another")
    folder.remove(path)
  end)

  it("[tls-server-new-connection] TLS: resumes sessions on new connections of "
    .. "the same transport only", function()
    for _, place in ipairs { "GOOD", "OLD" } do
      local function is_known()
        return send { url = fixture.url(place, "/resumed"), fresh = true }.body
      end
      assert.equal(".", is_known())
      for _ = 1, 3 do assert.equal("r", is_known()) end
      with {}
      assert.equal(".", is_known())
    end
  end)

  it("[tls-not-spoken-everybody] TLS: a server without TLS gives "
    .. "tls_failed", function()
    assert_core_failure("tls_failed",
      send { url = ("https://127.0.0.1:%d/"):format(
      fixture.nginx.ports.HTTP) })
  end)
end)
