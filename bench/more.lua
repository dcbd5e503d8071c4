--- What bench/compare.lua does not measure: greater crowds, signing, JSON,
-- caches, single flight, memory, start-up, growth. Beside plain C or lua-cjson
-- in the same run where there is such a thing, else stated.
--
-- more.lua [quick] LUA...: prints the figures and keeps them for bench/report.
-- Status 1 where a target is missed.

local certificates = require "adobepass.sandbox.host.certificates"
local core = require "adobepass.core"
local nginx = require "adobepass.sandbox.host.nginx"
local results = require "bench.results"
local rounds = require "bench.rounds"
local shell = require "adobepass.util.shell"

local BODY = ('{"decisions":[{"token":"%s"}]}'):format(("PHNpZ25h"):rep(70))

local CONFIG = [[
worker_cpu_affinity @PLACE@;
http {
  default_type application/json;
  keepalive_requests 1000000000; keepalive_timeout 600;
  server {
    listen 127.0.0.1:@HTTP@ backlog=4096;
    listen 127.0.0.1:@HTTPS@ ssl http2 backlog=4096;
    ssl_certificate @FOLDER@/server.pem;
    ssl_certificate_key @FOLDER@/server.key;
    http2_max_concurrent_streams 4096;
    location = /answer { return 200 '@BODY@'; }
    location = /silent { content_by_lua_block { ngx.sleep(600) } }
  }
}
]]

-- nginx.start's nginx has room for fewer connections than a crowd of 2,000: a
-- program that changes the one line and then becomes nginx.
local ROOMY = [[#!/bin/sh
for word; do
  case $word in
    */nginx.conf)
      sed -i 's/worker_connections 1024/worker_connections 8192/' "$word" ;;
  esac
done
exec %s "$@"
]]

local JOBS = "bench/more_jobs.lua"
-- libcurl has 100 requests at most on one connection.
local IN_FLIGHT = { { "HTTP/1.1, a connection each", "transfer", 500 },
  { "HTTP/2, 100 on one connection", "transfer2", 100 } }
local DEVICES = { 1, 10, 100, 1000, 10000 }

local function start_server(folder)
  local program = folder .. "/nginx"
  assert(shell.write_file(program, ROOMY:format(shell.quote(
    assert(nginx.find())))))
  assert(shell.execute(shell.line("chmod", "700", program)) == 0)
  return assert(nginx.start { lua = true, ports = 2, nginx = program,
    config = function(ports)
      return (CONFIG:gsub("@(%u+)@", { HTTP = ports[1], HTTPS = ports[2],
        FOLDER = folder, PLACE = rounds.server_place, BODY = BODY }))
    end })
end

local Run = {}
Run.__index = Run

function Run:figure(name, value, unit, target)
  self.found:figure(name, value, unit, target)
  local is_missed = results.met { value = value, target = target or "" }
    == false
  self.missed = self.missed or is_missed
  print(("%-52s %14s %-12s %-7s %s"):format(name, value, unit or "",
    target or "", is_missed and "MISSED" or ""))
end

-- One contender's ratio to plain C, in the same rounds.
function Run:beside(name, job, argument, target)
  local askers = {}
  for index, one in ipairs(self.contenders) do
    askers[index] = function(count) return one.ask(job, count, argument) end
  end
  local times = rounds.measure(askers, self.plan)
  for index = 2, #self.contenders do
    local list = rounds.ratios(times, index)
    self:figure(("%s, %s"):format(name, self.contenders[index].name),
      ("%.2f (%.2f .. %.2f)"):format(rounds.part(list),
      rounds.part(list, 0.25), rounds.part(list, 0.75)), "of plain C",
      target)
  end
  for _, one in ipairs(self.contenders) do one.ask("end", 0) end
end

function Run:each_lua(act)
  for index = 2, #self.contenders do act(self.contenders[index]) end
end

-- The median of a job's time, as something for a second or for a turn.
function Run:stated(name, job, unit, convert)
  self:each_lua(function(one)
    local times = rounds.measure({ function(count)
      return one.ask(job, count)
    end }, self.plan)
    self:figure(("%s, %s"):format(name, one.name),
      ("%.1f"):format(convert(rounds.part(times[1]))), unit)
  end)
end

local function json(self)
  self:each_lua(function(one)
    local bytes = one.ask("bytes", 1)
    local times = rounds.measure({ function(count)
      return one.ask("json", count)
    end }, self.plan)
    self:figure("2,000 providers from JSON, " .. one.name, ("%.1f"):format(
      bytes / rounds.part(times[1]) / 1e6), "MB/s")
  end)
end

-- In a process of its own each: what one had is room for the next.
local function of_new_process(self, one, job, count, argument)
  self.processes = (self.processes or 0) + 1
  local fresh = rounds.lua(one.name, JOBS, self.folder, self.processes)
  local value = fresh.ask(job, count, argument)
  fresh.close()
  return value
