--- The web pages as requests and responses: the provider's login and logout
-- pages, and /activate for a second screen.
--
--   router.handle(sandbox, request) -> response | nil (not a page)
--
-- Every response is private (no-store), runs no script, loads nothing and sends
-- no referrer. Every form carries a token bound to a cookie: the HMAC of the
-- cookie under a key of this sandbox (OWASP, "HMAC-based token pattern"). A
-- page redirects only to a URL that the session or the logout request names
-- *and* that the provider's domains cover.
--
-- @module adobepass.sandbox.pages.router

local core = require "adobepass.core"
local device = require "adobepass.sandbox.engine.device"
local html = require "adobepass.sandbox.pages.html"
local redirect = require "adobepass.sandbox.engine.redirect"
local url_encoding = require "adobepass.sandbox.engine.url_encoding"

local router = {}

-- `__Host-`: only this host over HTTPS can set the cookie (RFC 6265bis). A browser
-- refuses such a cookie, and one with Secure, without TLS.
local COOKIE = "__Host-adobepass-sandbox"
local PLAIN_COOKIE = "adobepass-sandbox"

local POLICY = "default-src 'none'; style-src 'nonce-%s'; img-src data:; "
  .. "form-action 'self'%s; base-uri 'none'; frame-ancestors 'none'"

-- One key for each sandbox. Forms do not survive a restart.
local keys = setmetatable({}, { __mode = "k" })

local function key(sandbox)
  if not keys[sandbox] then keys[sandbox] = sandbox:random(32) end
  return keys[sandbox]
end

-- Collects the values of a request that the pages need.
local function read_visit(sandbox, request)
  local name = request.plain and PLAIN_COOKIE or COOKIE
  local cookie = ("; " .. (request.headers.cookie or "")):match(
    "; *" .. name:gsub("%-", "%%-") .. "=([%w_-]+)")
  local fresh = not cookie and core.base64.url_encode(sandbox:random(18))
  return {
    sandbox = sandbox, request = request, cookie = cookie, fresh = fresh,
    query = url_encoding.form(request.query) or {},
    form = request.method == "POST" and url_encoding.form(request.body) or {},
    nonce = core.base64.url_encode(sandbox:random(12)),
  }
end

local function token(visit)
  local mac = core.digest.hmac_sha256(key(visit.sandbox), visit.cookie or visit.fresh)
  return core.base64.url_encode(mac)
end

local function is_token_valid(visit)
  return visit.cookie ~= nil
    and core.digest.equal(token(visit), visit.form.token or "")
end

local function headers(visit, kind, target)
  local list = {
    { "Content-Type", kind },
    { "Cache-Control", "no-store" },
    { "Referrer-Policy", "no-referrer" },
    { "X-Content-Type-Options", "nosniff" },
    -- Chromium applies form-action also to the redirect after a form.
    { "Content-Security-Policy",
      POLICY:format(visit.nonce, target and " " .. target or "") },
  }
  if visit.fresh then
    local plain = visit.request.plain
    list[#list + 1] = { "Set-Cookie", (plain and PLAIN_COOKIE or COOKIE) .. "="
      .. visit.fresh .. "; Path=/" .. (plain and "" or "; Secure")
      .. "; HttpOnly; SameSite=Lax" }
  end
  return list
end

local function show(visit, status, name, page, target)
  page.nonce, page.token = visit.nonce, token(visit)
  return { status = status, body = html[name](page),
    headers = headers(visit, "text/html; charset=utf-8", target) }
end

