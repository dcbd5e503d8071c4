local adobepass_sandbox = require "adobepass.sandbox"
local tv_client = require "spec.support.tv_client"
local router = require "adobepass.sandbox.pages.router"

local REDIRECT = "https://adobe.com/watch?from=tv"

-- A minimal browser: keeps the cookie, and submits the token of the last form.
local Visitor = {}
Visitor.__index = Visitor

function Visitor:send(method, address, body)
  local path, query = address:gsub("^https://127%.0%.0%.1:8443", "")
    :match("^([^?]*)%??(.*)$")
  local response = self.sandbox:handle {
    method = method, path = path, query = query ~= "" and query or nil,
    headers = { cookie = self.cookie,
      ["content-type"] = body and "application/x-www-form-urlencoded" },
    body = body, remote_addr = "127.0.0.1", host_role = "api" }
  response.header = {}
  for _, pair in ipairs(response.headers) do
    response.header[pair[1]:lower()] = pair[2]
  end
  local cookie = response.header["set-cookie"]
  self.cookie = cookie and cookie:match("^[^;]+") or self.cookie
  self.token = response.body:match('name="token" value="([^"]*)"')
    or self.token
  return response
end

function Visitor:get(address) return self:send("GET", address) end

function Visitor:post(address, fields)
  fields.token = fields.token or self.token
  return self:send("POST", address, tv_client.form(fields))
end

-- Follows redirects within the sandbox. Returns the last response.
function Visitor:follow(response)
  while response.header.location
    and response.header.location:find("^/") or
    (response.header.location or ""):find("^https://127%.0%.0%.1:8443") do
    response = self:get(response.header.location)
  end
  return response
end