end

local function memory(self, server)
  local url = ("https://127.0.0.1:%d/silent"):format(server.ports[2])
  self:each_lua(function(one)
    for _, item in ipairs(IN_FLIGHT) do
      local bytes = of_new_process(self, one, item[2], item[3], url)
      self:figure(("a transfer in flight, https, %s, %s"):format(item[1],
        one.name), ("%.1f"):format(bytes / 1024), "KiB")
    end
    self:figure("a viewer who waits for a second screen, " .. one.name,
      ("%.1f"):format(of_new_process(self, one, "login", 1) / 1024), "KiB")
  end)
end

local function growth(self)
  self:each_lua(function(one)
    local first
    for _, count in ipairs(DEVICES) do
      local bytes, seconds = one.ask("devices", count), {}
      for round = 1, self.plan.rounds do
        seconds[round] = one.ask("asks", 10000)
      end
      local micros = rounds.part(seconds) * 1e6
      first = first or micros
      local label = ("%d devices, %s"):format(count, one.name)
      self:figure(label .. ": memory of each", ("%.2f"):format(bytes / 1024),
        "KiB")
      self:figure(label .. ": time of a call", ("%.1f"):format(micros), "us")
      self:figure(label .. ": beside one device", ("%.2f"):format(
        micros / first), "times")
    end
    one.ask("end", 0)
  end)
end

-- Milliseconds from a process's start to its end, of 20 in a row.
local function start_of(lua, script)
  local began = core.clock.monotonic()
  assert(shell.execute(("export LUA_PATH='lua/?.lua;lua/?/init.lua;;' "
    .. "LUA_CPATH='build/%s/?.so;;'; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 "
    .. "14 15 16 17 18 19 20; do %s -e %s; done"):format(lua, lua,
    shell.quote(script))) == 0)
  return (core.clock.monotonic() - began) / 20 * 1e3
end

local function start_up(self)
  self:each_lua(function(one)
    local bare, loaded = {}, {}
    for round = 1, self.plan.rounds do
      bare[round] = start_of(one.name, "")
      loaded[round] = start_of(one.name, 'require "adobepass"')
    end
    self:figure("a process that does nothing, " .. one.name,
      ("%.1f"):format(rounds.part(bare)), "ms")
    self:figure("one that has loaded adobepass, " .. one.name,
      ("%.1f"):format(rounds.part(loaded)), "ms")
  end)
end

local function all(self, server)
  self.found = results.new("more", "bench/more")
  local function at(index, scheme)
    return ("2000:%s://127.0.0.1:%d/answer"):format(scheme,
      server.ports[index])
  end
  self:beside("2,000 at once, http", "crowd", at(1, "http"), ">= 0.9")
  self:beside("2,000 at once, https", "crowd", at(2, "https"), ">= 0.9")
  self:beside("RS256, sign", "sign", "-", ">= 0.9")
  json(self)
  self:stated("api:configuration of 2,000 providers", "configuration", "ms",
    function(seconds) return seconds * 1e3 end)
  self:stated("client:providers of 2,000, cached", "providers", "ms",
    function(seconds) return seconds * 1e3 end)
  self:stated("25 cached permits", "permits", "lookups/s",
    function(seconds) return 25 / seconds end)
  self:stated("one token for 1,000 waiters, each", "flight", "us",
    function(seconds) return seconds / 1000 * 1e6 end)
  start_up(self)
  self.found:write()
  self.found = results.new("growth", "bench/more")
  memory(self, server)
  growth(self)
  self.found:write()
end

local function new_run(folder, plan, luas)
  local self = setmetatable({ plan = plan, folder = folder, contenders = {
    rounds.contender("plain", "build/bench/more", folder) } }, Run)
  for index, lua in ipairs(luas) do
    self.contenders[index + 1] = rounds.lua(lua, JOBS, folder)
  end
  return self
end

local function run(folder, plan, luas)
  assert(certificates.make(folder))
  assert(shell.read(shell.line("openssl", "genrsa", "-out", folder
    .. "/private.pem", "2048")))
  local server = start_server(folder)
  local self = new_run(folder, plan, luas)
  local fine, why = pcall(all, self, server)
  for _, one in ipairs(self.contenders) do one.close() end
  server:stop()
  if not fine then error(why, 0) end
  return self.missed
end

local function main(luas)
  local plan = { rounds = 11, seconds = 0.25 }
  if luas[1] == "quick" then
    table.remove(luas, 1)
    plan = { rounds = 3, seconds = 0.05 }
  end
  local folder = assert(shell.make_folder "adobepass-bench")
  local fine, missed = pcall(run, folder, plan, luas)
  shell.execute(shell.line("rm", "-rf", "--", folder))
  if not fine then error(missed, 0) end
  return missed
end

os.exit(main { ... } and 1 or 0)
