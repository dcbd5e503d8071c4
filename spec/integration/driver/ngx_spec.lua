local nginx_host = require "spec.support.nginx_host"
local server = require "spec.support.https_server"

describe("driver.ngx", function()
  local nginx, host

  setup(function()
    nginx = server.start()
    host = nginx_host.start {}
  end)

  teardown(function()
    host:stop()
    nginx.stop()
  end)

  it("[driver-ngx-worker-serve] lets the worker serve others "
    .. "meanwhile", function()
    local said = host:call("spec.integration.driver.in_nginx", "serves_others",
      { ca = nginx.files.good.ca, urls = { GOOD = nginx:url("GOOD", "") } })
    assert.is_true(said.ended)
    assert.equal(3, said.turns)
  end)

  -- 1, 1.5, 2.25, ... ms: six looks in the first 20 ms, never more.
  it("[driver-ngx-looks-less-less] looks less and less often", function()
    local said = host:call("spec.integration.driver.in_nginx", "looks",
      { seconds = 0.02 })
    assert.is_false(said.ended)
    assert.is_true(said.took >= 0.02)
    assert.is_true(said.steps >= 2 and said.steps <= 10, said.steps)
  end)

  it("[driver-ngx-raises-options-since] raises for options, since it has "
    .. "none", function()
    assert.matches("driver.ngx: unknown option 'rate_limit'",
      host:call("spec.integration.driver.in_nginx", "refusal"))
  end)

  it("[driver-ngx-raises-outside-nginx] raises outside of nginx", function()
    assert.error_matches(function() require "adobepass.driver.ngx"() end,
      "only inside nginx")
  end)
end)
