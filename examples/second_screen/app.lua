--- The second screen: the viewer enters the code of the TV, selects a provider if
-- the TV did not, and is redirected to the provider's login page.
-- @module app

-- luacheck: globals ngx

local adobepass = require "adobepass"
local core = require "adobepass.core"
local page = require "page"

local app = {}

local COOKIE = "second_screen"

local client

-- Created at the first request, after nginx has forked.
local function service()
  client = client or adobepass.new {
    service_provider = "REF30",
    environment = { api = os.getenv "ADOBEPASS_API",
      mgmt = os.getenv "ADOBEPASS_MGMT" },
    software_statement = os.getenv "ADOBEPASS_STATEMENT",
    http = { ca_file = os.getenv "ADOBEPASS_CA" },
    store = adobepass.store.shdict "adobepass",
    driver = adobepass.driver.ngx(), language = "en", -- or "es"
  }
  return client
end

local function show(text, status)
  ngx.status = status or 200
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Content-Type-Options"] = "nosniff"
  -- Not "no-referrer": browsers would send "Origin: null" with this page's own
  -- form.
  ngx.header["Referrer-Policy"] = "same-origin"
  ngx.header["Content-Security-Policy"] = "default-src 'none'; "
    .. "style-src 'unsafe-inline'; form-action 'self' https:; "
    .. "base-uri 'none'; frame-ancestors 'none'"
  ngx.print(text)
end

-- The first word that a User-Agent contains, and the values for X-Device-Info.
-- Adobe's list of hardware types has no browser.
local SYSTEMS = { { "iPhone", "iOS", "MobilePhone" }, { "iPad", "iOS", "Tablet" },
  { "Android", "Android", "MobilePhone" }, { "CrOS", "Chrome OS", "Desktop" },
  { "Windows", "Windows", "Desktop" }, { "Mac OS X", "Mac OS", "Desktop" },
  { "", "Linux", "Desktop" } }

local function info_of(agent)
  for _, system in ipairs(SYSTEMS) do
    if agent:find(system[1], 1, true) then
      return { primaryHardwareType = system[3], osName = system[2],
        model = "Browser", version = "Unknown", osVersion = "Unknown",
        connectionType = "Unknown" }
    end
  end
end

-- Adobe counts each browser as a device.
local function visitor()
  local id = ngx.var["cookie_" .. COOKIE] or ""
  if not id:find "^[%x-]+$" or #id ~= 36 then
    id = core.random.uuid()
    ngx.header["Set-Cookie"] = COOKIE .. "=" .. id
      .. "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
  end
  local agent = (ngx.var.http_user_agent or "unknown"):sub(1, 300)
    :gsub("[^\32-\126]", "?")
  return service():device { id = id, info = info_of(agent), user_agent = agent,
    ip = ngx.var.remote_addr, port = tonumber(ngx.var.remote_port) }
end

local function here()
  return ngx.var.scheme .. "://" .. ngx.var.http_host
end

-- A form on another site must not start a login: a form with the code of an
-- attacker's TV would log in that TV. Any site can send "Origin: null", so that
-- value is refused.
local function is_ours()
  local origin = ngx.var.http_origin
  return origin == nil or origin == here()
end

local function go(url, err)
  if not url then return show(page.problem(service():viewer_text(err)), 502) end
  if url == "" then return ngx.redirect("/done", 303) end
  return ngx.redirect(url, 303)
end

-- Redirects to the provider. First adds the parameters that the TV did not set.
local function send_on(viewer, session, mvpd)
  if #session.missing == 0 then
    return go(viewer.api:authenticate_url { code = session.code })
  end
  return go(viewer:resume_login { code = session.code,
    mvpd = session.mvpd or mvpd, domain_name = "adobe.com",
    redirect_url = here() .. "/done" })
end

local function choose(viewer, code)
  local list, err = viewer:providers()
  if not list then return show(page.problem(service():viewer_text(err)), 502) end
  show(page.providers(code, list))
end

local function with_code(form)
  local code = (form.code or ""):upper():gsub("[^%w]", "")
  if code == "" then
    return show(page.code(nil, "Please type a code."), 400)
  end
  local viewer = visitor()
  local session, err = viewer:check_code(code)
  if not session then
    return show(page.code(code, service():viewer_text(err)), 400)
  end
  if not session.mvpd and not form.mvpd then return choose(viewer, code) end
  send_on(viewer, session, form.mvpd)
end

local function plain(form)
  for name, value in pairs(form) do
    if type(value) ~= "string" then form[name] = nil end
  end
  return form
end

--- The page for the code. `?code=` comes from a QR code and only fills the field:
-- the viewer sees the code and confirms it.
function app.activate()
  if ngx.req.get_method() ~= "POST" then
    return show(page.code(plain(ngx.req.get_uri_args(5)).code))
  end
  if not is_ours() then
    return show(page.code(nil, "Please type the code here."), 403)
  end
  ngx.req.read_body()
  with_code(plain(ngx.req.get_post_args(5) or {}))
end

--- The page to which the provider redirects the viewer.
function app.done() show(page.done()) end

return app
