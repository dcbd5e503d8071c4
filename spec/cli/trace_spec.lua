-- --trace: requests and responses on standard error, without secrets.

local command_fixture = require "spec.cli.command_fixture"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

describe("cli trace", function()
  local fixture, traces, code, media_token

  -- Runs a command with --trace; keeps what it traced.
  local function run(words)
    local out, err, status = fixture:run_private(words .. " --trace")
    assert.equal(0, status, err)
    traces[#traces + 1] = err
    return out, err
  end

  setup(function()
    fixture, traces = command_fixture.start(), {}
    local path = fixture.folder .. "/login-trace"
    local login = fixture:spawn("login --mvpd Cablevision --interval 3 --json "
      .. "--trace 2> " .. shell.quote(path))
    local shown = json.decode(login:line())
    code = shown.code
    fixture:sign_in(code)
    login:finish()
    traces[1] = assert(shell.read_file(path))
    run "profiles"
    run "preauthorize CNN TBS"
    media_token = json.decode((run "authorize CNN --token --json")).media_token
    run "logout --redirect-url https://adobe.com"
  end)

  teardown(function() fixture:stop() end)

  it("[trace-prints] --trace: prints each request and response with its number, "
    .. "status and headers", function()
    local text = traces[2]
    assert.matches("> [1] GET /api/v2/REF30/profiles", text, nil, true)
    assert.matches("\n< [1] 200 (", text, nil, true)
    assert.matches("\n> authorization: Bearer redacted-token-1\n", text, nil, true)
    assert.matches('\n< {"profiles":{"Cablevision":', text, nil, true)
  end)

  it("[trace-json] --trace: prints one line of JSON for each exchange with --json",
    function()
    local operations = 0
    for line in traces[1]:gmatch "[^\n]+" do
      local trace = assert(json.decode(line)).trace
      assert.equal(operations + 1, trace.n)
      assert.is_number(trace.response.status)
      assert.matches("^/", trace.request.path)
      operations = operations + 1
    end
    assert.is_true(operations >= 4) -- register, token, session, profile
  end)

  it("[trace-failure] --trace: prints the code of a request without a response",
    function()
    local _, err = fixture:run("profiles --trace --timeout 1",
      { API = "https://127.0.0.1:1" })
    assert.matches("\n< [1] connect_failed (", err, nil, true)
  end)

  it("[trace-no-secret] --trace: prints no secret and no value of the viewer or device",
    function()
    local text = table.concat(traces, "\n")
    local secrets = { fixture.sandbox.statement, code, media_token }
    local state = fixture:control("GET", "/snapshot")
    for id, registered in pairs(state.clients) do
      secrets[#secrets + 1], secrets[#secrets + 2] = id, registered.secret
    end
    local files = folder.run("cat " .. shell.quote(fixture.folder .. "/store") .. "/*")
    for _, name in ipairs { "client_secret", "access_token" } do
      for value in files:gmatch('"' .. name .. '":"([^"]+)"') do
        secrets[#secrets + 1] = value
      end
    end
    for _, value in ipairs { "bob-household", "77754" } do
      secrets[#secrets + 1] = value
    end
    assert.is_true(#secrets >= 9, #secrets)
    for _, secret in ipairs(secrets) do
      assert.is_true(#secret >= 5)
      assert.is_nil(text:find(secret, 1, true), secret)
      assert.is_nil(text:find(core.base64.encode(secret):gsub("=+$", ""), 1, true))
    end
    assert.is_nil(text:find "eyJ")
  end)
end)
