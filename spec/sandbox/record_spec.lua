-- Records a login against the sandbox in nginx, and replays it without one.

local adobepass = require "adobepass"
local adobepass_sandbox = require "adobepass.sandbox"
local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local operation_setup = require "spec.support.operation_setup"

local DEVICE = { id = operation_setup.DEVICE, ip = "203.0.113.77",
  info = operation_setup.INFO }
local VISITOR = "20265673158980419722735089753036633573"
local OFFLINE = { api = "https://offline.test", mgmt = "https://offline.test" }
local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

-- A blocking driver whose sleep only moves its clock.
local function impatient_driver()
  local driver, slept = adobepass.driver.block(), 0
  local wait, now = driver.wait, driver.now
  driver.now = function() return now() + slept end
  driver.sleep = function(seconds) slept = slept + seconds end
  driver.wait = function(transport, transfer, deadline)
    return wait(transport, transfer, deadline - slept)
  end
  return driver
end

-- The story that is recorded: returns its results.
local function watch(client, on_code)
  local results = {}
  local options = { on_code = on_code or function() end,
    activation_url = "https://tv.test" }
  for name, value in pairs(LOGIN) do options[name] = value end
  results.profile = assert(client:login(options))
  results.permitted = assert(client:preauthorize { "CNN", "TBS" }).permitted
  results.decision = assert(client:authorize "CNN")
  results.logout = assert(client:logout { redirect_url = "https://adobe.com" })
  return results
end

