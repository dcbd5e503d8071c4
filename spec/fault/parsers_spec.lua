--- Parsers in Lua with mutated input: each returns a value or nil, and never
-- raises. ADOBEPASS_PARSER=7 repeats the run of one seed.

local core = require "adobepass.core"
local info_schema = require "adobepass.device.info_schema"
local seeded_random = require "spec.fault.seeded_random"
local environment = require "adobepass.api.environment"
local errors = require "adobepass.api.errors"
local file_store = require "adobepass.store.file"
local folder = require "spec.support.folder"
local sandbox_fixture = require "spec.sandbox.fixture"
local http_date = require "adobepass.util.http_date"
local json = require "adobepass.util.json"
local damaged_json = require "spec.fault.damaged_json"
local open_handles = require "spec.support.open_handles"
local media_token = require "adobepass.media_token"
local memory = require "adobepass.store.memory"
local partner_status = require "adobepass.sandbox.data.partner_status"
local saml = require "adobepass.sandbox.data.saml"
local sandbox_device = require "adobepass.sandbox.engine.device"
local wire = require "adobepass.sandbox.engine.url_encoding"
local xml = require "adobepass.util.xml"

local RUNS = seeded_random.choose_count(100, 3000)

-- Each input is one of these with one to three mutations.
local function mutate(seeds, body)
  seeded_random.each("ADOBEPASS_PARSER", RUNS, function(one)
    local text = damaged_json.mutate(one, one:pick(seeds))
    local good, why = pcall(body, text)
    assert(good, ("%q: %s"):format(text, tostring(why)))
  end)
end

local function is_text_or_nil(value)
  assert(value == nil or type(value) == "string")
end

