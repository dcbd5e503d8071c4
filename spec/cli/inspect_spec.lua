-- adobepass inspect: statements, tokens of all kinds, and other input.

local child_process = require "spec.support.child_process"
local adobepass = require "adobepass"
local core = require "adobepass.core"
local json = require "adobepass.util.json"
local command_fixture = require "spec.cli.command_fixture"
local shell = require "adobepass.util.shell"

if child_process.is_like_lua54() then return end

describe("cli inspect", function()
  local fixture, certificates, media

  setup(function()
    fixture = command_fixture.start()
    fixture:control("POST", "/login", { service_provider = "REF30",
      mvpd = "Cablevision", username = "ann",
      device = adobepass.device_id(
        adobepass.store.file(fixture.folder .. "/store")) })
    certificates = fixture:control("GET", "/certificates")
    media = fixture:run_private "authorize CNN --mvpd Cablevision --token"
  end)

  teardown(function() fixture:stop() end)

  local function file_of(name, text)
    local path = fixture.folder .. "/" .. name
    assert(shell.write_file(path, text))
    return path
  end

  local function inspect(text, words)
    local out, err, status = fixture:run("inspect " .. (words or ""), nil, text)
    return out, status, err
  end

  -- Inspects several texts in one process. Returns the results in their order.
  local function inspect_files(texts, words)
    local lines = {}
    for index, text in ipairs(texts) do
      lines[index] = ("inspect %s %s"):format(file_of("text" .. index, text),
        words or "")
    end
    return fixture:run_lines(lines)
  end

  local function view(text, words)
    local out, status = inspect(text, (words or "") .. " --json")
    return assert(json.decode(out)), status
  end

  -- Signs claims with the sandbox's metadata key.
  local function signed(claims)
    local key = assert(core.private_key(certificates.metadata_private_key))
    local token = assert(core.jws.sign("RS256", key,
      json.encode(claims)))
    key:close()
    return token
  end

  it("[inspect-software-statement-use] inspect: shows a software statement, "
    .. "and whether it has the v2 scope", function()
    local out, status = inspect(fixture.sandbox.statement .. "\n")
    assert.equal(0, status)
    for _, text in ipairs { "^A software statement\n", "alg RS256",
      "  client_name        Sandbox application\n", "  scopes +api:client:v2",
      "  iat +%d+ %u%l+ %d%d%d%d, %d%d:%d%d %(.-%)\n", "It does not expire%.",
      "It has the scope of the REST API v2%.", "use %-%-key" } do
      assert.is_truthy(out:find(text), text)
    end
    local path = file_of("old", fixture:control("POST", "/statement",
      { application = "adobepass-sandbox-legacy-app" }))
    out, status = inspect(nil, path)
    assert.equal(0, status)
    assert.is_truthy(out:find("It lacks api:client:v2", 1, true))
  end)

  it("[inspect-no-scopes] inspect: accepts a software statement without a scopes "
    .. "claim, as Adobe's sample", function()
    local out, status = inspect(command_fixture.sample_statement())
    assert.equal(0, status)
    assert.is_truthy(out:find "^A software statement\n")
    assert.is_truthy(out:find("It does not list its scopes.", 1, true))
    assert.is_nil(out:find("lacks", 1, true))
    local seen = {}
    for index, result in ipairs(inspect_files({ command_fixture.sample_statement(),
      fixture.sandbox.statement, signed { software_id = "x", scopes = "other" } },
      "--json")) do
      seen[index] = json.decode(result.out)
    end
    assert.same({ "statement", nil }, { seen[1].kind, seen[1].has_v2_scope })
    assert.same({ true, false }, { seen[2].has_v2_scope, seen[3].has_v2_scope })
  end)

  it("[inspect-not-print-token] inspect: does not print the token itself", function()
    local statement = fixture.sandbox.statement
    for _, words in ipairs { "", "--json" } do
      local out = inspect(statement, words)
      assert.is_nil(out:find(statement:match "[^.]+$", 1, true))
      assert.is_nil(out:find(statement:match "^[^.]+", 1, true))
    end
  end)

  it("[inspect-access-token-time] inspect: shows an access token and its "
    .. "expiry", function()
    local now = math.floor(core.clock.wall())
    local text = signed { scopes = "api:client:v2", sub = "client",
      nbf = now, exp = now + 6 * 3600 }
    local results = inspect_files { text, signed { scope = "other",
      exp = now - 7200 }, signed { sub = "x", exp = now + 99, nbf = now + 50 } }
    assert.same({ 0, 0 }, { results[1].status, results[2].status })
    assert.is_truthy(results[1].out:find("^An access token\n"))
    assert.is_truthy(results[1].out:find("It is valid until .- %(in 6 hours%)"))
    assert.is_truthy(results[2].out:find("It expired on .- %(2 hours ago%)"))
    assert.is_truthy(results[3].out:find("^A JWT\n"))
    assert.is_truthy(results[3].out:find("It is not valid before", 1, true))
  end)

  it("[inspect-media-token] inspect: shows a media token", function()
    local out, status = inspect(media)
    assert.equal(0, status)
    assert.is_truthy(out:find("^A media token\n"))
    assert.is_truthy(out:find("  resource      CNN\n", 1, true))
    assert.is_truthy(out:find("It is valid until .- %(in 7 minutes%)"))
    local seen = view(media)
    assert.same({ "media", "Cablevision", false },
      { seen.kind, seen.claims.mvpd, seen.is_over })
  end)

  it("[inspect-verifies-key-status] inspect: verifies the signature with "
    .. "--key, and sets the status", function()
    local good = file_of("media.pem", certificates.media)
    local tokens = file_of("tokens.pem", certificates.tokens)
    local own = file_of("own.pem", certificates.metadata)
    local path, statement = file_of("token", media),
      file_of("statement", fixture.sandbox.statement)
    local expired = file_of("expired", signed { exp = 1000000000 })
    local cases = { { path, good, true, 0 }, { path, tokens, false, 1 },
      { statement, tokens, true, 0 }, { statement, good, false, 1 },
      { expired, own, true, 1 } }
    local lines = { ("inspect %s --key %s"):format(statement, tokens),
      ("inspect %s --key %s"):format(statement, good) }
    for _, case in ipairs(cases) do
      lines[#lines + 1] = ("inspect %s --key %s --json"):format(case[1], case[2])
    end
    local results = fixture:run_lines(lines)
    for index, case in ipairs(cases) do
      local result = results[2 + index]
      assert.same({ case[3], case[4] }, { json.decode(result.out).is_signed,
        result.status }, lines[2 + index])
    end
    assert.is_truthy(results[1].out:find("Its signature is valid for this key.", 1,
      true))
    assert.is_truthy(results[2].out:find("Its signature is not valid for this key.",
      1, true))
  end)

  it("[inspect-no-token-status-1] inspect: exits with status 1 if the input "
    .. "is not a token", function()
    for _, result in ipairs(inspect_files { "hello", "", "a.b", "a.b.c" }) do
      assert.same({ "", 1 }, { result.out, result.status })
      assert.is_truthy(result.err:find("neither a JWT nor a media token", 1, true))
    end
    local _, status, err = inspect("eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d",
      "--json")
    assert.same({ "encrypted_token", 1 },
      { json.decode(err).error.code, status })
  end)

  it("[inspect-warns-token-signed] inspect: warns of an unsigned token", function()
    assert.is_truthy(inspect("eyJhbGciOiJub25lIn0.e30."):find(
      "It is not signed,", 1, true))
  end)

  it("[inspect-payload-list] inspect: refuses a JWT whose payload is a list", function()
    local out, status, err = inspect(signed(json.array { 1, 2 }))
    assert.same({ "", 1 }, { out, status })
    assert.is_truthy(err:find("neither a JWT nor a media token", 1, true), err)
  end)

  it("[inspect-shows-no-text-json] inspect: shows claims that are not text "
    .. "as JSON", function()
    local out = inspect(signed { none = json.null, exp = "soon",
      list = { "a", 5 }, mixed = { "a", json.null, { b = 1 } } })
    for _, text in ipairs { "  none +null\n", "  list +a, 5\n",
      '  mixed +%["a",null,{"b":1}%]\n', "Its expiry is not a time%." } do
      assert.is_truthy(out:find(text), text)
    end
  end)

  it("[inspect-file-cannot-read-status] inspect: exits with status 2 and "
    .. "names a file that cannot be read", function()
    local _, status, err = inspect(nil, "/nowhere")
    assert.equal(2, status)
    assert.is_truthy(err:find("/nowhere", 1, true))
    _, status, err = inspect(nil, "/tmp") -- open succeeds, read fails
    assert.equal(2, status)
    assert.is_truthy(err:find("cannot be read: /tmp: ", 1, true))
    _, status, err = inspect(media, "--key " .. file_of("none", "no key"))
    assert.equal(2, status)
    assert.is_truthy(err:find("--key", 1, true))
  end)

  it("[inspect-prints-terminal-obey] inspect: escapes control characters of "
    .. "a token", function()
    local out = inspect(signed { ["a\27[2Jb"] = "c\27]0;d\7e\194\155f",
      list = { "\27c" }, map = { x = "\27c" } })
    assert.is_nil(out:find "[%z\1-\9\11-\31\127]")
    assert.is_nil(out:find("\194\155", 1, true))
  end)
end)
