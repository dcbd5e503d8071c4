--- Signs URLs for a CDN: JSON Web Tokens of RFC 9246 (URI Signing for CDN
-- Interconnection), as Traffic Server's plugin `uri_signing` accepts them.
--
-- With a token, each client that has the URL can fetch the files of one channel until
-- the token expires. It contains no address and no device: the plugin refuses `cdniip`
-- and does not check `sub`. It is not renewed by the CDN (`cdnistt`), because a
-- viewer must ask the provider again.
-- @module gateway.signed_uri

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local signed_uri = {}

local encode = core.base64.url_encode

-- The plugin compares the beginning of the URL only, so the expression ends with $.
-- It accepts any host, because the CDN may have several names. It does not accept %,
-- because an origin would decode "..%2f" into a path of another channel.
local FILES = "regex:https?://[^/]*/hls/%s/[A-Za-z0-9_-]+[.](m3u8|ts)$"

-- A segment of the path, which the relative URLs of a playlist inherit.
local PLAYLIST = "%s/hls/%s/URISigningPackage=%s/index.m3u8"

local function token_of(cdn, claims)
  local key = cdn.keys[1]
  local signed = encode(json.encode { alg = "HS256", kid = key.id, typ = "JWT" })
    .. "." .. encode(json.encode(claims))
  return signed .. "." .. encode(core.digest.hmac_sha256(key.secret, signed))
end

--- Returns the URL of a channel's playlist.
-- @tparam table cdn `url`, `issuer`, `keys`; see gateway.config
-- @tparam table fields `channel`, `expires` (seconds since 1970)
function signed_uri.issue(cdn, fields)
  return PLAYLIST:format(cdn.url, fields.channel, token_of(cdn, {
    iss = cdn.issuer, exp = fields.expires, cdniv = 1,
    cdniuc = FILES:format(fields.channel) }))
end

--- Returns the configuration of Traffic Server's plugin: a JSON text. It contains the
-- keys.
function signed_uri.plugin_config(cdn)
  local keys = {}
  for index, key in ipairs(cdn.keys) do
    keys[index] = { kty = "oct", alg = "HS256", kid = key.id,
      k = encode(key.secret) }
  end
  return json.encode { [cdn.issuer] = { renewal_kid = cdn.keys[1].id,
    strip_token = true, keys = json.array(keys) } }
end

return signed_uri
