--- The gateway's OpenAPI file, compared with real responses.

local child_process = require "spec.support.child_process"
local many_clients = require "spec.support.many_clients"
local json = require "adobepass.util.json"
local openapi_schema = require "spec.support.openapi_schema"
local redis_server = require "spec.support.redis_server"
local service = require "examples.openresty.service"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe("gateway OpenAPI file", function()
  local api = openapi_schema.load "examples/openresty/deploy/openapi.json"
  local running, control, tv, base, operator
  local seen = {} -- "POST /login 200" -> true

  setup(function()
    running = assert(service.start { nodes = 1, workers = 1, throttle = false,
      settings = { allow_listed = true,
        passes = json.array { "TempPass_TEST40" } } })
    control = many_clients.control(running.sandbox)
    base, operator = running.nodes[1].url, running.nodes[1].operator
    tv = gateway_client.new { ip = "192.0.2.1" }
  end)
  teardown(function()
    tv:close()
    control:close()
    running:stop()
  end)

  -- Raises unless the response is declared and matches its schema.
  local function check(method, path, status, body, response)
    local operation = assert(api:operation(path, method), path)
    local kind = (response.headers["content-type"] or ""):match "^[^;]*"
    local where = ("%s %s %d"):format(method, path, status)
    local schema = api:response_schema(operation, status, kind)
    assert(schema, where .. " " .. kind .. " is not declared")
    assert.same({}, api:validate(schema, body), where)
    seen[where] = true
    return body
  end

  local function ask(host, method, path, given)
    given = given or {}
    local url = path:gsub("{(%w+)}", given)
    return check(method, path, tv:finish(tv:submit(given.method or method,
      host .. url, given.body, given.headers)))
  end

  local function post(path, body, given)
    given = given or {}
    given.body = body
    return ask(base, "POST", path, given)
  end


  it("[gateway-openapi-viewer] gateway OpenAPI file: describes each response of a "
    .. "login, playback, logout and TempPass", function()
    ask(base, "GET", "/catalog") -- 401: no device
    ask(base, "GET", "/providers")
    post("/login", {})
    post("/play/{channel}", {}, { channel = "cnn" }) -- 401: no login
    ask(base, "GET", "/login/status")
    post("/logout", {})
    local status = post("/login", { mvpd = "Cablevision" })
    control:ask("POST", "/sandbox/login", { code = status.code, username = "bob",
      mvpd = "Cablevision" })
    assert.equal("done", ask(base, "GET", "/login/status").state)
    ask(base, "GET", "/login/status")
    assert.equal("done", post("/login", { mvpd = "Cablevision" }).state)
    ask(base, "GET", "/providers")
    ask(base, "GET", "/catalog")
    local played = post("/play/{channel}", { ticket = "url" }, { channel = "tbs" })
    local ticket = played.playlist:match "~([^/]+)"
    post("/play/{channel}", {}, { channel = "cnn" })
    for _, file in ipairs { "index.m3u8", "segment1.ts" } do
      ask(base, "GET", "/hls/{channel}/{file}", { channel = "cnn", file = file })
      ask(base, "GET", "/hls/{channel}/~{ticket}/{file}",
        { channel = "tbs", ticket = ticket, file = file })
    end
    ask(base, "GET", "/hls/{channel}/{file}", { channel = "tbs",
      file = "index.m3u8" })
    ask(base, "GET", "/hls/{channel}/~{ticket}/{file}",
      { channel = "cnn", ticket = ticket, file = "index.m3u8" })
    ask(base, "GET", "/hls/{channel}/~{ticket}/{file}",
      { channel = "cnn", ticket = "a.b.c", file = "index.m3u8" })
    post("/logout", {})
    post("/play/{channel}", { pass = true }, { channel = "cnn" })
  end)

  it("[gateway-openapi-ticket] gateway OpenAPI file: describes a ticket for a media "
    .. "token", function()
    local client = many_clients.new_client(running.sandbox)
    finally(function() client:close() end)
    local pass = client:temporary_access { mvpd = "TempPass_TEST40" }
    local token = assert(pass:authorize "CNN").media_token
    for _ = 1, 2 do
      post("/ticket/{channel}", { media_token = token }, { channel = "cnn" })
    end
    post("/ticket/{channel}", { media_token = token }, { channel = "nothing" })
    assert.is_true(seen["POST /ticket/{channel} 403"])
    assert.is_true(seen["POST /ticket/{channel} 404"])
  end)

  it("[gateway-openapi-refused] gateway OpenAPI file: describes refused requests",
    function()
      local code = post("/login", { mvpd = "Cablevision" }).code
      control:ask("POST", "/sandbox/login", { code = code, username = "bob",
        mvpd = "Cablevision" })
      ask(base, "GET", "/login/status")
      post("/play/{channel}", {}, { channel = "hbo" }) -- 403
      post("/play/{channel}", {}, { channel = "nothing" }) -- 404
      post("/play/{channel}", { ticket = "x" }, { channel = "cnn" }) -- 400
      post("/login", "{", {})
      post("/login", {}, { headers = { ["Content-Type"] = "text/plain" } })
      post("/login", ("x"):rep(5000))
      ask(base, "GET", "/catalog", { headers = { ["X-Device-Info"] = false } })
      ask(base, "GET", "/catalog", { method = "POST", body = {} })
      ask(base, "GET", "/catalog", { headers = { ["X-Long"] = ("x"):rep(9000) } })
      for _, code_of in ipairs { 400, 403, 404, 405, 413, 415, 431 } do
        local found
        for where in pairs(seen) do
          found = found or where:match(code_of .. "$")
        end
        assert.truthy(found, code_of)
      end
    end)

  it("[gateway-openapi-limits] gateway OpenAPI file: has status 429 for each request "
    .. "that nginx limits, and for no other", function()
    for _, operation in ipairs(api:operations()) do
      local path = operation.path
      local is_limited = not (path:find "^/hls" or path:find "^/health"
        or path == "/metrics")
      local declared = api:operation(path, operation.method).responses
      assert.equal(is_limited, declared["429"] ~= nil, path)
    end
    local given = { channel = "nothing", body = { media_token = "" },
      headers = { Cookie = false, ["X-Forwarded-For"] = "192.0.2.9" } }
    for _ = 1, 120 do ask(base, "POST", "/ticket/{channel}", given) end
    assert.is_true(seen["POST /ticket/{channel} 429"])
  end)

  it("[gateway-openapi-operators] gateway OpenAPI file: describes the operators' "
    .. "endpoints, with Redis and without", function()
    ask(operator, "GET", "/health/live")
    ask(operator, "GET", "/health/ready")
    ask(operator, "GET", "/metrics")
    local pid = running.redis:pid()
    shell.write_file(running.folder .. "/down", "")
    shell.execute("kill -9 " .. pid)
    redis_server.await_end(pid)
    ask(operator, "GET", "/health/ready")
    ask(base, "GET", "/catalog")
    os.remove(running.folder .. "/down")
    assert.is_true(seen["GET /health/ready 503"])
    assert.is_true(seen["GET /catalog 503"])
  end)

  it("[gateway-openapi-complete] gateway OpenAPI file: has each request of the "
    .. "README's table", function()
    local count = 0
    for method, path in shell.read_file "examples/openresty/README.md"
      :gmatch "\n| `(%u+) (/[^`]+)` |" do
      path = path:gsub("<(%w+)>", "{%1}"):gsub("/%.%.%.$", "/{file}")
      assert.truthy(api:operation(path, method), path)
      count = count + 1
    end
    assert.equal(8, count)
  end)

  it("[gateway-openapi-operations] gateway OpenAPI file: every operation was "
    .. "requested with success", function()
    for _, operation in ipairs(api:operations()) do
      assert.is_true(seen[("%s %s 200"):format(operation.method, operation.path)],
        operation.path)
    end
  end)
end)
