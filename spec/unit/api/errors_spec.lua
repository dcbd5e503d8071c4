local catalog = require "adobepass.api.error_catalog"
local core = require "adobepass.core"
local documented = require "adobepass.sandbox.engine.errors"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"

local loadstring = loadstring or load -- luacheck: ignore 113

local JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_natureX"

local function response(status, decoded, headers, now, secrets)
  return errors.from_response("profiles", { status = status,
    headers = headers or {}, body = "" }, decoded, now, secrets)
end

local DENIED = {
  action = "none", status = 403, code = "authorization_denied_by_mvpd",
  message = 'The MVPD said "Deny".', details = 'No "Live" channel',
  helpUrl = "https://example.com/help", trace = "12f6fef9",
}

describe("errors.new", function()
  it("[errors-keeps-given] errors.new: keeps all given fields", function()
    local err = errors.new { code = "x", message = "m", action = "retry",
      http_status = 502, status = 403, details = "d", help_url = "h",
      trace = "t", retry_after = 3, operation = "o" }
    assert.same({ code = "x", message = "m", action = "retry",
      http_status = 502, status = 403, details = "d", help_url = "h",
      trace = "t", retry_after = 3, operation = "o" },
      json.decode(json.encode(err)))
  end)

  it("[errors-fills-action-message] errors.new: fills in a missing action and "
    .. "message", function()
    assert.equal("retry", errors.new { code = "timeout" }.action)
    assert.equal("none", errors.new { code = "of_tomorrow" }.action)
    assert.truthy(errors.new { code = "x" }.message:find "%a")
    assert.truthy(errors.new { code = "x", message = "" }.message:find "%a")
  end)

  it("[errors-not-change-table] errors.new: does not change the given "
    .. "table", function()
    local fields = { code = "x" }
    errors.new(fields)
    assert.same({ code = "x" }, fields)
  end)

  local misuse = {
    { "cod", { code = "x", cod = 1 } }, { "code", {} },
    { "code", { code = 5 } }, { "code", { code = "" } },
    { "message", { code = "x", message = {} } },
    { "http_status", { code = "x", http_status = "400" } },
    { "retry_after", { code = "x", retry_after = "5" } },
  }
  for i, case in ipairs(misuse) do
    it("[errors-raises-misuse-names] errors.new: usage error "
      .. i .. " raises and names " .. case[1], function()
      local ok, message = pcall(errors.new, case[2])
      assert.is_false(ok)
      assert.truthy(message:find("errors.new: .*" .. case[1]))
    end)
  end
end)

describe("an error", function()
  it("[errors-told-everything-else] errors.is: is true for an error and false "
    .. "for any other value", function()
    assert.is_true(errors.is(errors.new { code = "x" }))
    for _, value in ipairs { "x", 1, true, {}, setmetatable({}, {}), print } do
      assert.is_false(errors.is(value))
    end
    assert.is_false(errors.is(nil))
    assert.equal("adobepass.error",
      getmetatable(errors.new { code = "x" }).__name)
  end)

  it("[errors-reads-sentence] error: tostring gives operation, message, code "
    .. "and hint", function()
    local err = errors.from_transport("token", "No answer in time.", "timeout")
    assert.equal("token: No answer in time. [timeout] " .. err:hint(),
      tostring(err))
    assert.equal("It broke. [x] " .. catalog.actions.none.hint,
      tostring(errors.new { code = "x", message = "It broke." }))
  end)

  it("[errors-joins-text-sides] error: concatenates with text on either "
    .. "side", function()
    local err = errors.new { code = "x", message = "It broke." }
    assert.equal("a " .. tostring(err), "a " .. err)
    assert.equal(tostring(err) .. " b", err .. " b")
    assert.equal(tostring(err) .. tostring(err), err .. err)
    assert.equal(tostring(err) .. "1", err .. 1)
  end)

  it("[errors-passes-error-assert] error: passes through error and assert "
    .. "unchanged", function()
    local err = errors.new { code = "x" }
    -- Lua's own functions: busted replaces the globals.
    local chunk = assert(loadstring("return error, assert"))
    local lua_error, lua_assert = chunk()
    local _, raised = pcall(lua_error, err)
    assert.equal(err, raised)
    -- In PUC Lua 5.1 and 5.2 assert accepts only strings as its message.
    if _VERSION > "Lua 5.2" or rawget(_G, "jit") then
      local _, asserted = pcall(lua_assert, nil, err)
      assert.equal(err, asserted)
    end
  end)
end)