-- 303: continue with GET, whatever the method was (RFC 9110, 15.4.4).
local function send_to(visit, address)
  local list = headers(visit, "text/plain")
  list[#list + 1] = { "Location", address }
  return { status = 303, headers = list, body = "" }
end

--- Checks a redirect URL. Returns its origin for the policy, or nil.
-- @param provider nil: only this sandbox's own URLs are allowed
function router.allowed(sandbox, provider, url)
  return redirect.origin(sandbox, provider, url)
end

local CODE_HEADINGS = {
  unknown = "This code is unknown", expired = "This code has expired",
  superseded = "Your TV has a newer code", used = "This code was already used",
}

local CODE_PROBLEMS = {
  unknown = "The code “%s” is unknown. Type the code exactly as your TV "
    .. "shows it.",
  expired = "The code “%s” has expired. Request a new code on your TV.",
  superseded = "Your TV has a newer code than “%s”. Type the code that it "
    .. "shows now.",
  used = "The code “%s” was already used. If your TV is not signed in, "
    .. "request a new code on it.",
}

local function code_problem(reason, code)
  return (CODE_PROBLEMS[reason] or CODE_PROBLEMS.unknown):format(code)
end

local STALE = "This page was open for too long. Try again."

-- Accepts codes as users type them: spaces, dashes, lower case.
local function normalize_code(code)
  return ((code or ""):gsub("[%s-]", ""):upper():sub(1, 24))
end

local function channel(visit, session)
  local provider = visit.sandbox:provider(session.service_provider)
  return provider and provider.name or session.service_provider
end

local function device_name(session)
  return device.display_name(session.device.info)
end

local function activation(visit, code, message, status)
  return show(visit, status or (message and 422 or 200), "activate",
    { code = code, error = message })
end

local function to_login(visit, session)
  return send_to(visit, ("/api/v2/authenticate/%s/%s"):format(
    url_encoding.escape(session.service_provider), url_encoding.escape(session.code)))
end

local function by_name(list)
  table.sort(list, function(a, b)
    return a.display_name:lower() < b.display_name:lower()
  end)
  return list
end

local function picker(visit, session, message, status)
  return show(visit, status or 200, "providers", {
    code = session.code, channel = channel(visit, session), error = message,
    device = device_name(session),
    providers = by_name(visit.sandbox:mvpds(session.service_provider)),
  })
end

local function is_listed(visit, session, mvpd)
  for _, row in ipairs(visit.sandbox:mvpds(session.service_provider)) do
    if row.id == mvpd then return true end
  end
  return false
end

-- Sets the parameters that the TV did not send, as a programmer's second screen
-- does with operation 5.
local function complete(visit, session, mvpd)
  local sandbox = visit.sandbox
  local provider = sandbox:provider(session.service_provider)
  return sandbox:resume(session, {
    mvpd = session.mvpd or mvpd,
    domain_name = session.domain_name or provider.domains[1],
    redirect_url = session.redirect_url
      or sandbox:origin(visit.request) .. "/activate/success",
  })
end

local function with_code(visit, code)
  local session, reason = visit.sandbox:find_session(code)
  if not session then return activation(visit, code, code_problem(reason, code)) end
  if not session.mvpd then return picker(visit, session) end
  if not complete(visit, session) then
    return activation(visit, code, "The provider or the redirect "
      .. "address of this code is not allowed. Request a new code.")
  end
  return to_login(visit, session)
end

local routes = {}

routes["/activate"] = {
  GET = function(visit) return activation(visit, normalize_code(visit.query.code)) end,
  POST = function(visit)
    local code = normalize_code(visit.form.code)
    if not is_token_valid(visit) then return activation(visit, code, STALE, 403) end
    if code == "" then
      return activation(visit, code, "Type the code that your TV shows.")
    end
    return with_code(visit, code)
  end,
}

routes["/activate/provider"] = {
  GET = function(visit) return send_to(visit, "/activate") end,
  POST = function(visit)
    local code = normalize_code(visit.form.code)
    if not is_token_valid(visit) then return activation(visit, code, STALE, 403) end
    local session, reason = visit.sandbox:find_session(code)
    if not session then return activation(visit, code, code_problem(reason, code)) end
    local mvpd = visit.form.mvpd
    if not is_listed(visit, session, mvpd) or not complete(visit, session, mvpd) then
      return picker(visit, session, "That provider is not on the list.", 422)
    end
    return to_login(visit, session)
  end,
}

routes["/activate/success"] = {
  GET = function(visit)
    return show(visit, 200, "success", {
      note = visit.query.stay and "The redirect address of the application is "
        .. "not one of its own domains and was not opened." })
  end,
}

routes["/"] = { GET = function(visit) return send_to(visit, "/activate") end }

local function duration(seconds)
  local count, unit = seconds, "second"
  if seconds % 60 == 0 then count, unit = seconds / 60, "minute" end
  return ("%d %s%s"):format(count, unit, count == 1 and "" or "s")
end

local function failure(visit, status, heading, message)
  return show(visit, status, "failure", { heading = heading, error = message,
    advice = ("A code is valid for %s, or until the TV shows a new one."):format(
      duration(visit.sandbox.world.lifetimes.code)),
    link = { "/activate", "Type a code" } })
end

local function refused_code(visit, status, code, reason)
  return failure(visit, status, CODE_HEADINGS[reason] or CODE_HEADINGS.unknown,
    code_problem(reason, code))
end

-- Returns the viewers of this provider, with passwords: a sandbox has no secrets.
local function viewers(visit, mvpd)
  local list = {}
  for username, viewer in pairs(visit.sandbox:viewers_of(mvpd.id)) do
    list[#list + 1] = { username = username, password = viewer.password }
  end
  table.sort(list, function(a, b) return a.username < b.username end)
  return list
end

local function login(visit, pending, message, status)
  local session, mvpd = pending.session, pending.mvpd
  local at_home = visit.sandbox:recognized_at_home(session, mvpd.id)
  return show(visit, status or 200, at_home and "home" or "login", {
    brand = mvpd.display_name, error = message, code = session.code,
    action = ("/mvpd/%s/login?code=%s"):format(url_encoding.escape(mvpd.id),
      url_encoding.escape(session.code)),
    channel = channel(visit, session), device = device_name(session),
    username = at_home or visit.form.username or "",
    viewers = viewers(visit, mvpd),
  }, pending.target)
end

-- Returns the pending login of a code, or nil and an error page.
local function open_login(visit, mvpd)
  local code = normalize_code(visit.query.code)
  local session, reason = visit.sandbox:find_session(code)
  if not session then
    return nil, refused_code(visit, 422, code, reason)
  end
  if session.mvpd ~= mvpd.id then
    return nil, failure(visit, 422, "Another provider was chosen",
      "This code belongs to another provider than " .. mvpd.display_name .. ".")
  end
  local provider = visit.sandbox:provider(session.service_provider)
  local target = router.allowed(visit.sandbox, provider, session.redirect_url)
  return { session = session, mvpd = mvpd, target = target }
end

local function finish(visit, pending, username)
  local session = pending.session
  local redirect_url = visit.sandbox:at_origin(session.redirect_url, visit.request)
  local done, reason = visit.sandbox:complete_login(session, pending.mvpd.id, username)
  if not done then
    return refused_code(visit, 422, session.code, reason)
  end
  if redirect_url and not pending.target then
    return send_to(visit, "/activate/success?stay=1")
  end
  return send_to(visit, redirect_url or "/activate/success")
end

local submit = {}

submit["sign-in"] = function(visit, pending)
  local username = visit.form.username or ""
  local password = visit.form.password or ""
  if not visit.sandbox:check_password(pending.mvpd.id, username, password)
  then
    return login(visit, pending, "The username or the password is wrong. "
      .. "Try again.", 422)
  end
  return finish(visit, pending, username)
end

submit.home = function(visit, pending)
  local username = visit.sandbox:recognized_at_home(pending.session, pending.mvpd.id)
  if not username then return login(visit, pending, STALE, 403) end
  return finish(visit, pending, username)
end

submit.cancel = function(visit, pending)
  return show(visit, 200, "cancelled", { brand = pending.mvpd.display_name,
    code = pending.session.code,
    again = "/activate?code=" .. url_encoding.escape(pending.session.code) })
end

local mvpd_routes = {}

mvpd_routes.login = {
  GET = function(visit, mvpd)
    local pending, page = open_login(visit, mvpd)
    return page or login(visit, pending)
  end,
  POST = function(visit, mvpd)
    local pending, page = open_login(visit, mvpd)
    if page then return page end
    if not is_token_valid(visit) then return login(visit, pending, STALE, 403) end
    -- The Enter key submits the first button; a script may send none.
    return (submit[visit.form["do"]] or submit["sign-in"])(visit, pending)
  end,
}

-- Opening the URL signs the viewer out, as a real provider's page does.
mvpd_routes.logout = {
  GET = function(visit, mvpd)
    local url = visit.sandbox:sign_out { mvpd = mvpd.id,
      redirect_url = visit.query.redirect_url }
    local provider = visit.sandbox:provider(visit.query.requestor_id or "")
    local target = router.allowed(visit.sandbox, provider, url)
    url = visit.sandbox:at_origin(url, visit.request)
    local page = show(visit, 200, "signed_out", { brand = mvpd.display_name,
      redirect = target and url,
      redirect_name = target and url:match("://([^/?#]+)") })
    if target then
      table.insert(page.headers, { "Refresh", "3; url=" .. url })
    end
    return page
  end,
}

local function route(visit)
  local path = visit.request.path
  if routes[path] then return routes[path] end
  local id, action = path:match("^/mvpd/([^/]+)/(%a+)$")
  local mvpd = id and visit.sandbox:mvpd(url_encoding.unescape(id) or "")
  return mvpd and mvpd_routes[action], mvpd
end

--- Returns the page of a refused operation 7, which a viewer's browser opens.
function router.refuse(sandbox, request, code)
  local visit = read_visit(sandbox, request)
  code = normalize_code(code)
  local session, reason = sandbox:find_session(code)
  if not session then return refused_code(visit, 400, code, reason) end
  return show(visit, 400, "failure", { heading = "This link is incomplete",
    error = "The application has not named your TV provider.",
    advice = "Continue with the code to choose your provider.",
    link = { "/activate?code=" .. url_encoding.escape(code), "Continue" } })
end

--- Processes a request for a page; nil if the path is no page.
function router.handle(sandbox, request)
  local visit = read_visit(sandbox, request)
  local methods, mvpd = route(visit)
  if not methods then return nil end
  local method = request.method == "HEAD" and "GET" or request.method
  if not methods[method] then
    local list = headers(visit, "text/plain")
    list[#list + 1] = { "Allow", methods.POST and "GET, HEAD, POST"
      or "GET, HEAD" }
    return { status = 405, headers = list, body = "" }
  end
  return methods[method](visit, mvpd)
end

return router
