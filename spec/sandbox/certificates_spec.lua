local certificates = require "adobepass.sandbox.host.certificates"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

describe("certificates.make", function()
  local place

  before_each(function() place = folder.make() end)
  after_each(function() folder.remove(place) end)

  local function openssl(...)
    return shell.read(shell.line("openssl", ...))
  end

  local function verify(files, host)
    local _, status = openssl("verify", "-CAfile", files.ca,
      host:find("^[%d.:]+$") and "-verify_ip" or "-verify_hostname", host,
      files.cert)
    return status == 0
  end

  it("[certificates-certificate] certificates: makes a certificate that is "
    .. "valid for loopback names", function()
    local files = assert(certificates.make(place))
    for _, host in ipairs { "localhost", "127.0.0.1", "::1" } do
      assert.is_true(verify(files, host), host)
    end
    assert.is_false(verify(files, "example.com"))
  end)

  it("[certificates-ran-host] certificates: makes expired certificates and "
    .. "those for other hosts", function()
    local old = assert(certificates.make(place, { expired = true }))
    assert.is_truthy(openssl("verify", "-CAfile", old.ca, old.cert)
      :find("certificate has expired", 1, true))
    local other = assert(certificates.make(place,
      { hosts = { "wrong.example" }, name = "other" }))
    assert.is_true(verify(other, "wrong.example"))
    assert.is_false(verify(other, "127.0.0.1"))
  end)

  it("[certificates-find] certificates: finds the files of an earlier run while they "
    .. "are valid", function()
    assert.is_nil(certificates.find(place, "server"))
    certificates.make(place, { expired = true })
    assert.is_nil(certificates.find(place, "server"))
    local files = certificates.make(place)
    assert.same(files, certificates.find(place, "server"))
    local other = certificates.make(place, { name = "other" })
    local key = shell.read_file(files.key)
    assert(shell.write_file(files.key, shell.read_file(other.key)))
    assert.is_nil(certificates.find(place, "server"))
    assert(shell.write_file(files.key, key))
    assert.same(files, certificates.find(place, "server"))
    assert(shell.write_file(files.ca, shell.read_file(other.ca)))
    assert.is_nil(certificates.find(place, "server"))
  end)

  it("[certificates-leaves-no-key-ca] certificates: deletes the CA's key "
    .. "and makes the server's key private", function()
    assert(shell.write_file(place .. "/BACKUP.pem", "of another program"))
    local files = assert(certificates.make(place))
    assert.equal("BACKUP.pem\nserver-ca.pem\nserver.key\nserver.pem",
      shell.read("LC_ALL=C ls " .. shell.quote(place)))
    assert.equal("-rw-------",
      shell.read(shell.line("ls", "-l", files.key)):sub(1, 10))
  end)

  it("[certificates-ca-speak-hosts] certificates: constrains the CA to the "
    .. "given hosts", function()
    local files = assert(certificates.make(place))
    local text = openssl("x509", "-in", files.ca, "-noout", "-text")
    local named = {}
    for kind, host in assert(text:match("Name Constraints: critical\n"
      .. "%s*Permitted:\n(.-)\n    %a")):gmatch "(%a+):(%S+)" do
      named[#named + 1] = kind .. " " .. host
    end
    assert.same({ "DNS localhost", "IP 127.0.0.1/255.255.255.255",
      "IP 0:0:0:0:0:0:0:1/" .. ("FFFF:"):rep(8):sub(1, -2) }, named)
    assert.is_truthy(text:find("CA:TRUE, pathlen:0", 1, true))
  end)

  it("[certificates-says-openssl-said] certificates: returns openssl's "
    .. "message on failure", function()
    local files, message, code = certificates.make(place .. "/nowhere")
    assert.is_nil(files)
    assert.equal("file", code)
    assert.is_truthy(message:find("nowhere", 1, true))
  end)

  it("[certificates-refuses-not-know] certificates: refuses unknown "
    .. "options", function()
    assert.has_error(function() certificates.make(place, { host = "a" }) end,
      "certificates.make: unknown option 'host'")
    assert.has_error(function()
      certificates.make(place, { hosts = { "a b" } })
    end)
    assert.has_error(function()
      certificates.make(place, { name = "../a" })
    end)
  end)
end)
