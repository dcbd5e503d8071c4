--- Checks domains and redirect URLs against the provider's domains.
-- @module adobepass.sandbox.engine.redirect

local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local redirect = {}

-- An app's own scheme (`myapp://done`) is allowed without a domain. These schemes are
-- never an app's own.
local NOT_APPS = { file = true, blob = true, about = true, intent = true,
  filesystem = true, ftp = true, ws = true, wss = true }

--- Returns whether a host is one of the provider's domains or below one.
-- @param provider a row of the world, or nil
function redirect.is_within(provider, host)
  if type(host) ~= "string" then return false end
  host = host:lower()
  for _, domain in ipairs(provider and provider.domains or {}) do
    domain = domain:lower()
    if host == domain or host:sub(-#domain - 1) == "." .. domain then
      return true
    end
  end
  return false
end

local function path_below(origin, url)
  if url == origin then return "" end
  return url:sub(1, #origin + 1) == origin .. "/" and url:sub(#origin + 1) or nil
end

--- Returns the part after the origin of a URL of this sandbox, else nil.
function redirect.own_path(sandbox, url)
  if not url then return nil end
  return path_below(sandbox.api, url)
    or sandbox.plain_api and path_below(sandbox.plain_api, url) or nil
end

--- Checks a redirect URL. Returns its origin for a content security policy, or
-- nil if the URL is not allowed.
-- @param provider nil: only this sandbox's own URLs are allowed
function redirect.origin(sandbox, provider, url)
  if not url or not url_encoding.safe_url(url) or url:find "[\128-\255]" then
    return nil
  end
  local scheme, authority = url:lower():match("^(%a[%w+.-]*)://([^/?#]+)")
  if not scheme or authority:find("[^%w.:%[%]-]") then return nil end
  if redirect.own_path(sandbox, url) then return "'self'" end
  if not scheme:find("^https?$") then
    return provider and not NOT_APPS[scheme] and scheme .. ":" or nil
  end
  local host = authority:gsub(":%d*$", "")
  if not redirect.is_within(provider, host) then return nil end
  return scheme .. "://" .. authority
end

--- Returns whether a request may name this redirect URL. Strict: the URL must be
-- an app's own scheme, or be covered by the provider's domains.
function redirect.is_allowed(sandbox, provider, url)
  if not url_encoding.safe_url(url) then return false end
  return sandbox:is_lenient "any_domain"
    or redirect.origin(sandbox, provider, url) ~= nil
end

--- Returns whether a request may name this domain.
function redirect.is_domain_allowed(sandbox, provider, domain)
  return sandbox:is_lenient "any_domain" or redirect.is_within(provider, domain)
end

return redirect
