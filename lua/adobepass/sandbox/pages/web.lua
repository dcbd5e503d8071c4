--- The sandbox's web pages, as requests and responses: the provider's login
-- and logout, and /activate for a second screen.
--
--   web.handle(box, request) -> response | nil (not one of our addresses)
--
-- Every answer is private (no-store), runs no script, loads nothing and tells
-- nobody where the viewer came from. Every form carries a token bound to a
-- cookie: HMAC of the cookie under a key of this box (OWASP, "HMAC-based
-- token pattern"). Nobody is sent to an address that the session, or the
-- application's own logout, did not name *and* the provider's domains do not
-- cover.
--
-- @module adobepass.sandbox.pages.web

local core = require "adobepass.core"
local pages = require "adobepass.sandbox.pages.html"
local wire = require "adobepass.sandbox.engine.url_encoding"

local web = {}

-- `__Host-`: only this very host, only HTTPS, can have set it (RFC 6265bis).
local COOKIE = "__Host-adobepass-sandbox"

local POLICY = "default-src 'none'; style-src 'nonce-%s'; img-src data:; "
  .. "form-action 'self'%s; base-uri 'none'; frame-ancestors 'none'"

-- One key a box, gone with it; forms do not outlive a restart.
local keys = setmetatable({}, { __mode = "k" })

local function key(box)
  if not keys[box] then keys[box] = box:random(32) end
  return keys[box]
end

-- What a page is made of, gathered once a request.
local function visit(box, request)
  local cookie = ("; " .. (request.headers.cookie or "")):match(
    "; *" .. COOKIE:gsub("%-", "%%-") .. "=([%w_-]+)")
  local fresh = not cookie and core.base64.url_encode(box:random(18))
  return {
    box = box, request = request, cookie = cookie, fresh = fresh,
    query = wire.form(request.query) or {},
    form = request.method == "POST" and wire.form(request.body) or {},
    nonce = core.base64.url_encode(box:random(12)),
  }
end

local function token(at)
  local mac = core.digest.hmac_sha256(key(at.box), at.cookie or at.fresh)
  return core.base64.url_encode(mac)
end

local function token_is_good(at)
  return at.cookie ~= nil
    and core.digest.equal(token(at), at.form.token or "")
end

local function headers(at, kind, target)
  local list = {
    { "Content-Type", kind },
    { "Cache-Control", "no-store" },
    { "Referrer-Policy", "no-referrer" },
    { "X-Content-Type-Options", "nosniff" },
    -- Chromium holds the redirect after a form to form-action, too.
    { "Content-Security-Policy",
      POLICY:format(at.nonce, target and " " .. target or "") },
  }
  if at.fresh then
    list[#list + 1] = { "Set-Cookie", COOKIE .. "=" .. at.fresh
      .. "; Path=/; Secure; HttpOnly; SameSite=Lax" }
  end
  return list
end

local function show(at, status, name, page, target)
  page.nonce, page.token = at.nonce, token(at)
  return { status = status, body = pages[name](page),
    headers = headers(at, "text/html; charset=utf-8", target) }
end

-- 303: whatever the method was, go on with GET (RFC 9110, 15.4.4).
local function go(at, address)
  local list = headers(at, "text/plain")
  list[#list + 1] = { "Location", address }
  return { status = 303, headers = list, body = "" }
end

local function within(host, domains)
  for _, domain in ipairs(domains or {}) do
    domain = domain:lower()
    if host == domain or host:sub(-#domain - 1) == "." .. domain then
      return true
    end
  end
  return false
end

-- A scheme of an app's own (`myapp://done`) is nobody's domain, and opens only
-- what is installed; these open what is not an app's.
local NOT_APPS = { file = true, blob = true, about = true, intent = true,
  filesystem = true, ftp = true, ws = true, wss = true }

--- Where the viewer may be sent on to: its origin (for the policy), or nil.
-- `provider` may be nil: then only this very sandbox is allowed.
function web.allowed(box, provider, url)
  if not url or not box:safe_redirect(url)
    or url:find("[%c%s\127-\255\\]") then
    return nil
  end
  local scheme, authority = url:lower():match("^([%a][%w+.-]*)://([^/?#]+)")
  if not scheme or authority:find("[^%w.:%[%]-]") then return nil end
  if url == box.api or url:sub(1, #box.api + 1) == box.api .. "/" then
    return "'self'"
  end
  if not scheme:find("^https?$") then
    return provider and not NOT_APPS[scheme] and scheme .. ":" or nil
  end
  local host = authority:gsub(":%d*$", "")
  if not within(host, provider and provider.domains) then return nil end
  return scheme .. "://" .. authority
end

local WHY_NOT = {
  unknown = "We do not know the code “%s”. Look at your TV again, and type "
    .. "exactly what it shows.",
  expired = "The code “%s” has expired. Ask your TV for a new one.",
  superseded = "Your TV has a newer code than “%s”. Type the one that it "
    .. "shows now.",
  used = "The code “%s” was used already. If your TV is not signed in, ask it "
    .. "for a new one.",
}

local function why_not(reason, code)
  return (WHY_NOT[reason] or WHY_NOT.unknown):format(code)
end

local STALE = "This page was open for too long. Please try once more."

-- As people copy it from a screen: spaces, dashes, small letters.
local function tidy(code)
  return ((code or ""):gsub("[%s-]", ""):upper():sub(1, 24))
end

local function channel(at, session)
  local provider = at.box:provider(session.service_provider)
  return provider and provider.name or session.service_provider
end

local function device_name(session)
  local device = session.device
  if type(device) ~= "table" then return nil end
  local info = device.info or device
  local name = info.model
  return type(name) == "string" and name ~= "" and name or nil
end

local function activation(at, code, message, status)
  return show(at, status or (message and 422 or 200), "activate",
    { code = code, error = message })
end

local function to_login(at, session)
  return go(at, ("/api/v2/authenticate/%s/%s"):format(
    wire.escape(session.service_provider), wire.escape(session.code)))
end

local function by_name(list)
  table.sort(list, function(a, b)
    return a.display_name:lower() < b.display_name:lower()
  end)
  return list
end

local function picker(at, session, message, status)
  return show(at, status or 200, "providers", {
    code = session.code, channel = channel(at, session), error = message,
    device = device_name(session),
    providers = by_name(at.box:mvpds(session.service_provider)),
  })
end

local function is_listed(at, session, mvpd)
  for _, row in ipairs(at.box:mvpds(session.service_provider)) do
    if row.id == mvpd then return true end
  end
  return false
end

-- What the TV left out is filled in here, as a programmer's own second screen
-- would (operation 5).
local function complete(at, session, mvpd)
  local box = at.box
  local provider = box:provider(session.service_provider)
  return box:resume(session, {
    mvpd = session.mvpd or mvpd,
    domain_name = session.domain_name or provider.domains[1],
    redirect_url = session.redirect_url or box.api .. "/activate/success",
  })
end

local function with_code(at, code)
  local session, reason = at.box:find_session(code)
  if not session then return activation(at, code, why_not(reason, code)) end
  if not session.mvpd then return picker(at, session) end
  if not complete(at, session) then
    return activation(at, code, "Your TV asked for something that this "
      .. "sandbox does not have. Ask it for a new code.")
  end
  return to_login(at, session)
end

local routes = {}

routes["/activate"] = {
  GET = function(at) return activation(at, tidy(at.query.code)) end,
  POST = function(at)
    local code = tidy(at.form.code)
    if not token_is_good(at) then return activation(at, code, STALE, 403) end
    if code == "" then
      return activation(at, code, "Type the code that your TV shows.")
    end
    return with_code(at, code)
  end,
}

routes["/activate/provider"] = {
  GET = function(at) return go(at, "/activate") end,
  POST = function(at)
    local code = tidy(at.form.code)
    if not token_is_good(at) then return activation(at, code, STALE, 403) end
    local session, reason = at.box:find_session(code)
    if not session then return activation(at, code, why_not(reason, code)) end
    local mvpd = at.form.mvpd
    if not is_listed(at, session, mvpd) or not complete(at, session, mvpd) then
      return picker(at, session, "That provider is not on the list.", 422)
    end
    return to_login(at, session)
  end,
}

routes["/activate/success"] = {
  GET = function(at)
    return show(at, 200, "success", {
      note = at.query.stay and "The address that the application wanted to "
        .. "go on to is not one of its own domains, so you stay here." })
  end,
}

routes["/"] = { GET = function(at) return go(at, "/activate") end }

local function failure(at, heading, message)
  return show(at, 422, "failure", { heading = heading, error = message,
    advice = "A code lives for half an hour, or until the TV shows a new one.",
    link = { "/activate", "Type a code" } })
end

-- The viewers whom this provider knows: a sandbox keeps no secrets.
local function viewers(at, mvpd)
  local list = {}
  for username, viewer in pairs(at.box.world.viewers or {}) do
    if at.box:check_password(mvpd.id, username, viewer.password) then
      list[#list + 1] = { username = username, password = viewer.password }
    end
  end
  table.sort(list, function(a, b) return a.username < b.username end)
  return list
end

local function login(at, visitor, message, status)
  local session, mvpd = visitor.session, visitor.mvpd
  local at_home = at.box:recognized_at_home(session, mvpd.id)
  return show(at, status or 200, at_home and "home" or "login", {
    brand = mvpd.display_name, error = message, code = session.code,
    action = ("/mvpd/%s/login?code=%s"):format(wire.escape(mvpd.id),
      wire.escape(session.code)),
    channel = channel(at, session), device = device_name(session),
    username = at_home or at.form.username or "",
    viewers = viewers(at, mvpd),
  }, visitor.target)
end

-- Who stands at the login, and whether this code may; or the page that says
-- no.
local function visitor(at, mvpd)
  local code = tidy(at.query.code)
  local session, reason = at.box:find_session(code)
  if not session then
    return nil, failure(at, "Ask your TV for a new code",
      why_not(reason, code))
  end
  if session.mvpd ~= mvpd.id then
    return nil, failure(at, "Another provider was chosen",
      "This code was not made for " .. mvpd.display_name .. ".")
  end
  local provider = at.box:provider(session.service_provider)
  local target = web.allowed(at.box, provider, session.redirect_url)
  return { session = session, mvpd = mvpd, target = target }
end

local function finish(at, who, username)
  local session = who.session
  local redirect = session.redirect_url
  local done, reason = at.box:complete_login(session, who.mvpd.id, username)
  if not done then
    return failure(at, "Ask your TV for a new code",
      why_not(reason, session.code))
  end
  if redirect and not who.target then
    return go(at, "/activate/success?stay=1")
  end
  return go(at, redirect or "/activate/success")
end

local submit = {}

submit["sign-in"] = function(at, who)
  local username = at.form.username or ""
  if not at.box:check_password(who.mvpd.id, username, at.form.password or "")
  then
    return login(at, who, "This username and password do not belong together. "
      .. "Please try again.", 422)
  end
  return finish(at, who, username)
end

submit.home = function(at, who)
  local username = at.box:recognized_at_home(who.session, who.mvpd.id)
  if not username then return login(at, who, STALE, 403) end
  return finish(at, who, username)
end

submit.cancel = function(at, who)
  return show(at, 200, "cancelled", { brand = who.mvpd.display_name,
    code = who.session.code,
    again = "/activate?code=" .. wire.escape(who.session.code) })
end

local mvpd_routes = {}

mvpd_routes.login = {
  GET = function(at, mvpd)
    local who, page = visitor(at, mvpd)
    return page or login(at, who)
  end,
  POST = function(at, mvpd)
    local who, page = visitor(at, mvpd)
    if page then return page end
    if not token_is_good(at) then return login(at, who, STALE, 403) end
    -- Enter in a field submits the first button; no button at all is a script.
    return (submit[at.form["do"]] or submit["sign-in"])(at, who)
  end,
}

-- As at a real provider, opening the address is the sign-out.
mvpd_routes.logout = {
  GET = function(at, mvpd)
    local url = at.box:sign_out { mvpd = mvpd.id,
      redirect_url = at.query.redirect_url }
    local provider = at.box:provider(at.query.requestor_id or "")
    local target = web.allowed(at.box, provider, url)
    local page = show(at, 200, "signed_out", { brand = mvpd.display_name,
      redirect = target and url,
      redirect_name = target and url:match("://([^/?#]+)") })
    if target then
      table.insert(page.headers, { "Refresh", "3; url=" .. url })
    end
    return page
  end,
}

local function route(at)
  local path = at.request.path
  if routes[path] then return routes[path] end
  local id, action = path:match("^/mvpd/([^/]+)/(%a+)$")
  local mvpd = id and at.box:mvpd(wire.unescape(id) or "")
  return mvpd and mvpd_routes[action], mvpd
end

--- Answers the addresses that are pages; nil for every other.
function web.handle(box, request)
  local at = visit(box, request)
  local methods, mvpd = route(at)
  if not methods then return nil end
  local method = request.method == "HEAD" and "GET" or request.method
  if not methods[method] then
    local list = headers(at, "text/plain")
    list[#list + 1] = { "Allow", methods.POST and "GET, HEAD, POST"
      or "GET, HEAD" }
    return { status = 405, headers = list, body = "" }
  end
  return methods[method](at, mvpd)
end

return web
