--- The gateway with a Redis over TLS, and a user with the rights that its README names.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local gateway_client = require "spec.examples.gateway_client"
local many_clients = require "spec.support.many_clients"
local redis_group = require "spec.support.redis_group"
local service = require "examples.openresty.service"

-- nginx runs its own Lua, so one run of these specs is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local RIGHTS = "~adobepass:* ~gateway:* +get +set +del +eval +ping +info"

describe("gateway with another Redis", function()
  it("[gateway-redis-tls-acl] gateway: logs in and plays with a Redis over TLS and the "
    .. "documented rights", function()
    local readme = folder.read "examples/openresty/README.md"
    assert.is_truthy(readme:find("`" .. RIGHTS .. "`", 1, true))
    local server, ca = redis_group.tls("user tv on >long-secret resetchannels "
      .. RIGHTS .. " +time")
    local path = folder.make()
    assert(folder.write(path .. "/password", "long-secret\n"))
    local running = assert(service.start { throttle = false, settings = {
      rate_limit = { rate = 0.001 }, -- Redis keeps the key
      redis = { host = "127.0.0.1", port = server.port, username = "tv",
        password_file = path .. "/password",
        tls = { ca_file = ca, server_name = "redis.test" } } } })
    local control = many_clients.control(running.sandbox)
    local tv = gateway_client.new()
    local good, message = pcall(function()
      tv:sign_in(control, running.nodes[1].url)
      assert.equal(200, (tv:post(running.nodes[2].url .. "/play/cnn", {})))
      assert.equal("1", server:ask "exists gateway:rate_limit:127.0.0.1")
      assert.equal("", server:ask "acl log")
    end)
    tv:close()
    control:close()
    running:stop()
    server:stop()
    folder.remove(path)
    assert(good, message)
  end)
end)
