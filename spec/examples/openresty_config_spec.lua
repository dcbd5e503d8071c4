--- The gateway's settings: a file, environment variables, or both.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local child_process = require "spec.support.child_process"
local config = require "gateway.config"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local valid_options = require "spec.support.valid_options"

local STATEMENT = valid_options().software_statement
local KEY = ("k"):rep(32)

describe("gateway settings", function()
  local place, statement_file, key_file

  setup(function()
    place = folder.make()
    statement_file, key_file = place .. "/statement", place .. "/key"
    assert(shell.write_file(statement_file, STATEMENT .. "\n"))
    assert(shell.write_file(key_file, KEY .. "\n"))
  end)
  teardown(function() folder.remove(place) end)

  local function keys() return json.array { { id = "one", file = key_file } } end

  local function complete()
    return { service_provider = "REF30", environment = "release-staging",
      statement_file = statement_file, redis = { host = "redis.test" },
      device_keys = keys(), ticket_keys = keys(), domain_name = "adobe.com",
      redirect_url = "https://adobe.com", channels = json.array {
        { id = "cnn", resource = "CNN", title = "CNN" } } }
  end

  -- Loads settings of a table (nil: no file) and of environment variables.
  local function load(given, variables)
    local path = ""
    if given then
      path = place .. "/settings.json"
      assert(shell.write_file(path, json.encode(given)))
    end
    return config.load(path, function(name) return (variables or {})[name] end)
  end

  local function refuses(text, given, variables)
    local good, message = pcall(load, given, variables)
    assert.is_false(good, text)
    assert.matches(text, message, nil, true)
    assert.is_nil(message:find(KEY, 1, true))
    assert.is_nil(message:find(STATEMENT, 1, true))
  end

  it("[gateway-settings-environment] gateway settings: all can come from environment "
    .. "variables, without a file", function()
    local loaded = load(nil, {
      GATEWAY_SERVICE_PROVIDER = "REF30", GATEWAY_ENVIRONMENT = "release-staging",
      GATEWAY_STATEMENT = STATEMENT, GATEWAY_REDIS_HOST = "redis.test",
      GATEWAY_REDIS_PORT = "6380", GATEWAY_REDIS_PASSWORD = "open sesame",
      GATEWAY_DEVICE_KEYS = '[{"id":"one","variable":"DEVICE_KEY"}]',
      GATEWAY_TICKET_KEYS = '[{"id":"two","variable":"TICKET_KEY"}]',
      DEVICE_KEY = KEY, TICKET_KEY = KEY .. "2",
      GATEWAY_DOMAIN_NAME = "adobe.com", GATEWAY_REDIRECT_URL = "https://adobe.com",
      GATEWAY_CHANNELS = '[{"id":"cnn","resource":"CNN","title":"CNN"}]',
      GATEWAY_TIMEOUT = "2.5", GATEWAY_RATE_LIMIT = "false",
      GATEWAY_FORWARD_TRACEPARENT = "true", GATEWAY_LANGUAGE = "",
    })
    assert.same({ "REF30", "release-staging", STATEMENT, 2.5, false, true, "en" },
      { loaded.service_provider, loaded.environment, loaded.statement, loaded.timeout,
        loaded.rate_limit, loaded.forward_traceparent, loaded.language })
    assert.same({ "redis.test", 6380, "open sesame" },
      { loaded.redis.host, loaded.redis.port, loaded.redis.password })
    assert.same({ { id = "one", secret = KEY } }, loaded.device_keys)
    assert.same({ { id = "two", secret = KEY .. "2" } }, loaded.ticket_keys)
    assert.equal("CNN", loaded.channels.by_id.cnn.resource)
  end)

  it("[gateway-settings-precedence] gateway settings: replace a setting of the file "
    .. "when a variable is set, and in redis only the field of the variable", function()
    local given = complete()
    given.timeout = 9
    local loaded = load(given, { GATEWAY_TIMEOUT = "3", GATEWAY_REDIS_DATABASE = "2",
      GATEWAY_ENVIRONMENT = '{"api":"https://api.test"}' })
    assert.same({ 3, 2, "redis.test", "https://api.test" }, { loaded.timeout,
      loaded.redis.database, loaded.redis.host, loaded.environment.api })
    assert.equal(9, load(given).timeout)
  end)

  it("[gateway-settings-file-secrets] gateway settings: read secrets from the files "
    .. "that they name, also by a variable", function()
    local given = complete()
    given.redis.password_file = key_file
    local loaded = load(given)
    assert.same({ STATEMENT, KEY, { { id = "one", secret = KEY } } },
      { loaded.statement, loaded.redis.password, loaded.ticket_keys })
    given.statement_file = nil
    assert.equal(STATEMENT, load(given,
      { GATEWAY_STATEMENT_FILE = statement_file }).statement)
  end)

  it("[gateway-settings-limits] gateway settings: take the rate limits and the shared "
    .. "addresses from the file or the environment", function()
    local function check(loaded)
      local limit = loaded.rate_limit
      assert.same({ 2, 20, 50, 500, true }, { limit.rate, limit.burst,
        limit.shared.rate, limit.shared.burst, limit.is_listed })
      for address, is_shared in pairs { ["203.0.113.0"] = true,
        ["203.0.113.255"] = true, ["::ffff:203.0.113.1"] = true,
        ["198.51.100.7"] = true, ["198.51.100.8"] = false, ["203.0.114.0"] = false,
        ["203.0.112.255"] = false, ["2001:db8::1"] = false, own = false } do
        assert.equal(is_shared, loaded.is_shared(address), address)
        assert.equal(is_shared, limit.shared.contains(address), address)
      end
    end
    local given = complete()
    given.allow_listed = true
    given.rate_limit = { rate = 2, burst = 20 }
    given.shared_addresses = { rate = 50, burst = 500,
      networks = json.array { "203.0.113.0/24", "198.51.100.7" } }
    check(load(given))
    check(load(complete(), { GATEWAY_ALLOW_LISTED = "true",
      GATEWAY_RATE_LIMIT = '{"rate":2,"burst":20}',
      GATEWAY_SHARED_ADDRESSES = '{"rate":50,"burst":500,'
        .. '"networks":["203.0.113.0/24","198.51.100.7"]}' }))
    for _, loaded in ipairs { load(complete()),
      load(complete(), { GATEWAY_RATE_LIMIT = "true" }) } do
      assert.is_nil(loaded.rate_limit.rate) -- Adobe's
      assert.is_false(loaded.is_shared "203.0.113.1")
    end
  end)

  it("[gateway-settings-values] gateway settings: an error names a value with which "
    .. "the gateway could not serve requests", function()
    local function changed(name, value)
      local given = complete()
      given[name] = value
      return given
    end
    for _, seconds in ipairs { -1, 0, 0.5, 86401 } do
      refuses("ticket_seconds should be a whole number from 1 to 86400",
        changed("ticket_seconds", seconds))
    end
    refuses("interval should be a number from 3 to 600", changed("interval", 1))
    refuses("interval should be a number from 3 to 600", complete(),
      { GATEWAY_INTERVAL = "2" })
    for _, passes in ipairs { json.array {}, json.array { 5 }, { a = "TempPass" } } do
      refuses("passes should be a string, or a list of them", changed("passes", passes))
    end
    refuses("ca_file: cannot read the file", changed("ca_file", place .. "/none"))
    refuses("ca_file: expected certificates in PEM", changed("ca_file", key_file))
    local two = json.array { keys()[1], keys()[1] }
    refuses("ticket_keys: duplicate id 'one'", changed("ticket_keys", two))
    local channel = { id = "cnn", resource = "CNN", title = "CNN" }
    refuses("channels: duplicate id 'cnn'",
      changed("channels", json.array { channel, channel }))
  end)

  it("[gateway-settings-log-default] gateway settings: without log_file the log is the "
    .. "standard error, also if its path cannot be opened", function()
    assert.is_nil(load(complete()).log_file)
    local start = child_process.command [[
      package.path = "examples/openresty/lua/?.lua;" .. package.path
      require "gateway.log".start(nil, "node")]]
    assert.same({ "", 0 }, { shell.read(start .. " 2>&-") })
  end)

  it("[gateway-settings-errors] gateway settings: an error names the setting or the "
    .. "variable, and no secret", function()
    local function changed(name, value)
      local given = complete()
      given[name] = value
      return given
    end
    refuses("GATEWAY_TIMEOUT: expected a number", complete(), { GATEWAY_TIMEOUT = "x" })
    refuses("GATEWAY_RATE_LIMIT: expected a boolean", complete(),
      { GATEWAY_RATE_LIMIT = "yes" })
    refuses("GATEWAY_CHANNELS: expected a list or object in JSON", complete(),
      { GATEWAY_CHANNELS = "cnn" })
    refuses("GATEWAY_REDIS_PORT: expected a number", complete(),
      { GATEWAY_REDIS_PORT = "six" })
    refuses("statement_file: missing", changed("statement_file", nil))
    refuses("statement_file: cannot read the file", changed("statement_file", "/none"))
    refuses("statement_file: expected a software statement",
      changed("statement_file", key_file))
    refuses("GATEWAY_STATEMENT: expected a software statement", complete(),
      { GATEWAY_STATEMENT = KEY })
    refuses("redis.password_file: cannot read the file",
      changed("redis", { password_file = "/none" }))
    refuses("device_keys: the key 'one' is shorter than 32 bytes", changed(
      "device_keys", json.array { { id = "one", variable = "NONE" } }))
    refuses("device_keys: invalid id 'a b'", changed("device_keys",
      json.array { { id = "a b", file = key_file } }))
    refuses("ticket_keys: the list is empty", changed("ticket_keys", json.array {}))
    refuses("channels: invalid id '../etc'", changed("channels", json.array {
      { id = "../etc", resource = "CNN", title = "CNN" } }))
    refuses("unknown option 'statement': did you mean 'statement_file'",
      changed("statement", STATEMENT))
    refuses("unknown option 'password'", changed("redis", { password = KEY }))
    refuses("domain_name should be a string", changed("domain_name", nil))
    refuses("rate_limit: unknown option 'bursts': did you mean 'burst'",
      changed("rate_limit", { bursts = 1 }))
    refuses("rate_limit: rate should be a number from 0.001",
      changed("rate_limit", { rate = 0 }))
    refuses("GATEWAY_RATE_LIMIT: expected a boolean or list or object in JSON",
      complete(), { GATEWAY_RATE_LIMIT = "{" })
    refuses("shared_addresses: networks should be a table",
      changed("shared_addresses", { rate = 5 }))
    for _, text in ipairs { "203.0.113.0/33", "300.1.1.1", "2001:db8::/32", "x", "" } do
      refuses("shared_addresses.networks: expected an IPv4 address or network, such as "
        .. "203.0.113.0/24, got '" .. text .. "'",
        changed("shared_addresses", { networks = json.array { text } }))
    end
  end)
end)
