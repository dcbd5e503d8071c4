--- Compares the core on each Lua with plain C, against one server.
--
-- Each round runs the same job in every process and gives one ratio; the order
-- rotates. The median of the rounds is independent of other load on the
-- machine, as far as that load affects all processes alike.
--
-- compare.lua [quick] LUA...: prints a table. Without `quick` and BENCH_ONLY it
-- stores the figures for bench/report. Exit status 1 if a target is missed.
-- BENCH_ONLY=easy (batch, profiles, ...) runs one job.

local certificates = require "adobepass.sandbox.host.certificates"
local nginx = require "adobepass.sandbox.host.nginx"
local results = require "bench.results"
local rounds = require "bench.rounds"
local shell = require "adobepass.util.shell"

local PREFIX = "adobepass-bench"

-- A response body with the size of a typical decision.
local BODY = '{"decisions":[{"resource":"REF30","serviceProvider":"REF30",'
  .. '"mvpd":"Cablevision","source":"mvpd","authorized":true,"token":'
  .. '{"issuedAt":1697094207324,"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"serializedToken":"' .. ("PHNpZ25h"):rep(48)
  .. '"}}]}'

local ATTRIBUTE = '"%s":{"value":"BASE64_value_%s","state":"plain"}'

local PROFILES_BODY = '{"profiles":{"Cablevision":{"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"issuer":"Cablevision","type":"regular",'
  .. '"attributes":{' .. ATTRIBUTE:gsub("%%s", "userID") .. ","
  .. ATTRIBUTE:gsub("%%s", "upstreamUserID") .. ","
  .. ATTRIBUTE:gsub("%%s", "parental-controls") .. ","
  .. '"zip":{"value":["12345","12346"],"state":"plain"}}}}}'

-- Responses for the client: credentials, a token, a viewer's profiles.
local CLIENT = [[
    location = /o/client/register {
      return 201 '{"client_id":"bench","client_secret":"bench"}';
    }
    location = /o/client/token {
      return 201 '{"access_token":"@TOKEN@","expires_in":86400}';
    }
    location = /api/v2/REF30/profiles {
      return 200 '@PROFILES@';
    }
]]

local CONFIG = [[
worker_cpu_affinity @PLACE@;
http {
  default_type application/json;
  keepalive_requests 1000000000; keepalive_timeout 600;
  server {
    listen 127.0.0.1:@HTTP@ backlog=1024;
    listen 127.0.0.1:@HTTPS@ ssl backlog=1024;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate @FOLDER@/server.pem;
    ssl_certificate_key @FOLDER@/server.key;
    location = /response { return 200 '@BODY@'; }
@CLIENT@
    location = /silent { content_by_lua_block { ngx.sleep(600) } }
  }
}
]]

local PROFILES = "/api/v2/REF30/profiles"

-- `limit`: maximum in microseconds; `target`: minimum ratio to plain C; `turn`:
-- number of requests in one turn (default 1).
local MEASURES = {
  { "one at a time, http", "easy", "http/response", target = 0.93 },
  { "one at a time, https", "easy", "https/response", target = 0.93 },
  { "256 at once, http", "batch", "http/response", target = 0.9, turn = 256 },
  { "256 at once, https", "batch", "https/response", target = 0.9, turn = 256 },
  { "client, profiles, http", "profiles", "http" .. PROFILES, target = 0.8 },
  { "client, profiles, https", "profiles", "https" .. PROFILES, target = 0.8 },
  { "client, 256 devices, http", "devices", "http" .. PROFILES,
    target = 0.65, turn = 256 },
  { "client, 256 devices, https", "devices", "https" .. PROFILES,
    target = 0.65, turn = 256 },
  { "step(0), 8 waiting, http", "idle", "http/silent", limit = 5 },
  { "step(0), 8 waiting, https", "idle", "https/silent", limit = 5 },
}

local function start_server(folder)
  return assert(nginx.start { lua = true, ports = 2,
    config = function(ports)
      local values = { HTTP = ports[1], HTTPS = ports[2], FOLDER = folder,
        PLACE = rounds.server_place, BODY = BODY,
        CLIENT = CLIENT:gsub("@(%u+)@", { TOKEN = ("t"):rep(600),
          PROFILES = PROFILES_BODY }) }
      return (CONFIG:gsub("@(%u+)@", values))
    end })
end

local function url_of(argument, server)
  local scheme, path = argument:match("^(https?)(/.*)$")
  if not scheme then return argument end
  return ("%s://127.0.0.1:%d%s"):format(scheme,
    server.ports[scheme == "http" and 1 or 2], path)
end

local function close_all(contenders)
  for _, one in ipairs(contenders) do one.close() end
end

