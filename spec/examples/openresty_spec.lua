--- The gateway as a TV app uses it: two nginx nodes, Redis, and the sandbox over
-- HTTPS.

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local many_clients = require "spec.support.many_clients"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local gateway_nodes = require "spec.examples.gateway_nodes"
local service = require "examples.openresty.service"
local gateway_client = require "spec.examples.gateway_client"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("gateway", function()
  local running, control, one, two, tv

  setup(function()
    -- With the limits, only one device per second could register.
    running = assert(service.start { throttle = false,
      settings = { allow_listed = true, language = "es",
        shared_addresses = { networks = json.array { "203.0.113.0/24" },
          rate = 50, burst = 3 },
        passes = json.array { "TempPass_TEST40" } } })
    control = many_clients.control(running.sandbox)
    one, two = running.nodes[1].url, running.nodes[2].url
  end)
  teardown(function()
    control:close()
    running:stop()
  end)

  local count = 0
  before_each(function() -- each spec has its own address
    count = count + 1
    tv = gateway_client.new { ip = "192.0.2." .. count }
    control:take()
  end)
  after_each(function() tv:close() end)

  -- Returns the number of requests of each operation since the last call.
  local function operations()
    return select(2, control:take())
  end

  local function sign_in(username)
    return tv:sign_in(control, one, two, username)
  end

  local function is_refused(status, code, got, result)
    assert.same({ status, code }, { got, type(result) == "table"
      and result.code or type(result) })
    assert.string(result.message)
    assert.string(result.action)
  end

  describe("viewers", function()
    it("[gateway-code-login-catalog] gateway: a viewer gets a code, logs in, "
      .. "sees a catalog, plays and logs out", function()
      local login, done = sign_in()
      assert.equal(7, #login.code)
      assert.truthy(login.qr:find("/activate?code=" .. login.code, 1, true))
      assert.same({ mvpd = "Cablevision", type = "regular",
        not_after = done.profile.not_after }, done.profile)

      local _, catalog = tv:get(one .. "/catalog")
      local open = {}
      for _, channel in ipairs(catalog.channels) do
        open[channel.id] = channel.permitted
      end
      assert.same({ cnn = true, tbs = true, hbo = false,
        ["late-night"] = true }, open)

      local status, played = tv:post(two .. "/play/cnn")
      assert.equal(200, status)
      local got, playlist, response = tv:get(one .. played.playlist)
      assert.equal(200, got)
      assert.equal("application/vnd.apple.mpegurl",
        response.headers["content-type"])
      local segment = playlist:match "\n(segment1[^\n]*)"
      assert.equal(200, (tv:get(two .. "/hls/cnn/" .. segment)))

      local _, report, logged_out = tv:post(one .. "/logout")
      assert.equal("Cablevision", report.providers[1].mvpd)
      assert.truthy(report.providers[1].url:find "^https://")
      assert.is_nil(logged_out.headers["set-cookie"]) -- however many channels there are
      assert.equal("none", select(2, tv:get(two .. "/login/status")).state)
      is_refused(401, "not_logged_in", tv:post(two .. "/play/cnn"))
    end)

    it("[gateway-providers-last-first] gateway: lists providers without "
      .. "TempPass", function()
      tv:post(one .. "/login")
      local status, result = tv:get(one .. "/providers")
      assert.equal(200, status)
      assert.is_true(#result.providers > 5)
      for _, item in ipairs(result.providers) do
        assert.is_nil(item.id:find "TempPass")
      end
    end)

    it("[gateway-providers-first] gateway: lists providers before the first login, "
      .. "and the login uses the same device", function()
      local status, result = tv:get(one .. "/providers")
      assert.equal(200, status)
      assert.is_true(#result.providers > 5)
      assert.truthy(tv:cookie "gateway_device")
      sign_in()
      assert.equal(1, operations().register)
    end)

    it("[gateway-signed-already-no-code] gateway: returns no code when the "
      .. "viewer is signed in", function()
      sign_in()
      local _, result = tv:post(one .. "/login", { mvpd = "Cablevision" })
      assert.same({ "done", nil }, { result.state, result.code })
    end)

    it("[gateway-not-watch-hears-why] gateway: returns the reason of a "
      .. "denial", function()
      sign_in()
      local status, result = tv:post(one .. "/play/hbo")
      is_refused(403, "authorization_denied_by_mvpd", status, result)
      assert.matches("HBO", result.viewer_text) -- the provider's text
      assert.is_nil(tv:cookie "gateway_ticket")
      is_refused(404, "no_such_channel", tv:post(one .. "/play/nothing"))
    end)

    it("[gateway-language] gateway: returns texts for viewers in the language of "
      .. "its settings", function()
      tv:post(one .. "/login")
      local status, result = tv:post(one .. "/play/cnn")
      is_refused(401, "not_logged_in", status, result)
      assert.equal("Inicie sesión con su proveedor de TV.", result.viewer_text)
    end)

    it("[gateway-media-token] gateway: gives a ticket for a media token of the "
      .. "channel, once, without a device", function()
      local client = many_clients.new_client(running.sandbox)
      finally(function() client:close() end)
      local pass = client:temporary_access { mvpd = "TempPass_TEST40" }
      local bare = { Cookie = false, ["X-Device-Info"] = false }
      local function redeem(node, channel, token)
        return tv:post(node .. "/ticket/" .. channel, { media_token = token }, bare)
      end
      local token = assert(pass:authorize "CNN").media_token
      is_refused(403, "media_token_refused", redeem(one, "tbs", token))
      local status, played = redeem(one, "cnn", token)
      assert.equal(200, status)
      assert.equal(200, (tv:get(two .. played.playlist, bare)))
      local got, result = redeem(two, "cnn", token)
      is_refused(403, "media_token_refused", got, result)
      assert.matches("already been used", result.message)
      is_refused(403, "media_token_refused", redeem(one, "cnn", "token"))
      is_refused(403, "media_token_refused", redeem(one, "cnn"))
      is_refused(404, "no_such_channel", redeem(one, "nothing", token))
    end)

    it("[gateway-viewer-permits] gateway: does not use the permits of the "
      .. "previous viewer", function()
      sign_in "ann"
      assert.is_true(select(2, tv:get(one .. "/catalog"))
        .channels[3].permitted)
      tv:post(two .. "/logout") -- the first node does not see the logout
      sign_in "bob"
      assert.is_false(select(2, tv:get(one .. "/catalog"))
        .channels[3].permitted)
    end)

    it("[gateway-player-cookies-plays] gateway: a player without cookies plays "
      .. "with a ticket in the URL", function()
      sign_in()
      local status, played = tv:post(one .. "/play/tbs", { ticket = "url" })
      assert.equal(200, status)
      assert.is_nil(tv:cookie "gateway_ticket")
      local bare = { Cookie = false }
      assert.equal(200, (tv:get(two .. played.playlist, bare)))
      local base = played.playlist:match "^(.*/)"
      assert.equal(200, (tv:get(one .. base .. "segment2.ts", bare)))
      assert.equal(401, (tv:get(one .. "/hls/tbs/segment2.ts", bare)))
      is_refused(403, "ticket_foreign", tv:get(one
        .. base:gsub("^/hls/tbs/", "/hls/cnn/") .. "segment2.ts", bare))
      for _, wrong in ipairs { base:gsub("~", "~x"), base:gsub("~.-/", "~/"),
        (base:gsub("%.[^.]*/$", ".AAAA/")) } do
        local got = tv:get(one .. wrong .. "segment2.ts", bare)
        assert.is_true(got == 401 or got == 404, wrong)
      end
    end)
  end)

  describe("requests to Adobe", function()
    it("[gateway-device-names-viewer] gateway: sends device info and the "
      .. "viewer's address to Adobe", function()
      sign_in()
      local journal = control:take()
      local seen = 0
      for _, entry in ipairs(journal) do
        if entry.path and entry.path:find "^/api/v2/" then
          seen = seen + 1
          assert.equal(tv.ip, entry.headers["x-forwarded-for"])
          local info = entry.headers["x-device-info"]
          info = info and json.decode(core.base64.decode(info))
          assert.equal(info and tv.ip, info and info.connectionIp)
          assert.equal(info and "Living room", info and info.model)
          assert.equal(info and "TV/9", info and info.userAgent)
          assert.equal("TV/9", entry.headers["user-agent"])
        end
      end
      assert.is_true(seen >= 3)
    end)

    it("[gateway-new-connection] gateway: uses its permits for a device on a new "
      .. "connection, and sends the port of the connection of a login", function()
      -- Without a load balancer, the port is that of the device.
      local direct = gateway_client.new()
      local function reconnect()
        direct:close()
        direct.transport = assert(core.http.new { timeout = 60 })
      end
      direct:sign_in(control, one, one, "ann") -- with a permit for each channel
      control:take()
      for _ = 1, 6 do
        reconnect()
        assert.equal(200, (direct:get(one .. "/catalog")))
      end
      local asked = operations().preauthorize
      assert.is_true(asked <= 2, tostring(asked)) -- one for each worker
      local ports, known = 0, {}
      for _, mvpd in ipairs { "Dish", "Spectrum", "SmallTown" } do
        reconnect()
        local _, login = direct:post(one .. "/login", { mvpd = mvpd })
        assert.equal("pending", login.state, login.code)
      end
      for _, entry in ipairs(control:take()) do
        if entry.path:find "/sessions$" then
          local port = json.decode(core.base64.decode(
            entry.headers["x-device-info"])).connectionPort
          if not known[port] then ports = ports + 1 end
          known[port] = true
        end
      end
      assert.equal(3, ports)
      direct:close()
    end)

    it("[gateway-no-faster-allows-workers] gateway: keeps Adobe's rate limit "
      .. "over all workers of all nodes",
      function()
        sign_in() -- uses three requests of the burst of ten
        local clients, transfers = {}, {}
        for index = 1, 10 do
          clients[index] = gateway_client.new { ip = tv.ip }
          clients[index].cookies = tv.cookies
          transfers[index] = clients[index]:submit("POST",
            (index % 2 == 0 and one or two) .. "/play/cnn", {})
        end
        for index = 1, 10 do
          assert.equal(200, (clients[index]:finish(transfers[index])))
          clients[index]:close()
        end
        local times = {}
        for _, entry in ipairs(control:take()) do
          if entry.path:find "^/api/" then
            times[#times + 1] = entry.time
          end
        end
        assert.equal(13, #times)
        -- Ten requests at once, then three more at about one per second.
        assert.is_true(times[13] - times[12] > 800)
        assert.is_true(times[12] - times[11] > 800)
        assert.is_true(times[13] - times[1] > 2500)
      end)

    it("[gateway-rate-shared-address] gateway: keeps the configured rate of a shared "
      .. "address over all nodes", function()
      local PLAYS = 20
      local shared = gateway_client.new { ip = "203.0.113.9" }
      shared:sign_in(control, one, two)
      control:take()
      local transfers = {}
      for index = 1, PLAYS do
        transfers[index] = shared:submit("POST",
          (index % 2 == 0 and one or two) .. "/play/cnn", {})
      end
      for _, transfer in ipairs(transfers) do
        assert.equal(200, (shared:finish(transfer)))
      end
      shared:close()
      local times = {}
      for _, entry in ipairs(control:take()) do
        if entry.path:find "^/api/" then times[#times + 1] = entry.time end
      end
      assert.equal(PLAYS, #times)
      -- At 50 per second after a burst of 3; one per second would take 17 s.
      local took = times[PLAYS] - times[1]
      assert.is_true(took > 300 and took < 8000, took)
    end)

    it("[gateway-interval-however-often] gateway: polls once per interval over "
      .. "all workers and nodes", function()
      local _, login = tv:post(one .. "/login", { mvpd = "Cablevision" })
      control:take()
      local transfers = {}
      for index = 1, 32 do
        transfers[index] = tv:submit("GET", (index % 2 == 0 and one or two)
          .. "/login/status")
      end
      for index = 1, 32 do
        local status, result = tv:finish(transfers[index])
        assert.same({ 200, "pending", login.code },
          { status, result.state, result.code })
      end
      assert.equal(1, operations().profile_for_code)
    end)

    it("[gateway-code-however-often] gateway: creates one session for "
      .. "concurrent login requests of a device", function()
      local transfers, codes = {}, {}
      tv:post(one .. "/login") -- gets a cookie
      control:take()
      for index = 1, 12 do
        transfers[index] = tv:submit("POST", (index % 2 == 0 and one or two)
          .. "/login", { mvpd = "Dish" })
      end
      for index = 1, 12 do
        codes[select(2, tv:finish(transfers[index])).code or "none"] = true
      end
      assert.is_nil(codes.none)
      assert.string((next(codes)))
      assert.is_nil(next(codes, (next(codes))))
      assert.equal(1, operations().create_session)
    end)

    it("[gateway-registration-token] gateway: registers once and requests one "
      .. "token for all workers of all nodes",
      function()
        local device = gateway_client.new { ip = tv.ip }
        -- A device that has a cookie but no state in the store.
        assert.equal(200, (device:post(one .. "/login")))
        running.redis:ask "flushall"
        control:take()
        control:fault { kind = "delay", operation = "register",
          seconds = 0.3 }
        local clients, transfers = {}, {}
        for index = 1, 32 do -- connections, which the kernel spreads over workers
          clients[index] = gateway_client.new { ip = tv.ip }
          clients[index].cookies = device.cookies
          transfers[index] = clients[index]:submit("GET",
            (index % 2 == 0 and one or two) .. "/providers")
        end
        for index = 1, 32 do
          assert.equal(200, (clients[index]:finish(transfers[index])))
          clients[index]:close()
        end
        device:close()
        local counts = operations()
        assert.same({ 1, 1 }, { counts.register, counts.token })
        local workers, kinds = {}, 0
        for node, worker in folder.read(running.log):gmatch
          '"node":"([^"]+)","worker":(%d+)[^\n]+"route":"providers"' do
          if not workers[node .. worker] then kinds = kinds + 1 end
          workers[node .. worker] = true
        end
        assert.equal(4, kinds)
      end)
  end)

  describe("refused requests", function()
    it("[gateway-tv-not-say] gateway: refuses a TV without valid device "
      .. "info", function()
      for _, info in ipairs { false, "", "no base64!", "WzFd", "e30",
        ("A"):rep(8000) } do
        local status, result = tv:post(one .. "/login", nil,
          { ["X-Device-Info"] = info })
        assert.is_true(status == 400, tostring(info))
        assert.truthy(result.code:find "^invalid_header" or result.code
          == "http_400")
      end
    end)

    it("[gateway-info-shared-connection] gateway: refuses a device info that would end "
      .. "the connection to Adobe, and does not send it", function()
      sign_in()
      control:take()
      local info = json.encode { model = "x", version = "1", osName = "Linux",
        osVersion = "6", connectionType = "LAN" }:sub(1, -2) .. ',"x":"%s"}'
      for _, text in ipairs { ("\127"):rep(5500), ("\127"):rep(1000), "\\u0001",
          ("x"):rep(6030), ("x"):rep(3100) } do
        is_refused(400, "invalid_header_device_info", tv:post(one .. "/play/cnn", {},
          { ["X-Device-Info"] = core.base64.encode(info:format(text)) }))
      end
      assert.equal(200, (tv:post(one .. "/play/cnn", {}, { ["User-Agent"] =
        ("x"):rep(4000), ["X-Device-Info"] = core.base64.encode(info:format(
          ("x"):rep(2900))) })))
      assert.equal(1, operations().authorize)
    end)

    it("[gateway-info-lacks] gateway: a refused device info gets status 400 and "
      .. "a sentence that names the missing keys", function()
      local header = core.base64.encode '{"model":"x","osName":"Linux"}'
      local status, result = tv:post(one .. "/login", nil,
        { ["X-Device-Info"] = header })
      assert.same({ 400, "invalid_header_device_info", "X-Device-Info lacks "
        .. "version, osVersion, connectionType: Adobe requires model, version, "
        .. "osName, osVersion, connectionType." },
        { status, result.code, result.message })
    end)

    it("[gateway-no-cookie-ours] gateway: refuses a request without a cookie "
      .. "of the gateway", function()
      for _, path in ipairs { "/login/status", "/catalog" } do
        is_refused(401, "device_unknown", tv:get(one .. path))
        is_refused(401, "device_unknown",
          tv:get(one .. path, { Cookie = "gateway_device=x.y.z" }))
      end
      is_refused(401, "device_unknown", tv:post(one .. "/play/cnn"))
      is_refused(401, "device_unknown", tv:post(one .. "/logout"))
    end)

    it("[gateway-method-type-field] gateway: refuses a wrong method, content "
      .. "type or field", function()
      tv:post(one .. "/login") -- gets a cookie
      control:take()
      is_refused(405, "bad_request", tv:get(one .. "/login"))
      is_refused(405, "bad_request", tv:post(one .. "/catalog"))
      for _, kind in ipairs { "text/plain", "application/jsonx",
        "application/x-www-form-urlencoded", "multipart/form-data" } do
        is_refused(415, "bad_request",
          tv:post(one .. "/login", "{}", { ["Content-Type"] = kind }))
      end
      for _, body in ipairs { "", "no json", "5", '{"mvpd":5}',
        '{"redirect_url":"https://evil.example"}',
        '{"domain_name":"evil.example"}' } do
        is_refused(400, "bad_request", tv:post(one .. "/login", body))
      end
      is_refused(413, "http_413",
        tv:post(one .. "/login", ('{"mvpd":"%s"}'):format(("x"):rep(9000))))
      assert.equal(0, operations().create_session)
    end)

    it("[gateway-error-names-field] gateway: the error of a wrong body names the "
      .. "field", function()
      for body, text in pairs { ['{"mvpd":5}'] = "The field 'mvpd' must be a string.",
          ['{"mvdp":"x"}'] = "Unknown field 'mvdp'; the fields are: mvpd.",
          ['{"a\\n\\u00e9":1}'] = "Unknown field 'a???'; the fields are: mvpd.",
          ["[1]"] = "Unknown field '1'; the fields are: mvpd." } do
        local status, result = tv:post(one .. "/login", body)
        assert.same({ 400, text }, { status, result.message })
      end
      local long = { [("x"):rep(500)] = 1 }
      assert.is_true(#select(2, tv:post(one .. "/login", long)).message < 100)
      tv:post(one .. "/login")
      assert.equal("Unknown field 'x'; the body must be {}.",
        select(2, tv:post(one .. "/logout", { x = 1 })).message)
    end)

    it("[gateway-provider] gateway: refuses an unknown provider", function()
      local status, result = tv:post(one .. "/login", { mvpd = "Nobody" })
      assert.is_true(status == 400, tostring(result.code))
    end)

    it("[gateway-led-files] gateway: refuses paths to other files", function()
      sign_in()
      tv:post(one .. "/play/cnn")
      local all = { Cookie = ("gateway_device=%s; gateway_ticket=%s"):format(
        tv:cookie "gateway_device", tv:cookie "gateway_ticket") }
      assert.equal(200, (tv:get(one .. "/hls/cnn/index.m3u8", all)))
      for _, path in ipairs { "/hls/cnn/../tbs/index.m3u8",
        "/hls/cnn/..%2ftbs/index.m3u8", "/hls/cnn/%2e%2e/tbs/index.m3u8",
        "/hls/cnn//../tbs/index.m3u8", "/hls//cnn/../tbs/segment1.ts",
        "/hls/tbs/index.m3u8", "/hls/cnn/../../settings.json",
        "/hls/cnn/../../key-ticket_keys", "/settings.json", "/hls/cnn/",
        "/hls/cnn/.htaccess", "/hls/cnn/index.m3u8%00.ts",
        "/hls/cnn/..%5c..%5csettings.json", "/hls/",
        "/hls/cnn/nothing.ts" } do
        local status = tv:get(one .. path, all)
        assert.is_true(status == 403 or status == 404 or status == 400, path)
      end
    end)

    it("[gateway-tickets-forged-expired] gateway: refuses forged tickets and "
      .. "tickets of another device or channel", function()
      sign_in()
      tv:post(one .. "/play/cnn")
      local ticket, device = tv:cookie "gateway_ticket",
        tv:cookie "gateway_device"
      local function get(given, holder, path)
        return tv:get(one .. (path or "/hls/cnn/segment1.ts"), { Cookie =
          ("gateway_device=%s; gateway_ticket=%s"):format(holder, given) })
      end
      assert.equal(200, (get(ticket, device)))
      local id, payload, mac = ticket:match "^(.-)%.(.-)%.(.*)$"
      local longer = core.base64.url_encode((core.base64.url_decode(payload)
        :gsub("^%d+", "9999999999")))
      is_refused(401, "ticket_missing", get("", device))
      is_refused(401, "ticket_missing", get(device, device))
      is_refused(401, "ticket_missing",
        get(("%s.%s.%s"):format(id, longer, mac), device))
      is_refused(403, "ticket_foreign",
        get(ticket, device, "/hls/tbs/segment1.ts"))
      is_refused(403, "ticket_foreign", get(ticket, "none"))
      local other = gateway_client.new { ip = "192.0.2.200" }
      other:post(one .. "/login")
      is_refused(403, "ticket_foreign",
        get(ticket, (other:cookie "gateway_device")))
      assert.equal(200, (get(ticket, device))) -- the ticket is still valid
      other:close()
      -- A ticket for a cookie is not valid in a URL.
      is_refused(401, "ticket_missing",
        tv:get(("%s/hls/cnn/~%s/segment1.ts"):format(one, ticket)))
    end)

    it("[gateway-believe-load-balancer] gateway: accepts a viewer's address "
      .. "only from the load balancer",
      function()
        local careful = assert(service.start { throttle = false, nodes = 1,
          workers = 1, trusted = "198.51.100.1",
          settings = { rate_limit = { rate = 0.001 } } }) -- Redis keeps the key
        local sandbox_control = many_clients.control(careful.sandbox)
        assert.equal(200, (tv:post(careful.nodes[1].url .. "/login")))
        local journal = sandbox_control:take()
        local sent = journal[#journal].headers
        assert.equal("127.0.0.1", sent["x-forwarded-for"])
        local info = json.decode(core.base64.decode(sent["x-device-info"]))
        assert.equal("127.0.0.1", info.connectionIp)
        assert.is_true(info.connectionPort > 0)
        -- Adobe's list contains the address of `running`, not that of this gateway.
        assert.same({ "1", "0" }, {
          careful.redis:ask "exists gateway:rate_limit:own",
          running.redis:ask "exists gateway:rate_limit:own" })
        sandbox_control:close()
        careful:stop()
      end)

    it("[gateway-adobe-refuses] gateway: responds 503 with Retry-After to a 429 of "
      .. "Adobe, and 502 when Adobe refuses", function()
      local function play_fails(fault)
        fault.operation, fault.count = "authorize", 1000
        control:fault(fault)
        local status, result, response = tv:post(one .. "/play/cnn")
        control:ask("DELETE", "/sandbox/faults")
        return status, result, response
      end
      sign_in()
      is_refused(502, "http_403", play_fails { kind = "status", status = 403 })
      assert.equal(200, (tv:post(one .. "/play/cnn")))
      local status, result, response = play_fails { kind = "too_many_requests",
        retry_after = 60 }
      is_refused(503, "too_many_requests", status, result)
      assert.same({ 60, "60" }, { result.retry_after, response.headers["retry-after"] })
      -- The address is blocked on all nodes, and others are not.
      is_refused(503, "timeout", tv:post(two .. "/play/cnn"))
      assert.equal(200, (gateway_client.new { ip = "192.0.2.201" }
        :post(two .. "/login", { mvpd = "Cablevision" })))
    end)

    it("[gateway-rate-limit-lifetime] gateway: keeps an address in Redis while its "
      .. "next request is not within the rate; with a used burst for a day or minutes",
      function()
        local function key(address) return "gateway:rate_limit:" .. address end
        local function lifetime(address)
          local device = gateway_client.new { ip = address }
          device:post(one .. "/login")
          device:close()
          return tonumber(running.redis:ask("pttl " .. key(address)))
        end
        sign_in()
        running.redis:ask("del " .. key(tv.ip))
        assert.equal(200, (tv:post(one .. "/play/cnn"))) -- one request to Adobe
        local unused = tonumber(running.redis:ask("pttl " .. key(tv.ip)))
        control:fault { kind = "too_many_requests", retry_after = 60,
          operation = "create_session", count = 2 }
        local ipv4, ipv6 = lifetime "192.0.2.203", lifetime "2001:db8:c::1"
        assert.is_true(unused ~= -1 and unused <= 1000, unused) -- -1: no expiry
        assert.is_true(ipv4 > 86e6 and ipv4 <= 86.47e6, ipv4)
        assert.is_true(ipv6 > 6e5 and ipv6 <= 6.61e5, ipv6)
      end)

    it("[gateway-asks-far] gateway: refuses a client that sends too many "
      .. "requests", function()
      local worst, last = 0, nil
      for _ = 1, 120 do
        local status, result = tv:get(one .. "/login/status")
        if status > worst then worst, last = status, result end
      end
      is_refused(429, "http_429", worst, last)
      assert.equal(2, last.retry_after)
    end)

    it("[gateway-device-at-once] gateway: runs 16 requests of a device at once, and "
      .. "refuses more", function()
      tv:post(one .. "/login")
      local payload = tv:cookie "gateway_device":match "^.-%.(.-)%."
      local id = core.base64.url_decode(payload)
      local key = "adobepass:gateway:lock:"
        .. core.digest.hex(core.digest.sha256(id)):sub(1, 32)
      running.redis:ask("set " .. key .. " held")
      local transfers, refused = {}, 0
      for index = 1, 17 do transfers[index] = tv:submit("POST", one .. "/login", {}) end
      gateway_nodes.eventually(function()
        tv.transport:step(0)
        for _, transfer in ipairs(transfers) do
          if transfer:ended() then return true end
        end
      end)
      running.redis:ask("del " .. key)
      for _, transfer in ipairs(transfers) do
        local status, result = tv:finish(transfer)
        if status ~= 200 then
          refused = refused + 1
          is_refused(429, "http_429", status, result)
        end
      end
      assert.equal(1, refused)
    end)

    it("[gateway-new-devices-address] gateway: limits new devices per address, "
      .. "but not known devices", function()
      local known = tv:post(one .. "/login")
      assert.equal(200, known)
      control:take()
      local forged = { Cookie = "gateway_device=a.b.c" }
      for index = 1, 5 do
        assert.equal(200, (tv:post(one .. "/login", {}, index % 2 == 0
          and forged or { Cookie = false })))
      end
      is_refused(429, "http_429", tv:post(one .. "/login", {},
        { Cookie = false }))
      is_refused(429, "http_429", tv:post(one .. "/login", {}, forged))
      assert.equal(5, operations().register)
    end)

    it("[gateway-new-devices-prefix] gateway: limits new devices per IPv6 "
      .. "/56", function()
      local function arrive(address)
        return tv:post(one .. "/login", {},
          { Cookie = false, ["X-Forwarded-For"] = address })
      end
      for index = 1, 6 do
        assert.equal(200, (arrive(("2001:db8:7:%d::1"):format(index))))
      end
      is_refused(429, "http_429", arrive "2001:db8:7:ff::9")
      assert.equal(200, (arrive "2001:db8:7:100::1"))
      -- An IPv4 address in the form of IPv6 counts as that address.
      for index = 1, 7 do
        assert.equal(200, (arrive("::ffff:198.51.100." .. index)))
      end
    end)

    it("[gateway-new-devices-shared] gateway: allows more new devices for an address "
      .. "that is listed as shared", function()
      for _ = 1, 70 do
        assert.equal(200, (tv:get(one .. "/providers", { Cookie = false,
          ["X-Forwarded-For"] = "203.0.113.7" })))
      end
    end)

    it("[gateway-devices-one-address] gateway: limits known devices of one address "
      .. "each for itself", function()
      local first, second = gateway_client.new { ip = "203.0.113.8" },
        gateway_client.new { ip = "203.0.113.8" }
      first:post(one .. "/login")
      second:post(one .. "/login")
      local worst = 0
      for _ = 1, 120 do
        worst = math.max(worst, (first:get(one .. "/login/status")))
      end
      assert.equal(429, worst)
      assert.equal(200, (second:get(one .. "/login/status")))
      first:close()
      second:close()
    end)

    it("[gateway-headers-large-form] gateway: refuses large headers with an "
      .. "error in JSON", function()
      local status, result = tv:get(one .. "/providers",
        { Cookie = "a=" .. ("x"):rep(10000) })
      is_refused(431, "http_431", status, result)
    end)
  end)

  it("[gateway-responses-cookies] gateway: sets the security headers and the "
    .. "cookie attributes", function()
    sign_in()
    local _, _, response = tv:post(one .. "/play/cnn")
    assert.equal("no-store", response.headers["cache-control"])
    assert.equal("nosniff", response.headers["x-content-type-options"])
    assert.equal("no-referrer", response.headers["referrer-policy"])
    assert.truthy(response.headers["content-security-policy"]
      :find("default-src 'none'", 1, true))
    _, _, response = tv:get(one .. "/hls/cnn/index.m3u8")
    assert.equal("private", response.headers["cache-control"])
    local _, cookie = tv:cookie "gateway_ticket"
    assert.truthy(cookie.line:find("; HttpOnly; SameSite=Strict", 1, true))
    assert.equal("/hls/cnn/", cookie.path)
    assert.is_nil(response.headers["access-control-allow-origin"])
  end)

  it("[gateway-keys-change-tickets] gateway: rotates ticket keys and refuses "
    .. "tickets of removed keys",
    function()
      local changing = assert(service.start { throttle = false, nodes = 1,
        settings = { ticket_seconds = 300 } })
      local url = changing.nodes[1].url
      local sandbox_control = many_clients.control(changing.sandbox)
      tv:sign_in(sandbox_control, url)
      tv:post(url .. "/play/cnn")
      local path = url .. "/hls/cnn/segment1.ts"
      assert.equal(200, (tv:get(path)))

      -- Returns when no worker has the former keys.
      local function change(keys)
        local node = changing.nodes[1]
        local former = gateway_nodes.workers(node)
        changing:configure { ticket_keys = json.array(keys) }
        folder.run("kill -HUP " .. node.server.pid)
        gateway_nodes.await_end(former)
      end
      local old = changing.settings.ticket_keys[1]
      local new = service.new_key(changing.folder, "second")
      change { old, new } -- the new key only verifies
      change { new, old }
      assert.equal(200, (tv:get(path)))
      local before = tv:cookie "gateway_ticket"
      assert.equal(200, (tv:post(url .. "/play/tbs")))
      change { new }
      is_refused(401, "ticket_missing", tv:get(path))
      assert.equal(200, (tv:get(url .. "/hls/tbs/segment1.ts")))
      assert.is_nil(before:find "^second%.")
      -- Device and login do not depend on the ticket keys.
      assert.equal("done", select(2, tv:get(url .. "/login/status")).state)
      sandbox_control:close()
      changing:stop()
    end)

  it("[gateway-plays-media-token] gateway: refuses a media token with a wrong "
    .. "signature", function()
    local path = folder.make()
    folder.run(("openssl genrsa 2048 2> /dev/null | openssl rsa -pubout "
      .. "-out %s/other.pem 2> /dev/null"):format(path))
    local strict = assert(service.start { throttle = false, nodes = 1,
      workers = 1, settings = { media_key_file = path .. "/other.pem" } })
    local url, sandbox_control = strict.nodes[1].url,
      many_clients.control(strict.sandbox)
    tv:sign_in(sandbox_control, url)
    is_refused(502, "media_token_refused", tv:post(url .. "/play/cnn"))
    assert.is_nil(tv:cookie "gateway_ticket")
    sandbox_control:close()
    strict:stop()
    folder.remove(path)
  end)

  it("[gateway-ticket-end] gateway: refuses an expired ticket, even one that "
    .. "it has cached", function()
    local brief = assert(service.start { throttle = false, nodes = 1,
      workers = 1, settings = { ticket_seconds = 2 } })
    local url = brief.nodes[1].url
    local sandbox_control = many_clients.control(brief.sandbox)
    tv:sign_in(sandbox_control, url)
    tv:post(url .. "/play/cnn")
    local path, deadline = url .. "/hls/cnn/segment1.ts",
      core.clock.monotonic() + 20
    assert.equal(200, (tv:get(path)))
    local status, result
    repeat
      status, result = tv:get(path)
    until status ~= 200 or core.clock.monotonic() > deadline
    is_refused(401, "ticket_expired", status, result)
    sandbox_control:close()
    brief:stop()
  end)

  describe("operators", function()
    it("[gateway-lives-ready] gateway: reports health and metrics to operators "
      .. "only", function()
      local node = running.nodes[1]
      assert.equal("alive", select(2, tv:get(node.operator
        .. "/health/live")).state)
      assert.equal("ready", select(2, tv:get(node.operator
        .. "/health/ready")).state)
      for _, path in ipairs { "/health/live", "/health/ready", "/metrics" } do
        assert.equal(404, (tv:get(one .. path)))
      end
    end)

    it("[gateway-numbers-prometheus-reads] gateway: returns metrics in the "
      .. "format of Prometheus", function()
      sign_in()
      tv:post(one .. "/play/cnn")
      tv:get(one .. "/hls/cnn/segment1.ts")
      local _, text, response = tv:get(running.nodes[1].operator .. "/metrics")
      assert.equal("text/plain; version=0.0.4",
        response.headers["content-type"])
      for line in text:gmatch "[^\n]+" do
        assert.truthy(line:find "^# %u+ [%l_]+ %S"
          or line:find '^[%l_]+{[%w_="/.+,-]*} %d[%d.e-]*$', line)
      end
      assert.truthy(text:find('gateway_requests_total{route="play",'
        .. 'status="200"}', 1, true))
      assert.truthy(text:find('gateway_adobe_requests_total{'
        .. 'operation="authorize",status="200",access="regular"}', 1, true))
      local last = 0
      for number in text:gmatch('gateway_request_seconds_bucket{route="play",'
          .. 'outcome="success",le="[^"]+"} (%d+)') do
        assert.is_true(tonumber(number) >= last)
        last = tonumber(number)
      end
      assert.is_true(last >= 1)
      assert.truthy(text:find(('gateway_request_seconds_count{route="play",'
        .. 'outcome="success"} %d\n'):format(last), 1, true))
    end)

    it("[gateway-pass] gateway: plays with a TempPass without a login, with a ticket "
      .. "that ends with it, and counts the request as temporary access", function()
      tv:post(one .. "/login")
      is_refused(401, "not_logged_in", tv:post(one .. "/play/cnn"))
      local status, played = tv:post(one .. "/play/cnn", { pass = true })
      assert.equal(200, status)
      assert.equal(200, (tv:get(one .. played.playlist)))
      local seconds = played.expires_at / 1000 - os.time()
      assert.is_true(seconds > 150 and seconds <= 182, tostring(seconds))
      local _, text = tv:get(running.nodes[1].operator .. "/metrics")
      local line = 'gateway_adobe_requests_total{operation="authorize",'
        .. 'status="200",access="temporary"} 1\n'
      assert.truthy(text:find(line, 1, true), text)
      assert.truthy(text:find('{operation="register",status="201",access="none"}',
        1, true))
      assert.equal(400, (tv:post(one .. "/play/cnn", { pass = "TempPass" })))
    end)

    it("[gateway-pass-login] gateway: a ticket ends with its TempPass also when the "
      .. "viewer chose the pass at the login", function()
      local _, result = tv:post(one .. "/login", { mvpd = "TempPass_TEST40" })
      assert.same({ "done", "temporary" }, { result.state, result.profile.type })
      for _ = 1, 2 do
        local status, played = tv:post(one .. "/play/cnn")
        assert.equal(200, status)
        local seconds = played.expires_at / 1000 - os.time()
        assert.is_true(seconds > 150 and seconds <= 182, tostring(seconds))
      end
    end)

    it("[gateway-pass-not-offered] gateway: gives no access with a TempPass that the "
      .. "setting passes does not list, also if the second screen names it", function()
      local _, login = tv:post(one .. "/login", {})
      many_clients.new_client(running.sandbox):resume_login { code = login.code,
        mvpd = "TempPass", domain_name = "adobe.com",
        redirect_url = "https://adobe.com" }
      assert.equal("done", select(2, tv:get(two .. "/login/status")).state)
      local status, refused = tv:post(one .. "/play/cnn")
      is_refused(401, "pass_not_offered", status, refused)
      assert.equal("authentication", refused.action)
      assert.string(refused.viewer_text)
      local other = gateway_client.new { ip = tv.ip }
      other:post(one .. "/login", { mvpd = "TempPass_5mins" })
      is_refused(401, "pass_not_offered", other:post(two .. "/play/cnn"))
      other:close()
    end)

    it("[gateway-log-device-info] gateway: logs an unusual device info in one "
      .. "short line, without its keys", function()
      local info = { model = "x", version = "1", osName = "Linux",
        osVersion = "6", connectionType = "LAN" }
      for index = 1, 200 do info["k" .. index .. "@x.co"] = 1 end
      local header = core.base64.encode(json.encode(info))
      local before = #folder.read(running.log)
      for _ = 1, 3 do
        assert.equal(200, (tv:post(one .. "/login", {},
          { ["X-Device-Info"] = header })))
      end
      local text, lines = folder.read(running.log):sub(before + 1), 0
      for line in text:gmatch "[^\n]+" do
        if line:find('"device_info"', 1, true) then
          lines = lines + 1
          assert.is_true(#line < 400, line)
        end
      end
      assert.is_true(lines >= 1 and lines <= 3, lines)
      assert.is_nil(text:find("@x.co", 1, true))
    end)

    it("[gateway-happened-lines-json] gateway: writes its log as lines of JSON "
      .. "without secrets", function()
      local login = sign_in()
      local _, played = tv:post(one .. "/play/cnn", { ticket = "url" })
      tv:post(two .. "/play/tbs")
      local _, snapshot = nil, control:ask("GET", "/sandbox/snapshot")
      local text, lines = folder.read(running.log), 0
      for line in text:gmatch "[^\n]+" do
        assert.string(assert(json.decode(line)).event, line)
        lines = lines + 1
      end
      assert.is_true(lines > 20)
      local secrets = { login.code, played.playlist:match "~(.-)/",
        tv:cookie "gateway_device", tv:cookie "gateway_ticket", tv.ip,
        running.sandbox.statement, "Living room", "uuid-ann",
        folder.read(running.settings.ticket_keys[1].file) }
      for id, client in pairs(snapshot.clients) do
        secrets[#secrets + 1] = id
        secrets[#secrets + 1] = client.secret or client.client_secret
      end
      assert.is_true(#secrets > 10)
      for _, secret in ipairs(secrets) do
        assert.is_nil(text:find(secret, 1, true), secret)
      end
    end)
  end)

  it("[gateway-error-log-private] gateway: nginx's error log contains no ticket for a "
    .. "file that is missing or cannot be opened, or a body that is too large, and no "
    .. "address of a refused request",
    function()
      sign_in()
      local _, played = tv:post(one .. "/play/cnn", { ticket = "url" })
      local base = one .. played.playlist:match "^(.*/)"
      folder.run(("ln -sf loop.ts %s/hls/cnn/loop.ts"):format(running.folder))
      assert.equal(404, (tv:get(base .. "segment9.ts")))
      assert.not_equal(200, (tv:get(base .. "loop.ts")))
      local large = ("x"):rep(5000)
      assert.equal(413, (tv:post(base .. "segment1.ts", large)))
      for _, name in ipairs { "segment1.mp4", "a/b.ts", "" } do
        assert.equal(413, (tv:post(base .. name, large)))
        is_refused(404, "http_404", tv:get(base .. name))
      end
      tv:post(one .. "/play/cnn")
      assert.equal(404, (tv:get(one .. "/hls/cnn/segment9.ts")))
      local worst = 0
      for _ = 1, 120 do
        worst = math.max(worst, (tv:get(one .. "/login/status")))
      end
      assert.equal(429, worst)
      local _, numbers = tv:get(running.nodes[1].operator .. "/metrics")
      for _, status in ipairs { "404", "413", "429" } do
        assert.truthy(numbers:find('gateway_requests_total{route="none",status="'
          .. status .. '"} ', 1, true), status)
      end
      local text = running.nodes[1].server:log()
      assert.is_nil(text:find(played.playlist:match "~([^/]+)", 1, true))
      assert.is_nil(text:find("client: " .. tv.ip .. ",", 1, true))
    end)

  it("[gateway-nothing-complain] gateway: logs no internal error during these "
    .. "specs", function()
    for _, node in ipairs(running.nodes) do
      local output = node.server:log()
      assert.is_nil(output:find("uncaught error", 1, true), output)
      assert.is_nil(output:find("lua entry thread aborted", 1, true), output)
    end
  end)
end)