describe("errors.from_response", function()
  it("[errors-keeps-enhanced-error] errors.from_response: keeps every field of "
    .. "an enhanced error", function()
    local err = response(400, DENIED)
    assert.same({ operation = "profiles", http_status = 400, status = 403,
      action = "none", code = "authorization_denied_by_mvpd",
      message = 'The MVPD said "Deny".', details = 'No "Live" channel',
      help_url = "https://example.com/help", trace = "12f6fef9" },
      json.decode(json.encode(err)))
    assert.is_true(errors.is(err))
  end)

  -- status, decoded, code, action
  local cases = {
    { 403, DENIED, "authorization_denied_by_mvpd", "none" },
    { 403, { error = DENIED }, "authorization_denied_by_mvpd", "none" },
    { 400, { code = "of_tomorrow", action = "pray" }, "of_tomorrow", "pray" },
    { 400, { code = "of_tomorrow" }, "of_tomorrow", "none" },
    { 500, { code = "of_tomorrow" }, "of_tomorrow", "retry" },
    { 500, { code = "internal_server_error" }, "internal_server_error",
      "none" },
    { 401, { code = "invalid_access_token_client_application" },
      "invalid_access_token_client_application", "application-registration" },
    { 403, { code = "network_received_error", action = "none" },
      "network_received_error", "none" },
    { 400, { error = "invalid_request" }, "invalid_request", "none" },
    { 400, { error = "invalid_client" }, "invalid_client",
      "application-registration" },
    { 401, { error = "invalid_client" }, "invalid_client",
      "application-registration" },
    { 400, { error = "invalid_redirect_uri" }, "invalid_redirect_uri",
      "configuration" },
    { 400, { error = "invalid_software_statement" },
      "invalid_software_statement", "configuration" },
    { 400, { error = "unapproved_software_statement" },
      "unapproved_software_statement", "configuration" },
    { 400, { error = "unauthorized_client" }, "unauthorized_client",
      "configuration" },
    { 400, { error = "unsupported_grant_type" }, "unsupported_grant_type",
      "none" },
    { 401, nil, "unauthorized", "none" },
    { 401, {}, "unauthorized", "none" },
    { 429, nil, "too_many_requests", "retry" },
    { 302, nil, "http_302", "none" }, { 403, nil, "http_403", "none" },
    { 404, {}, "http_404", "none" }, { 500, nil, "http_500", "retry" },
    { 502, nil, "http_502", "retry" }, { 503, nil, "http_503", "retry" },
    { 504, json.null, "http_504", "retry" },
    { 200, "text", "http_200", "none" },
  }
  for _, case in ipairs(cases) do
    it("[errors-responses] "
      .. ("errors.from_response: status %d gives the code %s"):format(case[1],
      case[3]), function()
      local err = response(case[1], case[2])
      assert.equal(case[3], err.code)
      assert.equal(case[4], err.action)
      assert.equal(case[1], err.http_status)
      assert.truthy(err.message:find "%a%a")
      assert.truthy(tostring(err):find(case[3], 1, true))
    end)
  end

  it("[errors-dcr-description-message] errors.from_response: uses DCR's "
    .. "error_description as the message", function()
    local err = response(400, { error = "invalid_request",
      error_description = "grant_type is missing" })
    assert.equal("grant_type is missing", err.message)
  end)

  it("[errors-keeps-message-response] errors.from_response: keeps the message of "
    .. "a response without a code", function()
    assert.equal("Gone fishing", response(404, { message = "Gone fishing" })
      .message)
  end)

  it("[errors-status-number-digits] errors.from_response: accepts a status as an "
    .. "integer or as its digits", function()
    local cases_of_status = {
      { 403, 403 }, { 403.0, 403 }, { "403", 403 }, { 42 }, { 4.03 }, { -1 },
      { "abc" }, { "0x193" }, { 1e300 }, { {} }, { true }, { json.null },
    }
    for _, case in ipairs(cases_of_status) do
      local status = response(400, { code = "x", status = case[1] }).status
      assert.equal(case[2], status)
      assert.equal(tostring(case[2]), tostring(status))
    end
  end)

  it("[errors-never-raises-types] errors.from_response: never raises, whatever "
    .. "the types of the fields", function()
    local values = { 1, -0.5, 1e308, 0 / 0, true, false, "", " ", "\0", {},
      { {} }, json.null, print, ("x"):rep(5000), { code = {} } }
    local names = { "code", "message", "action", "status", "details",
      "helpUrl", "trace", "error", "error_description" }
    for _, value in ipairs(values) do
      assert.is_true(errors.is(response(400, value)))
      assert.is_true(errors.is(errors.from_item("authorize", value)))
      for _, name in ipairs(names) do
        local err = response(400, { [name] = value })
        assert.equal("string", type(err.code))
        assert.equal("string", type(tostring(err)))
        assert.equal("string", type(err:viewer_text()))
        tostring(errors.from_item("authorize", { [name] = value }))
      end
    end
  end)
end)

