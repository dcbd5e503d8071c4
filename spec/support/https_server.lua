--- An nginx with TLS for the specs of the transport, with valid, expired and wrong
-- certificates.

local certificates = require "adobepass.sandbox.host.certificates"
local folder = require "spec.support.folder"
local nginx = require "adobepass.sandbox.host.nginx"

local https_server = {}

local LOCATIONS = [[
    location = /hello { return 200 "hello"; }
    location = /resumed { return 200 "$ssl_session_reused"; }
    location = /nothing { return 204; }
    location = /moved { return 302 /hello; }
    location = /many {
      add_header Set-Cookie a=1; add_header Set-Cookie b=2;
      add_header X-Empty "" always; add_header X-Mixed-Case Yes;
      return 200 "";
    }
    location = /silent { content_by_lua_block { ngx.sleep(600) } }
    location = /later { # responds after a request of /open
      content_by_lua_block {
        local gate = package.loaded.gate or { waiting = 0 }
        package.loaded.gate = gate
        gate.waiting = gate.waiting + 1
        while not gate.is_open do ngx.sleep(0.005) end
        ngx.print("later")
      }
    }
    location = /waiting {
      content_by_lua_block {
        ngx.print(package.loaded.gate and package.loaded.gate.waiting or 0)
      }
    }
    location = /open {
      content_by_lua_block { package.loaded.gate.is_open = true }
    }
    location = /echo {
      client_max_body_size 8m; client_body_buffer_size 8m;
      content_by_lua_block {
        ngx.req.read_body()
        ngx.print(ngx.req.get_method(), " ", ngx.var.request_uri, "\n",
          ngx.req.raw_header and ngx.var.server_protocol ~= "HTTP/2.0"
          and ngx.req.raw_header(true) or "", "\n",
          ngx.req.get_body_data() or "")
      }
    }
    location = /headers {
      content_by_lua_block {
        local names = {}
        for name, value in pairs(ngx.req.get_headers(0, true)) do
          names[#names + 1] = name .. "="
            .. (type(value) == "table" and table.concat(value, "|")
                or tostring(value))
        end
        table.sort(names)
        ngx.print(table.concat(names, "\n"))
      }
    }
    location = /bytes {
      content_by_lua_block {
        local count = tonumber(ngx.var.arg_n)
        if ngx.var.arg_chunked ~= "1" then
          ngx.header.content_length = count
        end
        local block = ("x"):rep(4096)
        while count > 0 do
          ngx.print(block:sub(1, count))
          ngx.flush(true)
          count = count - 4096
        end
      }
    }
    location = /long_header {
      content_by_lua_block {
        for i = 1, tonumber(ngx.var.arg_n) do
          ngx.header["X-Long-" .. i] = ("y"):rep(1000)
        end
        ngx.print("ok")
      }
    }
    location = /zipped {
      gzip on; gzip_min_length 1; gzip_types text/plain;
      default_type text/plain;
      content_by_lua_block { ngx.print(("z"):rep(100000)) }
    }
]]

local CONFIG = [[
http {
  lua_socket_log_errors off;
  lua_check_client_abort on; # ends the sleep of a dropped request
  keepalive_requests 100000;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:transports:1m; # TLS 1.2: libcurl uses no tickets
  server { listen 127.0.0.1:@HTTP@; @LOCATIONS@ }
  server {
    listen 127.0.0.1:@GOOD@ ssl http2; listen [::1]:@GOOD@ ssl http2;
    ssl_certificate @CERT@; ssl_certificate_key @KEY@; @LOCATIONS@
  }
  server {
    listen 127.0.0.1:@EXPIRED@ ssl;
    ssl_certificate @EXPIREDCERT@; ssl_certificate_key @EXPIREDKEY@;
    @LOCATIONS@
  }
  server {
    listen 127.0.0.1:@WRONG@ ssl;
    ssl_certificate @WRONGCERT@; ssl_certificate_key @WRONGKEY@; @LOCATIONS@
  }
  server {
    listen 127.0.0.1:@OLD@ ssl; ssl_protocols TLSv1.2;
    ssl_certificate @CERT@; ssl_certificate_key @KEY@; @LOCATIONS@
  }
  server {
    listen 127.0.0.1:@MUTUAL@ ssl; ssl_verify_client on;
    ssl_client_certificate @CA@;
    ssl_certificate @CERT@; ssl_certificate_key @KEY@;
    location = /who { return 200 $ssl_client_s_dn; }
  }
}
]]

local PORTS = { "HTTP", "GOOD", "EXPIRED", "WRONG", "OLD", "MUTUAL" }

-- Creates a self-signed client certificate.
local function make_client(path)
  folder.run(("cd %s && openssl req -x509 -newkey ec -nodes -days 2 "
    .. "-pkeyopt ec_paramgen_curve:prime256v1 -subj '/CN=living room' "
    .. "-keyout client.key -out client.pem"):format(folder.quote(path)))
end

local NAMES = { "good", "other", "expired", "wrong" }

local function make_certificates(path)
  for _, name in ipairs(NAMES) do
    assert(certificates.make(path, { name = name, expired = name == "expired",
      hosts = name == "wrong" and { "elsewhere.example" } or nil }))
  end
  make_client(path)
end

local function files_of(path)
  local files = { client = { cert = path .. "/client.pem",
    key = path .. "/client.key" } }
  for _, name in ipairs(NAMES) do
    local base = path .. "/" .. name
    files[name] = { ca = base .. "-ca.pem", cert = base .. ".pem",
      key = base .. ".key" }
  end
  return files
end

-- Returns the certificates of this day. The first process that needs them creates them,
-- which takes 0.1 s; of two at once, one is first to rename its folder.
local function certificates_of_today()
  local all = (os.getenv "ADOBEPASS_BUILD" or "build") .. "/certificates"
  all = folder.run(("mkdir -p %s && cd %s && pwd"):format(folder.quote(all),
    folder.quote(all)))
  local path = all .. os.date "!/%Y-%m-%d"
  if not folder.read(path .. "/client.pem") then
    local made = folder.run("mktemp -d " .. folder.quote(all .. "/new.XXXXXX"))
    make_certificates(made)
    folder.run(("mv -T %s %s 2>&1 || rm -r %s"):format(folder.quote(made),
      folder.quote(path), folder.quote(made)))
  end
  return files_of(path)
end

local function values_of(files, ports)
  local values = { LOCATIONS = LOCATIONS, CA = files.client.cert,
    CERT = files.good.cert, KEY = files.good.key,
    EXPIREDCERT = files.expired.cert, EXPIREDKEY = files.expired.key,
    WRONGCERT = files.wrong.cert, WRONGKEY = files.wrong.key }
  for index, name in ipairs(PORTS) do values[name] = ports[index] end
  return values
end

--- Starts the server. Returns a table with `files`, `ports` (`GOOD` …),
-- `url("GOOD", "/hello")` and `stop`.
function https_server.start()
  local files = certificates_of_today()
  local started = assert(nginx.start {
    ports = #PORTS,
    config = function(ports)
      return (CONFIG:gsub("@LOCATIONS@", function() return LOCATIONS end)
        :gsub("@(%u+)@", values_of(files, ports)))
    end,
  })
  local running = { files = files, ports = {} }
  for index, name in ipairs(PORTS) do
    running.ports[name] = started.ports[index]
  end
  function running:url(name, rest)
    local scheme = name == "HTTP" and "http" or "https"
    return ("%s://127.0.0.1:%d%s"):format(scheme, self.ports[name], rest)
  end
  function running.stop() started:stop() end
  return running
end

return https_server
