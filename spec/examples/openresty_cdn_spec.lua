--- Signed URLs of the gateway, checked by a real Traffic Server in front of the
-- gateway's segments.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local signed_uri = require "gateway.signed_uri"
local traffic_server = require "spec.support.traffic_server"
local gateway_client = require "spec.examples.gateway_client"

local SECRET = ("s"):rep(32)

-- Returns the protected header and the claims of a signed URL.
local function token_of(url)
  local token = url:match "/URISigningPackage=([^/]+)/"
  local head, body, signature = token:match "^([^.]+)%.([^.]+)%.([^.]+)$"
  return { header = json.decode(core.base64.url_decode(head)),
    claims = json.decode(core.base64.url_decode(body)),
    signed = head .. "." .. body, signature = core.base64.url_decode(signature) }
end

describe("gateway signed URL", function()
  local CDN = { url = "https://cdn.example.com", issuer = "gateway",
    keys = { { id = "new", secret = SECRET }, { id = "old", secret = SECRET } } }

  it("[gateway-cdn-claims] gateway signed URL: contains issuer, channel and expiry, "
    .. "signed with the first key", function()
    local url = signed_uri.issue(CDN, { channel = "cnn", expires = 1800000000 })
    assert.equal("https://cdn.example.com/hls/cnn/URISigningPackage=",
      url:match "^.-=")
    assert.equal("/index.m3u8", url:match "/[^/]+$")
    local token = token_of(url)
    assert.same({ alg = "HS256", kid = "new", typ = "JWT" }, token.header)
    assert.same({ iss = "gateway", exp = 1800000000, cdniv = 1,
      cdniuc = "regex:https?://[^/]*/hls/cnn/[A-Za-z0-9_-]+[.](m3u8|ts)$" },
      token.claims)
    assert.equal(core.digest.hmac_sha256(SECRET, token.signed), token.signature)
  end)

  it("[gateway-cdn-plugin-config] gateway signed URL: writes all keys into the "
    .. "plugin's configuration", function()
    local plugin = json.decode(signed_uri.plugin_config(CDN))
    local k = core.base64.url_encode(SECRET)
    assert.same({ gateway = { renewal_kid = "new", strip_token = true, keys = {
      { kty = "oct", alg = "HS256", kid = "new", k = k },
      { kty = "oct", alg = "HS256", kid = "old", k = k } } } }, plugin)
  end)
end)