describe("parsers", function()
  local h, media

  setup(function()
    h = sandbox_fixture.new()
    h:log_in()
    local reply = h:authorize("Cablevision", { "CNN" }).json
    media = reply.decisions[1].token.serializedToken
  end)
  teardown(function()
    h = nil
    open_handles.assert_none()
  end)

  it("[hostile-parser-date-number] http_date.parse: returns whole seconds or "
    .. "nil for a mutated date", function()
    mutate({ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
      "Sunday, 06-Nov-94 08:49:37 GMT", "Thu, 29 Feb 2024 23:59:60 GMT" },
      function(text)
        local seconds = http_date.parse(text)
        assert(seconds == nil or seconds % 1 == 0)
      end)
  end)

  it("[hostile-parser-retry-after-0] errors: limit a mutated Retry-After to "
    .. "one hour or ignore it", function()
    mutate({ "1", "120", "99999999999", "Sun, 06 Nov 1994 08:49:37 GMT" },
      function(text)
        local err = errors.from_response("token", { status = 429,
          headers = { ["retry-after"] = text, date = text } })
        local after = err.retry_after
        assert(after == nil or after >= 0 and after <= 3600)
      end)
  end)

  it("[hostile-parser-media-token] media_token: returns only strings for a "
    .. "mutated token and does not verify it",
    function()
      local key = assert(core.public_key(h.control.certificates().media))
      local plain = core.base64.decode(media)
      local good = assert(media_token.inspect(media))
      local signed = plain:match "<shortAuthorizationToken>.*"
      mutate({ media, plain }, function(text)
        if text:find "^<" then text = core.base64.encode(text) end
        for name, value in pairs(media_token.inspect(text) or {}) do
          assert(type(value) == (name == "ttl" and "number" or "string"))
        end
        local result = media_token.verify(text, { key = key,
          now_ms = h.sandbox:now(), once = memory() })
        if not result then return end
        assert(core.base64.decode(text):find(signed, 1, true))
        assert(result.resource == good.resource)
      end)
    end)

  it("[hostile-parser-json-text-value] json.decode: returns a value that can "
    .. "be encoded, or nil, for a mutated text", function()
    local responses = {}
    for index, entry in ipairs(h.responses) do
      responses[index] = entry.response.body
    end
    mutate(responses, function(text)
      local value = json.decode(text)
      if value == nil then return end
      local again = json.encode(value)
      assert(json.encode(json.decode(again)) == again)
    end)
  end)

  it("[hostile-parser-address-origin] environment.origin: returns only scheme "
    .. "and host, or nil, for a mutated URL", function()
    mutate({ "https://sp.auth.adobe.com", "http://127.0.0.1:8443/x?y#z",
      "HTTPS://[::1]:443", "https://user@host/" }, function(text)
        local origin = environment.origin(text)
        assert(not origin or origin:find "^https?://[^/?#@%s%c\\]+$")
      end)
  end)

  it("[hostile-parser-error-sentence] errors: build a message without control "
    .. "characters from a mutated error", function()
    mutate({ '{"error":{"code":"a","message":"b","status":403,'
      .. '"details":"c","helpUrl":"d","trace":"e","action":"none"}}',
      '{"error":"invalid_client","error_description":"x"}' },
      function(text)
        local err = errors.from_response("token",
          { status = 403, headers = {} }, json.decode(text), 0, { "b" })
        assert(not tostring(err):find "%c" and #tostring(err) < 1500)
      end)
  end)

  it("[hostile-parser-device-info] info_schema: checks mutated device info "
    .. "without a Lua error", function()
    mutate({ sandbox_fixture.encode(sandbox_fixture.INFO),
      core.base64.encode "{}",
      core.base64.encode '{"model":{},"x":[]}' }, function(text)
        for _, warning in ipairs(info_schema.check(text)) do
          assert(type(warning) == "string")
        end
        local info = sandbox_device.info(text)
        assert(json.encode(sandbox_device.describe(info, text, text)))
      end)
  end)

  it("[hostile-parser-file-store] file store: returns the saved value or "
    .. "store_failed for a mutated file", function()
    local path = folder.make()
    local store = file_store(path .. "/store")
    assert(store:set("credentials", "precious"))
    local name = path .. "/store/"
      .. core.digest.hex(core.digest.sha256 "credentials")
    mutate({ (folder.read(name)) }, function(text)
      folder.write(name, text)
      local value, _, code = store:get "credentials"
      is_text_or_nil(value)
      assert(code == nil or code == "store_failed")
    end)
    folder.remove(path)
  end)

  -- --- the sandbox ----------------------------------------------------------

  it("[hostile-parser-escape-undone] sandbox: unescapes or refuses a mutated "
    .. "path", function()
    mutate({ "a%20b", "%41%42", "REF30", "a%2Fb%00" }, function(text)
      local plain = wire.unescape(text)
      is_text_or_nil(plain)
      assert(wire.unescape(wire.escape(text)) == text)
    end)
  end)

  it("[hostile-parser-form-names-values] sandbox: parses or refuses a mutated "
    .. "form", function()
    mutate({ "a=b&c=d+e&a=f", "grant_type=client_credentials&client_id=%41",
      "SAMLResponse=PHNhbWw%2BPC9zYW1sPg%3D%3D" }, function(text)
        for name, value in pairs((wire.form(text)) or {}) do
          assert(type(name) == "string" and type(value) == "string")
        end
      end)
  end)

  it("[hostile-parser-media-type-url] sandbox: accepts a mutated media type or "
    .. "URL only without delimiters", function()
    mutate({ "application/json; charset=utf-8", "https://a.test/b?c=d",
      "adobepass://com.programmer", "javascript:alert(1)" }, function(text)
        assert(not wire.media_type(text):find "[;%s]")
        local is_safe = wire.safe_url(text)
        assert(not is_safe or not text:find "[%c%s\"'<>\\]")
        assert(not xml.escape(text):find "[<>\"']")
      end)
  end)

  it("[hostile-parser-partner-status] sandbox: reads a known viewer, or none, "
    .. "from a mutated partner status or SAML response", function()
    local context = { sandbox = h.sandbox, mvpd = { id = "Cablevision" },
      owner = function() return "owner" end }
    local request = saml.request(context)
    local response = saml.response(h.sandbox, request, "Cablevision", "ann")
    mutate({ request, response, h:partner_status(),
      core.base64.decode(response) }, function(text)
        if text:find "^<" then text = core.base64.encode(text) end
        is_text_or_nil((partner_status.read(h.sandbox, text)))
        local read = saml.read_response(context, text)
        assert(read == nil or h.sandbox.world.viewers[read.username])
        is_text_or_nil((saml.response(h.sandbox, text, "Cablevision", "ann")))
      end)
  end)

  -- Every route, including pages, with headers, cookies and bodies.
  it("[hostile-parser-request-responded] sandbox: responds to every mutated "
    .. "request", function()
    local code = h:session({ mvpd = "Dish" }).json.code
    local forms = { "code=" .. code, "mvpd=Cablevision&username=ann",
      "username=ann&password=secret&token=x", '{"resources":["CNN"]}' }
    local paths = { "/", "/activate", "/api/v2/REF30/profiles/code/" .. code,
      "/mvpd/Cablevision/login", "/mvpd/Cablevision/logout",
      "/api/v2/authenticate/REF30/" .. code, "/o/client/token",
      "/api/v2/REF30/decisions/authorize/Cablevision" }
    seeded_random.each("ADOBEPASS_PARSER", RUNS, function(one)
      local response = h.sandbox:handle { method = one:pick { "GET", "POST" },
        path = damaged_json.mutate(one, one:pick(paths)),
        query = damaged_json.mutate(one, "code=" .. code .. "&redirect_url=/"),
        body = damaged_json.mutate(one, one:pick(forms)), headers = h:headers {
          cookie = damaged_json.mutate(one, "adobepass_sandbox=abc; a=b"),
          host = damaged_json.mutate(one, "127.0.0.1:8443"),
          ["content-type"] = one:pick { "application/json",
            "application/x-www-form-urlencoded", "text/plain" },
          ["accept-language"] = damaged_json.mutate(one, "en-US,en;q=0.5") } }
      assert(type(response.status) == "number")
      for _, header in ipairs(response.headers) do
        assert(not (header[1] .. header[2]):find "[%z\r\n]")
      end
      local entry = h.sandbox.state.journal[#h.sandbox.state.journal]
      assert(entry.failure == nil, entry.failure)
    end)
  end)
end)