describe("Retry-After", function()
  local SUNDAY = 784111777
  local DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
  -- header, now, expected
  local cases = {
    { "0", nil, 0 }, { "5", nil, 5 }, { "3600", nil, 3600 },
    { "3601", nil, 3600 }, { ("9"):rep(400), nil, 3600 },
    { DATE, SUNDAY - 30, 30 }, { DATE, SUNDAY + 30, 0 },
    { DATE, SUNDAY - 86400, 3600 }, { "-1" }, { "1.5" }, { "1e3" }, { "" },
    { "5, 10" }, { "soon" }, { "0x10" }, { DATE },
  }
  for _, case in ipairs(cases) do
    local title = case[1]:sub(1, 30)
    it("[errors-of-is] "
      .. ("Retry-After: %q is read as %s"):format(title, tostring(case[3])), function()
      for _, status in ipairs { 429, 503 } do
        local err = response(status, nil, { ["retry-after"] = case[1] },
          case[2])
        assert.equal(case[3], err.retry_after)
      end
    end)
  end

  it("[errors-response-date-clock] Retry-After: without a clock, a date is "
    .. "relative to the response's Date", function()
    local headers = { ["retry-after"] = DATE,
      date = "Sun, 06 Nov 1994 08:49:30 GMT" }
    assert.equal(7, response(503, nil, headers).retry_after)
  end)

  it("[errors-counts-error-adobe] Retry-After: is read only on 429 and 503, "
    .. "also beside an enhanced error", function()
    local headers = { ["retry-after"] = "5" }
    assert.equal(5, response(429, DENIED, headers).retry_after)
    assert.is_nil(response(500, nil, headers).retry_after)
    assert.is_nil(response(400, DENIED, headers).retry_after)
  end)
end)

