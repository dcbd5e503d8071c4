--- The files of examples/openresty/deploy.

package.path = "examples/openresty/lua/?.lua;" .. package.path

local child_process = require "spec.support.child_process"
local config = require "gateway.config"
local folder = require "spec.support.folder"
local nginx = require "adobepass.sandbox.host.nginx"
local shell = require "adobepass.util.shell"

local DEPLOY = "examples/openresty/deploy/"

-- Nothing here depends on the Lua.
if child_process.interpreter() ~= "lua5.4" then return end

local function read(path) return assert(shell.read_file(path)) end

describe("gateway deployment", function()
  local home

  setup(function() home = folder.make() end)
  teardown(function() folder.remove(home) end)

  it("[deploy-install] gateway deployment: install fills in every name, and keeps "
    .. "existing settings", function()
    local settings = home .. "/etc/adobepass-gateway/settings.json"
    local install = "LISTEN='8443 ssl' REDIS_CA=/ca.pem NEWCOMERS=600 " .. DEPLOY
      .. "install " .. home
    assert.same({ "", 0 }, { shell.read(install) })
    local text = read(home .. "/etc/adobepass-gateway/gateway.conf")
    assert.is_nil(text:match "\n[^#\n]*@[%u_]+@")
    assert.truthy(text:find("listen 8443 ssl;", 1, true))
    assert.truthy(text:find("lua_ssl_trusted_certificate /ca.pem;", 1, true))
    assert.truthy(text:find("listen 127.0.0.1:8081;", 1, true))
    assert.truthy(text:find("zone=shared_newcomers:1m rate=600r/m;", 1, true))
    assert.truthy(text:find("/usr/lib/adobepass-gateway/lua/?.lua;", 1, true))
    assert.equal(read(DEPLOY .. "settings.json"), read(settings))
    shell.write_file(settings, "{}")
    assert.same({ "", 0 }, { shell.read(install) })
    assert.equal("{}", read(settings))
  end)

  it("[deploy-install-group] gateway deployment: install into a folder changes no "
    .. "group, because groups of this machine are not those of the image", function()
    local programs, place = folder.make(), folder.make()
    finally(function()
      folder.remove(programs)
      folder.remove(place)
    end)
    shell.write_file(programs .. "/getent", "#!/bin/sh\n[ $2 = adobepass-gateway ]\n")
    shell.write_file(programs .. "/chgrp", "#!/bin/sh\necho $*\n")
    folder.run("chmod +x " .. programs .. "/*")
    local etc = place .. "/etc/adobepass-gateway"
    assert.same({ "", 0 }, { shell.read(("PATH=%s:$PATH %sinstall %s"):format(
      programs, DEPLOY, place)) })
    for _, name in ipairs { "/secrets", "/tls" } do
      assert.equal("750", (shell.read("stat -c %a " .. etc .. name)))
    end
  end)

  -- Writes the settings of the package, with a changed one, and the secrets.
  local function write_settings(path, change)
    local text = read(DEPLOY .. "settings.json"):gsub("/etc/adobepass%-gateway/secrets",
      home):gsub('"/var/log/[^"]+"', ('"%s/gateway.log"'):format(home))
      :gsub("{", "{ " .. (change and change .. "," or ""), 1)
    shell.write_file(path, text)
    for name in text:gmatch('"' .. home:gsub("%p", "%%%0") .. '/([^"]+)"') do
      shell.write_file(home .. "/" .. name, ("k"):rep(32))
    end
    shell.write_file(home .. "/statement", "e30.e30.AA")
  end

  it("[deploy-settings] gateway deployment: the settings file is valid", function()
    write_settings(home .. "/settings.json")
    assert.equal(home .. "/gateway.log", config.load(home .. "/settings.json").log_file)
  end)

  it("[deploy-check] gateway deployment: the check before a reload reports wrong "
    .. "settings and accepts right ones", function()
    local binary = nginx.find()
    local modules = binary and nginx.lua_modules(binary)
    if not modules then return pending "nginx has no Lua module" end
    assert.same({ "", 0 }, { shell.read(DEPLOY .. "install " .. home) })
    local etc = home .. "/etc/adobepass-gateway"
    local text = read(etc .. "/check.conf"):gsub("/usr/lib/", home .. "%0")
      :gsub("/etc/", home .. "%0"):gsub("load_module [^\n]+\n", "")
    shell.write_file(home .. "/check.conf", modules .. text)
    local http = ""
    for _, name in ipairs { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" } do
      http = ("%s%s_temp_path %s/%s;\n"):format(http, name, home, name)
    end
    shell.write_file(etc .. "/http.d/production.conf", http)
    write_settings(etc .. "/settings.json")
    local command = shell.line(binary, "-c", home .. "/check.conf", "-e", "stderr")
    assert.same({ "", 0 }, { shell.read(command) })
    write_settings(etc .. "/settings.json", '"timeout": 0')
    local said, status = shell.read(command)
    assert.equal(1, status)
    assert.truthy(said:find("timeout should be a number", 1, true), said)
  end)

  it("[deploy-container-resolver] gateway deployment: the container writes a resolver "
    .. "with its name servers, which nginx accepts", function()
    local binary = assert(nginx.find())
    folder.run(("mkdir -p %s/run/adobepass-gateway %s/etc"):format(home, home))
    local script = read(DEPLOY .. "start"):gsub("/usr/sbin/nginx", "echo")
      :gsub("/run/", home .. "%0"):gsub("/etc/resolv", home .. "%0")
    shell.write_file(home .. "/start", script)
    local included = read(DEPLOY .. "Containerfile"):match "include (/run/%S+;)"
    local path = home .. assert(included):sub(1, -2)
    for servers, written in pairs {
      [ [[# nameserver 192.0.2.9
search test
nameserver 127.0.0.11
nameserver fd00::1
nameserver fe80::1%eth0]] ] = "resolver 127.0.0.11 [fd00::1];\n",
      ["search test"] = "" } do
      shell.write_file(home .. "/etc/resolv.conf", servers .. "\n")
      assert.same({ "-c /etc/adobepass-gateway/nginx.conf -e stderr", 0 },
        { shell.read("sh " .. home .. "/start") })
      assert.equal(written, read(path))
      shell.write_file(home .. "/resolver_nginx.conf", ("pid %s/pid; events {}\n"
        .. "http { access_log off; include %s; }"):format(home, path))
      assert.equal(0, select(2, shell.read(shell.line(binary, "-t", "-q", "-c",
        home .. "/resolver_nginx.conf", "-e", "stderr"))))
    end
  end)

  it("[deploy-container-writable] gateway deployment: what the container writes is "
    .. "writable although its root is read-only", function()
    local compose = read(DEPLOY .. "compose.yaml")
    assert.truthy(compose:find("read_only: true", 1, true))
    local writable = compose:match "tmpfs: %b[]" .. compose:match "volumes:.-\n  redis:"
    -- Process id, temporary files, resolver; the log; the socket of core.wakeup.
    for _, path in ipairs { "/run/adobepass-gateway", "/var/log/adobepass-gateway",
      "/tmp" } do
      assert.truthy(writable:find(path, 1, true), path)
    end
  end)

  it("[deploy-unit] gateway deployment: systemd accepts the unit, and rates its "
    .. "exposure below 2", function()
    if select(2, shell.read "command -v systemd-analyze") ~= 0 then
      return pending "systemd-analyze is not installed"
    end
    local unit = home .. "/adobepass-gateway.service"
    shell.write_file(unit, read(DEPLOY .. "adobepass-gateway.service"))
    local said = shell.read("systemd-analyze verify --man=no " .. unit)
    assert.is_nil(said:match "[^\n]*adobepass%-gateway[^\n]*")
    local rated = shell.read("systemd-analyze security --offline=yes " .. unit)
    assert.is_true(tonumber(rated:match "exposure level for %S+ ([%d.]+)") < 2)
  end)

  -- Returns the sections of the runbook: name -> text.
  local function sections()
    local found = {}
    for name, text in (read(DEPLOY .. "runbook.md"):gsub("\n## ", "\1"))
      :gmatch "\1([^\n]+)\n([^\1]*)" do
      found[name] = text
    end
    return found
  end

  it("[deploy-runbook-sections] gateway deployment: each section of the runbook has a "
    .. "meaning and an action", function()
    local count = 0
    for name, text in pairs(sections()) do
      count = count + 1
      assert.truthy(text:find "^\nMeaning: %w", name)
      assert.truthy(text:find "\nAction:\n1%. ", name)
    end
    assert.is_true(count > 5)
  end)

  it("[deploy-runbook-alerts] gateway deployment: the runbook has a section for each "
    .. "alert rule, and no other", function()
    local alerts, described = {}, {}
    for name in read(DEPLOY .. "alerts.yml"):gmatch "alert: (%w+)" do
      alerts[name] = true
    end
    for name in pairs(sections()) do described[name] = true end
    assert.same(alerts, described)
  end)
end)