describe("the web pages", function()
  local sandbox, screen, visitor, time

  before_each(function()
    time = 1700000000000
    sandbox = adobepass_sandbox.new(nil, { now = function() return time end,
      throttle = false })
    screen = tv_client.new { transport = sandbox:transport(), api = sandbox.api,
      statement = sandbox.control.statement() }
    visitor = setmetatable({ sandbox = sandbox }, Visitor)
  end)

  local function code(fields)
    fields = fields or {}
    return screen:code(fields)
  end

  local function whole(redirect)
    return code { mvpd = "Cablevision", domainName = "adobe.com",
      redirectUrl = redirect or REDIRECT }
  end

  local function login(of)
    local address = "/mvpd/Cablevision/login?code=" .. of
    visitor:get(address)
    return address
  end

  local function sign_in(of, fields)
    fields = fields or {}
    fields.username = fields.username or "ann"
    fields.password = fields.password or "secret"
    return visitor:post(login(of), fields)
  end

  describe("second screen", function()
    it("[web-lead-code-provider] sandbox pages: lead from the code to the "
      .. "provider, the login and back", function()
      local shown = code()
      visitor:get("/activate")
      local page = visitor:post("/activate", { code = shown })
      assert.equal(200, page.status)
      assert.is_truthy(page.body:find("Choose your TV provider", 1, true))
      assert.is_truthy(page.body:find("Living room TV", 1, true))
      assert.is_nil(page.body:find("Temp%-Pass"))
      page = visitor:follow(visitor:post("/activate/provider",
        { code = shown, mvpd = "Spectrum" }))
      assert.is_truthy(page.body:find("Sign in to Spectrum", 1, true))
      page = visitor:follow(visitor:post("/mvpd/Spectrum/login?code=" .. shown,
        { username = "bob", password = "secret" }))
      assert.is_truthy(page.body:find("You are signed in", 1, true))
      assert.equal("Spectrum", screen:signed_in(shown))
    end)

    it("[web-straight-login-tv] sandbox pages: skip the picker if the TV "
      .. "named the provider", function()
      local shown = whole()
      visitor:get("/activate")
      local page = visitor:follow(visitor:post("/activate", { code = shown }))
      assert.is_truthy(page.body:find("Sign in to Cablevision", 1, true))
    end)

    it("[web-code-people-type] sandbox pages: accept a code with spaces, "
      .. "dashes and lower case", function()
      local shown = whole()
      visitor:get("/activate")
      local typed = " " .. shown:sub(1, 3):lower() .. "-" .. shown:sub(4)
      assert.equal(303, visitor:post("/activate", { code = typed }).status)
    end)

    it("[web-show-code-address] sandbox pages: show a code of the URL "
      .. "without using it", function()
      local page = visitor:get("/activate?code=abc%3Cb%3E")
      assert.is_truthy(page.body:find('value="ABC&lt;B&gt;"', 1, true))
      assert.equal(200, page.status)
    end)

    local function complaint(of)
      visitor:get("/activate")
      local page = visitor:post("/activate", { code = of })
      assert.equal(422, page.status)
      return page.body:match('role="alert">([^<]*)<')
    end

    it("[web-wrong-code] sandbox pages: explain why a code is "
      .. "refused", function()
      assert.is_truthy(complaint("NOSUCH1"):find("is unknown"))
      assert.is_truthy(complaint(""):find("Type the code"))
      local first = whole()
      local second = whole()
      assert.is_truthy(complaint(first):find("has a newer code"))
      sign_in(second)
      assert.is_truthy(complaint(second):find("was already used"))
      local third = tv_client.new(
        { transport = sandbox:transport(), api = sandbox.api,
        device = "tv-2", statement = sandbox.control.statement() }):code()
      time = time + 31 * 60 * 1000
      assert.is_truthy(complaint(third):find("has expired"))
    end)

    -- Opens a link with a code as a QR code does. Returns heading, error and link.
    local function link(of, provider)
      local page = visitor:get(("/api/v2/authenticate/%s/%s"):format(
        provider or "REF30", of))
      assert.equal(400, page.status)
      assert.truthy(page.body:find('<html lang="en">', 1, true))
      return page.body:match "<h1>(.-)</h1>", page.body:match '"strong">(.-)</p>',
        page.body:match '<a class="button" href="(.-)"'
    end

    local function advice()
      return visitor:get("/api/v2/authenticate/REF30/NOSUCH1").body
        :match "<p>(A code is valid.-)</p>"
    end

    it("[web-link-dead-code] sandbox pages: a link with a refused code shows a page "
      .. "with the reason", function()
      assert.same({ "This code is unknown", "The code “NOSUCH1” is unknown. Type "
        .. "the code exactly as your TV shows it.", "/activate" }, { link "nosuch1" })
      assert.is_truthy(advice():find("valid for 30 minutes", 1, true))
      sandbox.world.lifetimes.code = 60
      assert.is_truthy(advice():find("valid for 1 minute,", 1, true))
      sandbox.world.lifetimes.code = 30 * 60
      local first, second = whole(), whole()
      assert.equal("Your TV has a newer code", (link(first)))
      sign_in(second)
      assert.equal("This code was already used", (link(second)))
      screen.device = "tv-2"
      local third = whole()
      time = time + 31 * 60 * 1000
      assert.equal("This code has expired", (link(third)))
    end)

    it("[web-link-without-provider] sandbox pages: a link without a provider leads "
      .. "to the picker", function()
      local shown = code()
      assert.same({ "This link is incomplete", "The application has not named your "
        .. "TV provider.", "/activate?code=" .. shown }, { link(shown) })
      assert.equal("This link is incomplete", (link(shown, "NONE")))
    end)

    it("[web-names-readable] sandbox pages: name the service and the device as the "
      .. "viewer knows them", function()
      local shown = whole()
      local function named(info)
        sandbox:find_session(shown).device.info = info
        return visitor:get("/mvpd/Cablevision/login?code=" .. shown).body
          :match '<p class="say">To watch (.-)%. Code'
      end
      local WHAT = "<b>Reference Channel</b>"
      for name, info in pairs {
        ["Living room TV"] = { model = "Living room TV" },
        ["Standard PC"] = { model = "Standard PC (Q35 + ICH9, 2009)" },
        ["your Amazon set-top box"] = { model = "AFTMM", manufacturer = "Amazon",
          primaryHardwareType = "SetTopBox" },
        ["your phone"] = { model = "iPhone15,2", primaryHardwareType = "MobilePhone" },
        ["your TV"] = { model = "Unknown", primaryHardwareType = "TV" },
      } do
        assert.equal(WHAT .. " on <b>" .. name .. "</b>", named(info))
      end
      -- Quadratic time would take minutes.
      for _, part in ipairs { " ", "( " } do
        assert.equal(WHAT .. " on <b>your TV</b>", named {
          model = "TV" .. part:rep(500000) .. "x", primaryHardwareType = "TV" })
      end
      assert.equal(WHAT, named { model = "x86_64", primaryHardwareType = "Unknown" })
      assert.equal(WHAT, named(nil))
    end)

    it("[web-provider-list] sandbox pages: accept only providers in the "
      .. "list", function()
      local shown = code()
      visitor:get("/activate")
      for _, mvpd in ipairs { "Nobody", "Disabled", "TempPass", "" } do
        local page = visitor:post("/activate/provider",
          { code = shown, mvpd = mvpd })
        assert.equal(422, page.status)
        assert.is_truthy(page.body:find("not on the list", 1, true))
      end
    end)
  end)

  describe("login page of a provider", function()
    it("[web-send-viewer-application] sandbox pages: redirect the viewer "
      .. "after the login", function()
      local shown = whole()
      local response = sign_in(shown)
      assert.equal(303, response.status)
      assert.equal(REDIRECT, response.header.location)
      assert.equal("Cablevision", screen:signed_in(shown))
    end)

    it("[web-refuse-wrong-password] sandbox pages: refuse a wrong password "
      .. "and keep the username", function()
        local shown = whole()
        local page = sign_in(shown, { password = "guess-7731" })
        assert.equal(422, page.status)
        assert.is_truthy(page.body:find("username or the password is wrong", 1, true))
        assert.is_truthy(page.body:find('value="ann"', 1, true))
        assert.is_nil(page.body:find("guess-7731", 1, true))
        assert.is_nil(screen:signed_in(shown))
        assert.equal(303, visitor:post("/mvpd/Cablevision/login?code="
          .. shown, { username = "ann", password = "secret" }).status)
      end)

    it("[web-viewer-change-mind] sandbox pages: let the viewer "
      .. "cancel", function()
      local shown = whole()
      local page = sign_in(shown, { ["do"] = "cancel" })
      assert.equal(200, page.status)
      assert.is_truthy(page.body:find("Nothing was changed", 1, true))
      assert.is_nil(screen:signed_in(shown))
      assert.equal(303, sign_in(shown).status)
    end)

    it("[web-ask-viewer-home] sandbox pages: require no password in the home "
      .. "network", function()
      local session = sandbox:find_session(whole())
      session.device.info.connectionIp = "192.0.2.7"
      local page = visitor:get("/mvpd/Cablevision/login?code=" .. session.code)
      assert.is_truthy(page.body:find("Continue as home", 1, true))
      local response = visitor:post("/mvpd/Cablevision/login?code="
        .. session.code, { ["do"] = "home" })
      assert.equal(REDIRECT, response.header.location)
    end)

    it("[web-not-form-home] sandbox pages: ignore a form that claims the home "
      .. "network", function()
      local shown = whole()
      assert.equal(403, visitor:post(login(shown), { ["do"] = "home" }).status)
      assert.is_nil(screen:signed_in(shown))
    end)

    it("[web-no-login-dead-code] sandbox pages: refuse a login with an expired "
      .. "code or another provider's code", function()
      local page = visitor:get("/mvpd/Cablevision/login?code=NOSUCH1")
      assert.equal(422, page.status)
      assert.is_truthy(page.body:find("This code is unknown", 1, true))
      page = visitor:get("/mvpd/Spectrum/login?code=" .. whole())
      assert.equal(422, page.status)
      assert.is_truthy(page.body:find("Another provider was chosen", 1, true))
    end)
  end)

  describe("logout page of a provider", function()
    local function logout(query)
      return visitor:get("/mvpd/Cablevision/logout?" .. query)
    end

    it("[web-application-domain] sandbox pages: redirect to the application's "
      .. "domain after a sign-out", function()
      local page = logout(tv_client.form { requestor_id = "REF30",
        redirect_url = REDIRECT })
      assert.equal(200, page.status)
      assert.is_truthy(page.body:find("You are signed out", 1, true))
      assert.equal("3; url=" .. REDIRECT, page.header.refresh)
      assert.is_truthy(page.body:find("Continue to adobe.com", 1, true))
    end)

    it("[web-stay-address] sandbox pages: do not redirect to a foreign URL "
      .. "after a sign-out", function()
      for _, query in ipairs {
        "", "redirect_url=https%3A%2F%2Fevil.example%2F",
        "requestor_id=REF30&redirect_url=https%3A%2F%2Fevil.example%2F",
        "requestor_id=Nobody&redirect_url=https%3A%2F%2Fadobe.com%2F",
        "requestor_id=REF30&redirect_url=javascript%3Aalert(1)",
        "requestor_id=REF30&redirect_url=%2F%2Fevil.example",
      } do
        local page = logout(query)
        assert.equal(200, page.status)
        assert.is_nil(page.header.refresh, query)
        assert.is_nil(page.body:find("evil.example", 1, true))
        assert.is_nil(page.body:find("Continue to", 1, true))
      end
    end)
  end)

  describe("redirects", function()
    local function allowed(url, provider)
      return router.allowed(sandbox, provider ~= false
        and sandbox:provider(provider or "REF30") or nil, url)
    end

    it("[web-domain-provider-sandbox] sandbox pages: allow redirects to the "
      .. "provider's domains and the sandbox", function()
      assert.equal("https://adobe.com", allowed("https://adobe.com/x?y#z"))
      assert.equal("https://www.adobe.com:444",
        allowed("https://www.ADOBE.com:444/"))
      assert.equal("http://127.0.0.1:3000", allowed("http://127.0.0.1:3000/"))
      assert.equal("'self'", allowed(sandbox.api .. "/activate/success", "OTHER"))
      assert.equal("'self'", allowed(sandbox.api, false))
    end)

    it("[web-application-scheme] sandbox pages: allow redirects to an "
      .. "application's own scheme", function()
      assert.equal("myapp:", allowed("myapp://done"))
      assert.is_nil(allowed("myapp://done", false))
    end)

    it("[web-never-anywhere-else] sandbox pages: allow no other "
      .. "redirect", function()
      for _, url in ipairs {
        "https://evil.example/", "https://notadobe.com/",
        "https://adobe.com.evil.example/", "https://adobe.com@evil.example/",
        "https://evil.example\\@adobe.com/", "https://evil.example#adobe.com",
        "https://adobe.com:80@evil.example", "//evil.example", "/\\evil",
        "javascript:alert(1)", "javascript://adobe.com/%0aalert(1)",
        "data:text/html,x", "data://adobe.com/", "file://adobe.com/etc",
        "intent://adobe.com/", "blob:https://adobe.com/", "https:adobe.com",
        "https://adobe.com/\r\nSet-Cookie: a=b", "https://adobe.com /",
        "https://", "https:///adobe.com", "", "adobe.com",
        "https://adobe.com;.evil.example/", "https://evil.example%2eadobe.com",
        sandbox.api .. ".evil.example/", sandbox.api .. "@evil.example/",
      } do
        assert.is_nil(allowed(url), url)
      end
      assert.is_nil(allowed("https://adobe.com/", "OTHER"))
      assert.is_nil(allowed("https://adobe.com/", false))
      assert.is_nil(allowed(nil))
    end)

    it("[web-ends-page-session] sandbox pages: show the success page if the "
      .. "session's URL is not allowed", function()
        sandbox.lenient = { any_domain = true }
        local response = sign_in(whole("https://evil.example/"))
        assert.equal("/activate/success?stay=1", response.header.location)
        local page = visitor:follow(response)
        assert.is_truthy(page.body:find("not one of its own domains", 1, true))
        assert.is_nil(page.body:find("evil.example", 1, true))
      end)
  end)

  describe("form tokens", function()
    it("[web-need-token-belongs] sandbox pages: a form requires the token that "
      .. "belongs to the visitor's cookie", function()
      local shown = whole()
      local address = login(shown)
      local fields = { username = "ann", password = "secret" }
      local mine, cookie = visitor.token, visitor.cookie
      local other = setmetatable({ sandbox = sandbox }, Visitor)
      other:get("/activate")
      for _, token in ipairs { "", "x", other.token, mine:sub(1, -2) } do
        fields.token = token
        visitor.cookie = cookie
        assert.equal(403, visitor:post(address, fields).status)
      end
      fields.token = mine
      visitor.cookie = nil
      assert.equal(403, visitor:post(address, fields).status)
      assert.is_nil(screen:signed_in(shown))
      visitor.cookie = cookie
      fields.token = mine
      assert.equal(303, visitor:post(address, fields).status)
    end)

    it("[web-need-form] sandbox pages: every form requires a token", function()
      local shown = code()
      for _, address in ipairs { "/activate", "/activate/provider" } do
        local page = visitor:post(address, { code = shown, token = "x",
          mvpd = "Cablevision" })
        assert.equal(403, page.status)
        assert.is_truthy(page.body:find("open for too long", 1, true))
      end
      assert.is_nil(sandbox:find_session(shown).mvpd)
    end)

    it("[web-cannot-use-token-sandbox] sandbox pages: refuse the token of "
      .. "another sandbox", function()
      local other = setmetatable({ sandbox = adobepass_sandbox.new() }, Visitor)
      other:get("/activate")
      other.sandbox = sandbox
      assert.equal(403, other:post("/activate", { code = "A" }).status)
    end)
  end)

  describe("headers", function()
    it("[web-private-run-load] sandbox pages: headers forbid caching, scripts "
      .. "and framing", function()
      local page = visitor:get("/activate")
      local header = page.header
      assert.equal("no-store", header["cache-control"])
      assert.equal("no-referrer", header["referrer-policy"])
      assert.equal("nosniff", header["x-content-type-options"])
      assert.equal("text/html; charset=utf-8", header["content-type"])
      local policy = header["content-security-policy"]
      local nonce = policy:match("style%-src 'nonce%-([%w_-]+)'")
      assert.is_truthy(page.body:find('<style nonce="' .. nonce, 1, true))
      assert.is_truthy(policy:find("default-src 'none';", 1, true))
      assert.is_truthy(policy:find("form-action 'self';", 1, true))
      assert.is_truthy(policy:find("frame-ancestors 'none'", 1, true))
      assert.is_nil(policy:find("unsafe", 1, true))
      assert.are_not.equal(policy, visitor:get("/activate").header
        ["content-security-policy"])
    end)

    it("[web-form-application-nowhere] sandbox pages: a form may redirect only "
      .. "to the application", function()
      local page = visitor:get("/mvpd/Cablevision/login?code=" .. whole())
      assert.is_truthy(page.header["content-security-policy"]:find(
        "form-action 'self' https://adobe.com;", 1, true))
      page = visitor:get("/mvpd/Cablevision/login?code="
        .. whole("https://evil.example/"))
      assert.is_truthy(page.header["content-security-policy"]:find(
        "form-action 'self';", 1, true))
    end)

    it("[web-set-cookie-no-script] sandbox pages: set one cookie, once, with "
      .. "HttpOnly and SameSite", function()
        local cookie = visitor:get("/activate").header["set-cookie"]
        assert.is_truthy(cookie:find("^__Host%-adobepass%-sandbox=[%w_-]+;"))
        assert.is_truthy(cookie:find(
          "; Path=/; Secure; HttpOnly; SameSite=Lax", 1, true))
        assert.is_nil(visitor:get("/activate").header["set-cookie"])
        visitor.cookie = "other=1; " .. visitor.cookie
        assert.is_nil(visitor:get("/activate").header["set-cookie"])
      end)
  end)

  it("[web-response-head-refuse] sandbox pages: support HEAD and refuse "
    .. "other methods", function()
    assert.equal(200, visitor:send("HEAD", "/activate").status)
    local response = visitor:send("DELETE", "/activate")
    assert.equal(405, response.status)
    assert.equal("GET, HEAD, POST", response.header.allow)
    assert.is_nil(router.handle(sandbox, { method = "GET", path = "/nowhere",
      headers = {} }))
    assert.is_nil(router.handle(sandbox, { method = "GET", path = "/mvpd/None/login",
      headers = {} }))
    assert.is_nil(router.handle(sandbox, { method = "GET", path = "/mvpd/%zz/login",
      headers = {} }))
    assert.equal("/activate", visitor:get("/").header.location)
  end)

  it("[web-survive-forms-addresses] sandbox pages: survive malformed forms "
    .. "and URLs", function()
    visitor:get("/activate")
    for _, body in ipairs { "%", "code=%zz", "code=a&code=b", "=", "&&",
      ("x"):rep(100000), "code=\0\255" } do
      for _, start in ipairs { "", "token=" .. visitor.token .. "&" } do
        local response = visitor:send("POST", "/activate", start .. body)
        assert.is_true(response.status == 403 or response.status == 422)
      end
    end
    assert.equal(422, visitor:get("/mvpd/Cablevision/login?code=%").status)
  end)
end)