describe("text from a server", function()
  it("[errors-bounded] server text: is cut to a maximum length, between "
    .. "characters", function()
    local long = ("é"):rep(2000)
    local err = response(400, { code = long, message = "a" .. long,
      details = long, action = long, helpUrl = long, trace = long })
    local most = { code = 100, message = 500, details = 1000, action = 100,
      help_url = 500, trace = 200 }
    for name, bytes in pairs(most) do
      assert.is_true(#err[name] <= bytes, name)
      assert.is_true(#err[name] > bytes - 6, name)
      assert.truthy(err[name]:find "%.%.%.$")
      -- No partial character is left.
      assert.equal("", (err[name]:gsub("\195\169", ""):gsub("^a", "")
        :gsub("%.%.%.$", "")))
    end
  end)

  it("[errors-fits-left] server text: is kept whole when it fits the maximum "
    .. "length", function()
    local text = ("x"):rep(500)
    assert.equal(text, response(400, { code = "c", message = text }).message)
  end)

  it("[errors-no-control-characters] server text: loses its control "
    .. "characters", function()
    local err = response(400, { code = "a\27[2Jb\0c\194\155d",
      message = "\r\n one\ttwo\n\n  three\127 ", details = "\1\2" })
    assert.equal("a [2Jb c d", err.code)
    assert.equal("one two three", err.message)
    assert.is_nil(err.details)
  end)

  -- Returns the CPU time to clean hostile texts of about `length` bytes.
  local function cleaning_time(length)
    local before = os.clock()
    for _, unit in ipairs { " ", "eyJ", "eyJ ", "bearer ", "=", "\194", "\128",
      "eyJabc ", ("x"):rep(20) .. " ", "s ecret" } do
      local text = (unit == "=" and "bearer" or "")
        .. unit:rep(math.floor(length / #unit))
      response(400, { code = "c", message = text }, nil, nil, { "secret" })
    end
    return os.clock() - before
  end

  it("[errors-time-grows-length] server text: is cleaned in time linear in its "
    .. "length", function()
    -- Eight times the length takes 8 times as long; in quadratic time, 64 times.
    assert.is_true(cleaning_time(4e4) < 20 * cleaning_time(5e3))
  end)

  local secrets = {
    { "a JWT", JWT }, { "a JWT without signature", "eyJhbGci.eyJzdWIi." },
    { "an unfinished JWT", JWT:sub(1, 40) },
    { "a device header", "eyJtb2RlbCI6IlRWIn0=" },
    { "a bearer token", "Bearer 2YotnFZFEjr1zCsicMWpAA" },
    { "a bearer token in lower case", "bearer  2Yotn+/~._-FZ==" },
    { "a bearer token after a colon", "Bearer: abc.def" },
    { "a media token", "PHNpZ25hdHVyZUluZm8+YWJj=" },
  }
  for _, case in ipairs(secrets) do
    it("[errors-not-keep] server text: hides " .. case[1], function()
      local text = "before (" .. case[2] .. ") after"
      assert.equal("before ([redacted]) after", errors.redact(text))
      local err = response(400, { code = case[2], message = text,
        details = text, trace = case[2], helpUrl = text, action = case[2] })
      for _, value in pairs(err) do
        assert.is_nil(tostring(value):find(case[2], 1, true))
      end
      assert.is_nil(tostring(err):find(case[2], 1, true))
    end)
  end

  it("[errors-keeps-begin-alike] server text: keeps words that only start like "
    .. "a secret", function()
    for _, text in ipairs { "the bearer.", "eyJ", "PHN", "cardbearers go" } do
      assert.equal(text, errors.redact(text))
    end
  end)

  it("[errors-loses-literal-secrets] errors.redact: hides known secrets, with "
    .. "or without pattern characters", function()
    assert.equal("a [redacted] b [redacted]",
      errors.redact("a s%d+x b s%d+x", { "s%d+x" }))
    assert.equal("[redacted]!", errors.redact("abcdef!", { "abc", "abcdef" }))
    assert.equal("abc", errors.redact("abc", { "" }))
    assert.equal("abc", errors.redact("abc", {}))
  end)

  it("[errors-broken-lines] errors.redact: hides a text with a secret or a token that "
    .. "is broken into lines", function()
    local base64 = core.base64.encode(("viewer ann, "):rep(9))
    local function wrapped(text, width) return (text:gsub(("."):rep(width), "%0\n")) end
    assert.equal("[redacted]", errors.redact("It is " .. wrapped(base64, 76),
      { base64 }))
    assert.equal("[redacted]", errors.redact("a de vice id b", { "device id" }))
    assert.equal("[redacted]", errors.redact("device-id de vice-id", { "device-id" }))
    local token = JWT .. ("S"):rep(60)
    assert.equal("[redacted]", errors.redact("It is " .. wrapped(token, 40)))
    token = "PHNpZ25hdHVyZUluZm8+ " .. ("YWJj"):rep(9)
    assert.equal("[redacted]", errors.redact(token))
    assert.equal("is [redacted] authorization denied", errors.redact("is " .. JWT
      .. " authorization denied"))
    assert.equal("a b c", errors.redact("a b c", { "abc" }))
  end)

  it("[errors-limited-search] errors.redact: cuts a long text, and leaves no part of a "
    .. "secret at its end", function()
    local secret = ("s3cret+"):rep(100)
    assert.equal(8192, #errors.redact(("a"):rep(1e6), { secret }))
    assert.is_nil(errors.redact(("a"):rep(8000) .. secret:rep(9), { secret })
      :find "s3cret")
    for count = 1, 30 do
      local text = errors.redact(secret:rep(count) .. ("s"):rep(count), { secret })
      assert.is_nil(text:find("s3cret", 1, true), count)
    end
  end)

  it("[errors-loses-literal-secret] server text: hides a known secret before "
    .. "the text is cut", function()
    local secret = "t7AkePiru4t7AkePiru4"
    local text = ("x"):rep(490) .. secret
    local err = response(400, { code = "c", message = text }, nil, nil,
      { secret })
    assert.is_nil(err.message:find("t7A", 1, true))
    err = errors.from_item("authorize", { code = "c", message = text },
      { secret })
    assert.is_nil(err.message:find("t7A", 1, true))
  end)
end)

describe("errors.from_item", function()
  it("[errors-error-decision] errors.from_item: returns the error of a "
    .. "decision", function()
    local err = errors.from_item("preauthorize", DENIED)
    assert.equal("authorization_denied_by_mvpd", err.code)
    assert.equal(200, err.http_status)
    assert.equal(403, err.status)
    assert.equal("preauthorize", err.operation)
    assert.equal('No "Live" channel', err.details)
  end)

  it("[errors-code-adobe-gave] errors.from_item: sets a code when Adobe sent "
    .. "none", function()
    assert.equal("unknown_error", errors.from_item("authorize", {}).code)
    assert.equal("malformed_response", errors.from_item("authorize", 1).code)
  end)
end)

describe("errors.from_transport", function()
  local actions = {
    timeout = "retry", resolve_failed = "retry", connect_failed = "retry",
    connection_lost = "retry", proxy_failed = "retry",
    protocol_error = "retry", tls_failed = "none", too_large = "none",
    cancelled = "none", closed = "none", invalid_url = "none",
    insecure_url = "none", out_of_memory = "none", transfer_failed = "none",
    of_tomorrow = "none",
  }
  for code, action in pairs(actions) do
    it("[errors-says] errors.from_transport: " .. code .. " has the action "
      .. action, function()
      local err = errors.from_transport("token", "It failed.", code)
      assert.same({ operation = "token", message = "It failed.", code = code,
        action = action }, json.decode(json.encode(err)))
    end)
  end

  it("[errors-takes-core-gives] errors.from_transport: accepts the core's "
    .. "message and code", function()
    local transport = assert(core.http.new())
    local _, message, code = transport:submit { url = "http://example.com/" }
    local err = errors.from_transport("token", message, code)
    assert.equal("insecure_url", err.code)
    transport:close()
  end)
end)

describe("errors.malformed", function()
  it("[errors-says-why] errors.malformed: the message contains the "
    .. "reason", function()
    local err = errors.malformed("profiles", "profiles is no object")
    assert.equal("malformed_response", err.code)
    assert.equal("none", err.action)
    assert.truthy(err.message:find("profiles is no object", 1, true))
  end)
end)

describe("the error catalog", function()
  local OURS = {
    "invalid_request", "invalid_redirect_uri", "invalid_software_statement",
    "unapproved_software_statement", "invalid_client", "unauthorized_client",
    "unsupported_grant_type", "too_many_requests", "unauthorized",
    "malformed_response", "unknown_error", "foreign_url", "circuit_open",
    "software_statement_missing", "not_logged_in", "login_denied",
    "login_expired", "login_superseded", "partner_failed",
    "partner_fallback", "unknown_action", "no_decision", "timeout",
    "resolve_failed",
    "connect_failed", "tls_failed", "proxy_failed", "connection_lost",
    "protocol_error", "too_large", "cancelled", "closed", "invalid_url",
    "insecure_url", "out_of_memory", "transfer_failed", "not_found",
    "no_access", "insecure_file", "no_space", "read_only", "busy", "io_error",
    "key_needed", "decrypt_failed", "store_failed",
    "invalid_parameter_token", "invalid_parameter_sso_id",
    "invalid_parameter_link", "invalid_parameter_devices",
  }
  -- Page features-premium/sso-service, "Error Codes Catalog"; `unauthorized` is above.
  local SSO_SERVICE = { token_invalid = "get_new_token",
    token_expired = "get_new_token", header_invalid = "get_new_token",
    header_missing = "check_headers", request_invalid = "check_request_body",
    request_null = "none", internal_error = "none" }
  local ACTIONS = { "none", "configuration", "application-registration",
    "authentication", "authorization", "retry", "get_new_token", "check_headers",
    "check_request_body" }

  it("[errors-sso-service-codes] error catalog: has every code of the SSO Service "
    .. "with its action", function()
    for code, action in pairs(SSO_SERVICE) do
      assert.equal(action, assert(catalog.codes[code], code).action, code)
      assert.is_table(catalog.actions[action])
      assert.is_nil(documented.known[code])
    end
    assert.equal("none", catalog.codes.unauthorized.action)
  end)

  -- tags: [errors-login-expired-text]
  it("[errors-login-expired-text] error catalog: tells the viewer to get a new code "
    .. "when the code has expired", function()
    local err = errors.new { code = "login_expired" }
    assert.equal("This code has expired. Please get a new one.", err:viewer_text())
    assert.equal("Este código ha caducado. Solicite uno nuevo.", err:viewer_text "es")
  end)

  it("[errors-documented-code-action] error catalog: has every documented code "
    .. "with its action", function()
    local count = 0
    for code, known in pairs(documented.known) do
      local entry = assert(catalog.codes[code], code)
      assert.equal(known.action, entry.action, code)
      count = count + 1
    end
    assert.equal(47, count)
  end)

  it("[errors-knows-our-codes] error catalog: has the library's own codes and "
    .. "no others", function()
    local count = 47
    for _, code in ipairs(OURS) do
      assert.truthy(catalog.codes[code], code)
      assert.is_nil(documented.known[code])
      count = count + 1
    end
    for _ in pairs(SSO_SERVICE) do count = count + 1 end
    for _ in pairs(catalog.codes) do count = count - 1 end
    assert.equal(0, count)
  end)

  it("[errors-speaks-short-sentences] error catalog: texts are short "
    .. "sentences, without codes for viewers", function()
    local function check(name, entry)
      for _, field in ipairs { "viewer", "hint" } do
        assert.truthy(entry[field]:find "^%u.*%.$", name)
        assert.is_true(#entry[field] <= 110, name .. entry[field])
      end
      -- Texts for viewers contain no error codes and no service names.
      assert.is_nil(entry.viewer:find "[_%d]", name)
      assert.is_nil(entry.viewer:find("Adobe", 1, true), name)
    end
    for code, entry in pairs(catalog.codes) do check(code, entry) end
    for _, action in ipairs(ACTIONS) do
      check(action, catalog.actions[action])
    end
  end)

  it("[errors-falls-action-none] error catalog: an unknown code has the texts "
    .. "of its action, else of none", function()
    local function text(fields)
      local err = errors.new(fields)
      return err:viewer_text(), err:hint()
    end
    for _, action in ipairs(ACTIONS) do
      local viewer, hint = text { code = "of_tomorrow", action = action }
      assert.equal(catalog.actions[action].viewer, viewer)
      assert.equal(catalog.actions[action].hint, hint)
    end
    assert.equal(catalog.actions.none.viewer,
      (text { code = "of_tomorrow", action = "pray" }))
    assert.equal(catalog.codes.timeout.viewer, (text { code = "timeout" }))
  end)
end)