-- Returns the number of turns that plain C completes in about `seconds`.
local function calibrate(contenders, job, argument, seconds)
  local count = 1
  local took
  repeat
    count = count * 2
    took = contenders[1].ask(job, count, argument)
  until took > seconds / 4
  return math.ceil(count * seconds / took)
end

-- Adds a round to times[name]: seconds per turn. The order rotates.
local function run_round(contenders, count, job, argument, times)
  local round = #times.plain
  for place = 1, #contenders do
    local one = contenders[(place + round) % #contenders + 1]
    times[one.name][round + 1] = one.ask(job, count, argument) / count
  end
end

-- Memory placement changes the time of a batch by up to 10 % for the life of a
-- process, so each contender is started several times.
local function measure(start, job, argument, plan)
  local times, count = {}, nil
  for _ = 1, plan.starts do
    local contenders = start()
    for _, one in ipairs(contenders) do
      times[one.name] = times[one.name] or {}
      one.ask(job, 3, argument)
    end
    count = count or calibrate(contenders, job, argument, plan.seconds)
    for _ = 1, plan.rounds do
      run_round(contenders, count, job, argument, times)
    end
    for _, one in ipairs(contenders) do one.ask("end", 0, "-") end
    close_all(contenders)
  end
  return times
end

local function values_of(times, name, entry)
  local values = {}
  for round, seconds in ipairs(times[name]) do
    values[round] = entry.limit and seconds * 1e6
      or times.plain[round] / seconds
  end
  return values
end

local function target_of(entry)
  return entry.limit and ("< %d"):format(entry.limit)
    or (">= %.2g"):format(entry.target)
end

local ROW, CELL = "%-26s %-7s %-11s", " %-28s"

local function record(row, name, value, unit, target)
  row.found:figure(name, value, unit, target)
  local is_met = results.met { value = value, target = target }
  row.is_missed = row.is_missed or not is_met
  return value .. (is_met and "" or " MISSED")
end

-- Returns whether a target is missed.
local function print_row(found, entry, times, luas)
  local row, target = { found = found }, target_of(entry)
  local micros = rounds.part(times.plain) * 1e6 / (entry.turn or 1)
  local line = ROW:format(entry[1], target, ("%.2f us"):format(micros))
  for _, lua in ipairs(luas) do
    local values = values_of(times, lua, entry)
    line = line .. CELL:format(record(row, ("%s, %s"):format(entry[1], lua),
      ("%.2f (%.2f .. %.2f)"):format(rounds.part(values),
      rounds.part(values, 0.25), rounds.part(values, 0.75)),
      entry.limit and "us" or "of plain C", target))
  end
  print((line:gsub("%s+$", "")))
  return row.is_missed
end

local function print_head(plan, luas)
  print(("Time of plain C divided by time of the core, in the same round: "
    .. "above 1, the core is\nfaster. Median of %d rounds (quartiles), on %d "
    .. "processes each; step(0) in microseconds."):format(
    plan.starts * plan.rounds, plan.starts))
  local head = ROW:format("", "target", "plain C")
  for _, lua in ipairs(luas) do head = head .. CELL:format(lua) end
  print((head:gsub("%s+$", "")))
end

local function starter(folder, luas)
  return function()
    local contenders = { rounds.contender("plain", "build/bench/plain",
      folder) }
    for index, lua in ipairs(luas) do
      contenders[index + 1] = rounds.lua(lua, "bench/core.lua", folder)
    end
    return contenders
  end
end

local function compare(folder, server, plan, luas)
  local start, found = starter(folder, luas), results.new("speed", "bench/run")
  local missed, only = false, os.getenv "BENCH_ONLY"
  local contenders = start()
  contenders[2].ask("headers", 1, "-")
  close_all(contenders)
  print_head(plan, luas)
  for _, entry in ipairs(MEASURES) do
    if not only or only == entry[2] then
      local times = measure(start, entry[2], url_of(entry[3], server), plan)
      missed = print_row(found, entry, times, luas) or missed
    end
  end
  if not only and not plan.is_quick then print(found:write()) end
  return missed
end

local function main(arguments)
  local plan = { starts = 7, rounds = 3, seconds = 0.25 }
  if arguments[1] == "quick" then
    table.remove(arguments, 1)
    plan = { starts = 1, rounds = 5, seconds = 0.05, is_quick = true }
  end
  local folder = assert(shell.make_folder(PREFIX))
  local fine, missed = pcall(function()
    assert(certificates.make(folder))
    local server = start_server(folder)
    local result = compare(folder, server, plan, arguments)
    server:stop()
    return result
  end)
  shell.execute(shell.line("rm", "-rf", "--", folder))
  if not fine then error(missed, 0) end
  return missed
end

os.exit(main { ... } and 1 or 0)
