local core = require "adobepass.core"
local folder = require "spec.support.folder"

describe("core", function()
  it("[core-libraries-below-offer] core: features describes libcurl and "
    .. "OpenSSL", function()
    local features = core.features()
    assert.matches("^%d+%.%d+%.%d+", features.libcurl)
    assert.matches("^%d+%.%d+%.%d+", features.openssl)
    assert.equal("boolean", type(features.http2))
    assert.is_true(features.async_dns) -- or a step would block on DNS
  end)

  it("[core-version-rockspec] core: version has three numbers", function()
    assert.matches("^%d+%.%d+%.%d+$", core.version)
  end)

  it("[core-counts-open-kind] core: handle_count counts open handles by "
    .. "kind", function()
    local before = core.handle_count()
    local transport = core.http.new()
    local transfer = transport:submit { url = "http://127.0.0.1:1/" }
    local token = core.token { access_token = "a", expires_in = 1 }
    local now = core.handle_count()
    assert.equal(before.transports + 1, now.transports)
    assert.equal(before.transfers + 1, now.transfers)
    assert.equal(before.tokens + 1, now.tokens)
    transfer:close()
    token:close()
    transport:close()
    assert.same(before, core.handle_count())
  end)

  it("[core-close-nothing] core: close of a transport, a transfer and a token "
    .. "returns nothing, also the second time", function()
    local transport = core.http.new()
    local transfer = transport:submit { url = "http://127.0.0.1:1/" }
    local token = core.token { access_token = "a", expires_in = 1 }
    for _, handle in ipairs { transfer, token, transport, transport } do
      assert.equal(0, select("#", handle:close()))
    end
  end)

  it("[core-uname] core: uname returns the names of the system without the "
    .. "host name", function()
    local names = core.system.uname()
    assert.equal(folder.run "uname -s", names.sysname)
    assert.equal(folder.run "uname -r", names.release)
    assert.equal(folder.run "uname -v", names.version)
    assert.equal(folder.run "uname -m", names.machine)
    assert.is_nil(names.nodename)
  end)

  it("[core-shows-world-symbol] core: the shared object exports only "
    .. "luaopen_adobepass_core", function()
    local build = os.getenv("ADOBEPASS_BUILD")
    if not build then return pending("ADOBEPASS_BUILD is not set") end
    if build:find("%-asan$") or build:find("%-cov$") then
      return pending("sanitizers and gcov add symbols of their own")
    end
    local names = folder.run("nm -D --defined-only "
      .. folder.quote(build .. "/adobepass/core.so"))
    local seen = {}
    for name in names:gmatch("%x+ %u ([%w_]+)") do
      seen[#seen + 1] = name
    end
    assert.same({ "luaopen_adobepass_core" }, seen)
  end)
end)