-- nginx and Traffic Server run the same for every Lua, so one run is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("gateway with a CDN", function()
  local running, cdn, keys, key, tv, transport, node

  setup(function()
    running = assert(service.start { nodes = 1, workers = 1, throttle = false,
      settings = { allow_listed = true } })
    node = running.nodes[1]
    key = service.new_key(running.folder, "cdn-1")
    keys = { url = "http://cdn.invalid", issuer = "gateway", keys = { {
      id = key.id, secret = shell.read_file(key.file) } } }
    cdn = traffic_server.start { origin = node.origin,
      plugin_config = signed_uri.plugin_config(keys) }
    keys.url = cdn.url
    transport = assert(core.http.new { timeout = 60 })
    tv = gateway_client.new { transport = transport }
  end)
  teardown(function()
    transport:close()
    cdn:stop()
    running:stop()
  end)

  local function segment(playlist)
    return (playlist:gsub("index%.m3u8$", "segment1.ts"))
  end

  -- Returns how often each status was received.
  local function verdicts(urls)
    local count = {}
    for _, url in ipairs(urls) do
      local status = tv:get(url, { Cookie = false })
      count[status] = (count[status] or 0) + 1
    end
    return count
  end

  local function issue(changes)
    local fields = { channel = "cnn", expires = os.time() + 300 }
    for name, value in pairs(changes or {}) do fields[name] = value end
    return segment(signed_uri.issue(keys, fields))
  end

  it("[gateway-cdn-plays] gateway with a CDN: /play returns a signed URL, with which "
    .. "Traffic Server serves playlist and segments", function()
    local control = many_clients.control(running.sandbox)
    running:configure { cdn = { url = cdn.url, issuer = "gateway",
      keys = json.array { key } } }
    assert.same(json.decode(signed_uri.plugin_config(keys)), json.decode(shell.read(
      "examples/openresty/deploy/cdn-keys " .. running.folder .. "/settings.json")))
    node.server:run(("kill -HUP %d"):format(node.server.pid))
    tv:sign_in(control, node.url)
    control:close()
    local status, played
    repeat -- until a worker with the new settings responds
      status, played = tv:post(node.url .. "/play/cnn")
    until status ~= 200 or played.playlist:find("^http")
    assert.equal(200, status)
    assert.equal(played.expires_at, token_of(played.playlist).claims.exp * 1000)
    local got, playlist = tv:get(played.playlist, { Cookie = false })
    assert.equal(200, got)
    for name in playlist:gmatch "\n(segment[^\n]*)" do
      local url = played.playlist:gsub("index%.m3u8$", name)
      assert.equal(200, (tv:get(url, { Cookie = false })))
    end
    local _, denied = tv:post(node.url .. "/play/hbo")
    assert.equal("authorization_denied_by_mvpd", denied.code)
    assert.is_nil(denied.playlist)
  end)

  it("[gateway-cdn-valid] gateway with a CDN: Traffic Server accepts each valid "
    .. "token, for files of its channel", function()
    local urls = {}
    for index = 1, 100 do urls[index] = issue { expires = os.time() + 60 + index } end
    assert.same({ [200] = 100 }, verdicts(urls))
  end)

  it("[gateway-cdn-altered] gateway with a CDN: Traffic Server refuses a token with "
    .. "one changed character", function()
    local url, urls = issue(), {}
    local first, last = url:find "=[^/]+"
    for at = first + 1, last do
      -- Changes the highest bits: the lowest ones of the last character are unused.
      local byte = url:sub(at, at):find "[A-Z]" and "z" or "A"
      urls[#urls + 1] = url:sub(1, at - 1) .. byte .. url:sub(at + 1)
    end
    assert.same({ [403] = last - first }, verdicts(urls))
  end)

  it("[gateway-cdn-expired] gateway with a CDN: Traffic Server refuses an expired "
    .. "token", function()
    local urls = {}
    for index = 1, 50 do urls[index] = issue { expires = os.time() - index } end
    assert.same({ [403] = 50 }, verdicts(urls))
  end)

  it("[gateway-cdn-foreign] gateway with a CDN: Traffic Server refuses a token for "
    .. "another channel, folder or key, and no token", function()
    local good = issue()
    local function other(from, to) return (good:gsub(from, to)) end
    keys.keys[1].secret = SECRET
    local forged = issue()
    keys.keys[1].secret = shell.read_file(key.file)
    assert.same({ [200] = 1 }, verdicts { good })
    assert.same({ [403] = 8 }, verdicts { forged,
      cdn.url .. "/hls/cnn/segment1.ts",
      (issue { channel = "cn" }:gsub("/hls/cn/", "/hls/cnn/")),
      other("/hls/cnn/", "/hls/tbs/"), other("/hls/cnn/", "/x/hls/cnn/"),
      other("segment1", "..%%2ftbs%%2fsegment1"), other("segment1", "tbs/segment1"),
      other("$", "?a") })
  end)

  it("[gateway-cdn-cached] gateway with a CDN: Traffic Server serves a "
    .. "segment from its cache for another token; the origin serves files only",
    function()
      assert.equal(200, (tv:get(issue { expires = os.time() + 999 })))
      shell.write_file(running.folder .. "/hls/cnn/segment1.ts", "changed")
      local _, changed = tv:get(node.origin .. "/hls/cnn/segment1.ts")
      local _, cached = tv:get(issue { expires = os.time() + 998 })
      assert.equal("changed", changed)
      assert.not_equal("changed", cached)
      assert.equal(404, (tv:get(node.origin .. "/metrics")))
      assert.equal(404, (tv:get(node.origin .. "/settings.json")))
    end)
end)