local function lines_of(path)
  local list = {}
  for line in assert(folder.read(path)):gmatch "[^\n]+" do
    list[#list + 1] = assert(json.decode(line))
  end
  return list
end

local function write_lines(path, lines)
  local texts = {}
  for index, line in ipairs(lines) do texts[index] = json.encode(line) end
  assert(folder.write(path, table.concat(texts, "\n") .. "\n"))
end

describe("a recording", function()
  local place, by_client, by_sandbox, results, secrets, errors

  local function client_of(transport, more)
    local given = { environment = OFFLINE, transport = transport,
      driver = transport and transport:driver(), device = DEVICE,
      identity = { visitor_id = VISITOR,
        partner_status = operation_setup.partner_status() } }
    for name, value in pairs(more or {}) do given[name] = value end
    return many_clients.new_client({ statement = secrets.statement }, given)
  end

  -- What the story must not leave in a file.
  local function collect(control, store)
    local state = control:ask("GET", "/sandbox/snapshot")
    for id, registered in pairs(state.clients) do
      secrets.client_id, secrets.client_secret = id, registered.secret
    end
    for key, text in pairs(store.values) do
      local value = json.decode(text)
      local token = type(value) == "table" and value.token or {}
      secrets.access_token = token.access_token or secrets.access_token
      assert(type(key) == "string")
    end
    secrets.media_token = results.decision.media_token
    secrets.household = "bob-household"
    secrets.zip = "77754"
    secrets.upstream = results.profile.attributes.userID
  end

  setup(function()
    place = folder.make()
    by_client, by_sandbox = place .. "/client.jsonl", place .. "/sandbox.jsonl"
    local running = assert(host.start { throttle = false, record = by_sandbox })
    local control = many_clients.control(running)
    local store = adobepass.store.memory()
    secrets = { statement = running.statement, device = DEVICE.id,
      device_base64 = core.base64.encode(DEVICE.id), address = DEVICE.ip,
      visitor = VISITOR, partner = operation_setup.partner_status() }
    local client = many_clients.new_client(running, { record = by_client,
      device = DEVICE, driver = impatient_driver(), store = store,
      identity = { visitor_id = VISITOR,
        partner_status = secrets.partner } })
    results = watch(client, function(login)
      secrets.code = login.code
      control:ask("POST", "/sandbox/login", { code = login.code, username = "bob" })
    end)
    collect(control, store)
    client:close()
    control:close()
    errors = running:log()
    running:stop()
  end)

  teardown(function() folder.remove(place) end)

  it("[record-no-secrets] recording: contains no secret of the recorded "
    .. "requests and responses", function()
    assert.equal("", errors:match "recording[^\n]*" or "")
    for _, path in ipairs { by_client, by_sandbox } do
      local text = assert(folder.read(path))
      assert.is_true(#lines_of(path) > 6)
      for name, secret in pairs(secrets) do
        assert.is_string(secret, name)
        assert.is_true(#secret >= 5, name)
        assert.is_nil(text:find(secret, 1, true), name)
      end
      assert.is_nil(text:find "eyJ", path)
    end
    for _, name in ipairs { "client_secret", "access_token", "media_token", "code",
      "client_id", "upstream" } do
      assert.is_string(secrets[name], name)
    end
  end)

  it("[record-private-file] a recording: is accessible only to its owner", function()
    for _, path in ipairs { by_client, by_sandbox } do
      assert.equal("600", folder.run("stat -c %a " .. folder.quote(path)))
    end
  end)

  for _, name in ipairs { "client", "sandbox" } do
    it("[record-replay-login] replay: responds to the login that the " .. name
      .. " recorded, without a sandbox", function()
      local replay = assert(adobepass_sandbox.replay(place .. "/" .. name .. ".jsonl"))
      local code
      local again = watch(client_of(replay), function(login) code = login.code end)
      assert.equal(results.profile.mvpd, again.profile.mvpd)
      assert.same(results.permitted, again.permitted)
      assert.is_true(again.decision.permitted)
      assert.is_truthy(again.decision.media_token:find "^redacted%-media_token%-%d+$")
      assert.is_truthy(code:find "^redacted%-code%-%d+$")
      assert.is_truthy(again.profile.attributes.householdID:find "^redacted%-metadata")
      assert.is_true(replay:finish())
    end)
  end

  it("[record-replay-other-values] replay: accepts another device, statement and "
    .. "visitor", function()
    local replay = assert(adobepass_sandbox.replay(by_client))
    watch(client_of(replay, {
      device = { id = "another", ip = "198.51.100.1", info = DEVICE.info },
      identity = { visitor_id = "1", partner_status =
        core.base64.encode '{"frameworkPermissionInfo":{}}' } }))
    assert.is_true(replay:finish())
  end)

  it("[record-replay-difference] replay: reports the first difference, without "
    .. "secrets", function()
    local replay = assert(adobepass_sandbox.replay(by_client))
    local client = client_of(replay)
    local options = { activation_url = "https://tv.test" }
    for name, value in pairs(LOGIN) do options[name] = value end
    options.mvpd = "Dish"
    local profile, err = client:login(options)
    assert.is_nil(profile)
    assert.equal("replay_difference", err.code)
    local done, message, code = replay:finish()
    assert.is_nil(done)
    assert.equal("replay_difference", code)
    assert.is_truthy(message:find("request 4 (POST /api/v2/REF30/sessions): body: "
      .. "expected ", 1, true), message)
    assert.is_truthy(message:find("mvpd=Cablevision", 1, true), message)
    assert.is_truthy(message:find("got .*mvpd=Dish"), message)
    for name, secret in pairs(secrets) do
      assert.is_nil(message:find(secret, 1, true), name)
    end
    -- The first difference remains.
    client:profiles()
    assert.equal(message, select(2, replay:finish()))
  end)

  it("[record-replay-missing-header] replay: reports a header that is missing",
    function()
    local replay = assert(adobepass_sandbox.replay(by_client))
    local client = client_of(replay, { identity = {} })
    local options = { activation_url = "https://tv.test" }
    for name, value in pairs(LOGIN) do options[name] = value end
    client:login(options)
    local _, message, code = replay:finish()
    assert.equal("replay_difference", code)
    assert.is_truthy(message:find("header ap-partner-framework-status: "
      .. "expected redacted-partner_status-1, got none", 1, true), message)
  end)

  it("[record-replay-unsent] replay: reports requests that were recorded and not "
    .. "sent", function()
    local replay = assert(adobepass_sandbox.replay(by_client))
    local count = #lines_of(by_client) - 1
    local _, message, code = replay:finish()
    assert.equal("replay_unsent", code)
    assert.equal(("%d of %d recorded requests were not sent; the first is request 1: "
      .. "POST /o/client/register"):format(count, count), message)
  end)

  it("[record-replay-too-many] replay: reports a request after the last recorded "
    .. "one", function()
    local replay = assert(adobepass_sandbox.replay(by_client))
    local client = client_of(replay)
    watch(client)
    local list, err = client:profiles()
    assert.is_nil(list)
    assert.equal("replay_difference", err.code)
    assert.is_truthy(err.message:find("expected none, because the recording has "
      .. "ended, got GET /api/v2/REF30/profiles", 1, true), err.message)
  end)

  it("[record-replay-version] replay: refuses an unknown format version", function()
    local lines, path = lines_of(by_client), place .. "/newer.jsonl"
    lines[1].version = 2
    write_lines(path, lines)
    local replay, message, code = adobepass_sandbox.replay(path)
    assert.is_nil(replay)
    assert.equal("unknown_version", code)
    assert.is_truthy(message:find("format version 2; this release reads version 1",
      1, true), message)
  end)

  it("[record-replay-damaged] replay: refuses a file that is no recording", function()
    local path = place .. "/damaged.jsonl"
    for expected, text in pairs {
      not_a_recording = "{}\n",
      damaged_recording = '{"format":"adobepass-recording","version":1}\n{"n":1}\n' } do
      assert(folder.write(path, text))
      assert.equal(expected, (select(3, adobepass_sandbox.replay(path))))
    end
    assert.equal("file", (select(3, adobepass_sandbox.replay(place .. "/none"))))
  end)

  it("[record-command] adobepass sandbox: --record writes a redacted recording",
    function()
    local path = place .. "/command.jsonl"
    folder.run(folder.quote(child_process.interpreter())
      .. " bin/adobepass sandbox --record " .. folder.quote(path) .. " --exec "
      .. folder.quote [[curl -s --cacert $ADOBEPASS_CA $ADOBEPASS_API/activate
        curl -s --cacert $ADOBEPASS_CA -H "Content-Type: application/json" \
          -H "Cookie: a=b" $ADOBEPASS_API/o/client/register \
          -d "{\"software_statement\":\"$ADOBEPASS_STATEMENT\"}"]])
    local lines = lines_of(path)
    assert.equal(2, #lines) -- without the web page
    assert.same({ body = '{"software_statement":"redacted-statement-1"}',
      headers = { ["content-type"] = "application/json" }, method = "POST",
      path = "/o/client/register" }, lines[2].request)
    assert.equal(201, lines[2].response.status)
  end)

  it("[record-keeps-other-files] record: does not replace a file that is no "
    .. "recording", function()
    local path = place .. "/notes.txt"
    assert(folder.write(path, "notes"))
    local good, message = pcall(client_of, nil, { record = path })
    assert.is_false(good)
    assert.is_truthy(message:find("notes.txt exists and is not a recording", 1, true))
    local running, why, code = host.start { record = path }
    assert.is_nil(running)
    assert.equal("not_a_recording", code)
    assert.is_truthy(why:find("notes.txt", 1, true))
    assert.equal("notes", (folder.read(path)))
  end)
end)
