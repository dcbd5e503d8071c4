--- The second part of deploy/try: starts the image in a root with Redis and a sandbox,
-- and logs a TV in, through TLS.

local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local many_clients = require "spec.support.many_clients"
local media = require "examples.openresty.media"
local shell = require "adobepass.util.shell"
local gateway_client = require "spec.examples.gateway_client"

local DEPLOY = "examples/openresty/deploy/"
local root = arg[1]
local etc = root .. "/etc/adobepass-gateway"

local function run(format, ...)
  local output, status = shell.read(format:format(...))
  assert(status == 0, output)
  return output
end

local function secret()
  return core.digest.hex(assert(core.random.bytes(32)))
end

local function hash(text) return core.digest.hex(core.digest.sha256(text)) end

local function write(path, text)
  assert(shell.write_file(path, text, true))
end

-- The settings of the package with the sandbox in place of Adobe's service.
local function configure(sandbox)
  local settings = json.decode(shell.read_file(DEPLOY .. "settings.json"))
  settings.environment = { api = sandbox.api, mgmt = sandbox.mgmt }
  settings.domain_name, settings.redirect_url = "adobe.com", "https://adobe.com"
  settings.ca_file = "/etc/adobepass-gateway/ca.pem"
  write(etc .. "/ca.pem", shell.read_file(sandbox.ca))
  write(etc .. "/settings.json", json.encode(settings))
  local password = secret()
  write(etc .. "/secrets/statement", sandbox.statement)
  write(etc .. "/secrets/redis-password", password)
  write(etc .. "/secrets/device-1", secret())
  write(etc .. "/secrets/ticket-1", secret())
  write(root .. "/etc/redis/redis.conf", shell.read_file(DEPLOY .. "redis.conf"))
  write(root .. "/etc/redis/users.acl", (shell.read_file(DEPLOY .. "users.acl")
    :gsub("@([%u_]+)@", { HASH = hash(password), ADMIN_HASH = hash(secret()) })))
  media.write(root .. "/srv/adobepass-gateway", settings.channels)
  run("cd %s/tls && openssl req -x509 -newkey ec -pkeyopt "
    .. "ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext "
    .. "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out fullchain.pem",
    etc)
  -- The folders keep their owners and modes.
  run("chroot %s sh -c 'chown -R redis /etc/redis /var/lib/redis; chmod -R a+rX /srv; "
    .. "cd /etc/adobepass-gateway; chmod 644 settings.json ca.pem; chmod 640 secrets/* "
    .. "tls/*; chgrp adobepass-gateway secrets/* tls/*'", root)
end

local SERVERS = [[
chroot --userspec=redis "$2" redis-server /etc/redis/redis.conf > redis.log 2>&1 &
redis=$!
chroot --userspec=adobepass-gateway "$2" /usr/lib/adobepass-gateway/start \
  > "$2/nginx.log" 2>&1 &
nginx=$!
read -r _
kill -s QUIT $nginx
kill $redis
wait
]]

local function try(sandbox)
  local transport = assert(core.http.new { timeout = 30,
    ca_file = etc .. "/tls/fullchain.pem" })
  local tv = gateway_client.new { transport = transport }
  local control = many_clients.control(sandbox)
  local base, operator = "https://localhost:8443", "http://127.0.0.1:8081"
  local deadline = core.clock.monotonic() + 20
  local status
  repeat
    core.clock.sleep(0.1)
    status = tv:get(operator .. "/health/ready")
  until status == 200 or core.clock.monotonic() > deadline
  assert(status == 200, "not ready: " .. tostring(status) .. "\n"
    .. (shell.read_file(root .. "/nginx.log") or ""))
  print("ready; Redis with ACL")
  tv:sign_in(control, base)
  print("logged in through TLS")
  local _, played = tv:post(base .. "/play/cnn")
  assert(tv:get(base .. played.playlist) == 200, "no playlist")
  assert(select(2, tv:get(base .. "/health/live")).code == "http_404")
  local _, _, response = tv:get(base .. "/catalog")
  assert(response.headers["strict-transport-security"] == "max-age=31536000")
  print("played; health and metrics are not reachable from outside")
  local _, text = tv:get(operator .. "/metrics")
  assert(text:find 'gateway_requests_total{route="login",status="200"} 1')
  print("metrics; log lines: " .. run("wc -l < %s/var/log/adobepass-gateway/"
    .. "gateway.log", root))
  control:close()
  transport:close()
end

local sandbox = assert(host.start { throttle = false })
configure(sandbox)
local servers = shell.background("try-servers", assert(shell.make_folder "try"),
  SERVERS, root)
local fine, message = pcall(try, sandbox)
servers:close()
sandbox:stop()
print(fine and "passed" or message)
os.exit(fine and 0 or 1)
