local nginx_host = require "spec.support.nginx_host"
local https_server = require "spec.support.https_server"

describe("driver.ngx", function()
  local nginx, host

  setup(function()
    nginx = https_server.start()
    host = nginx_host.start {}
  end)

  teardown(function()
    host:stop()
    nginx.stop()
  end)

  it("[driver-ngx-worker-serve] driver.ngx: lets the worker serve other "
    .. "requests during a wait", function()
    local result = host:call("spec.integration.driver.in_nginx",
      "serves_others",
      { ca = nginx.files.good.ca, urls = { GOOD = nginx:url("GOOD", "") } })
    assert.is_true(result.ended)
    assert.equal(3, result.turns)
  end)

  -- At 1, 1.5, 2.25, ... ms: at most six polls in the first 20 ms.
  it("[driver-ngx-looks-less-less] driver.ngx: polls a transport with growing "
    .. "delays", function()
    local result = host:call("spec.integration.driver.in_nginx", "count_polls",
      { seconds = 0.02 })
    assert.is_false(result.ended)
    assert.is_true(result.took >= 0.02)
    assert.is_true(result.steps >= 2 and result.steps <= 10, result.steps)
  end)

  it("[driver-ngx-raises-options-since] driver.ngx: raises for options, "
    .. "because it has none", function()
    assert.matches("driver.ngx: unknown option 'rate_limit'",
      host:call("spec.integration.driver.in_nginx", "refusal"))
  end)

  it("[driver-ngx-raises-outside-nginx] driver.ngx: raises outside of "
    .. "nginx", function()
    assert.error_matches(function() require "adobepass.driver.ngx"() end,
      "only inside nginx")
  end)
end)
