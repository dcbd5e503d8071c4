--- Measures the core on each Lua beside plain C, against one server, in
-- rounds: plain, core, core, plain, ... One ratio each round, the median of
-- all; so what else the machine does falls on all alike.
--
-- compare.lua [quick] LUA...: prints the table; status 1 where a target is
-- missed. BENCH_ONLY=easy (crowd, sha256, ...) measures that job alone.

local certificates = require "adobepass.sandbox.host.certificates"
local nginx = require "adobepass.sandbox.host.nginx"
local rounds = require "bench.rounds"
local shell = require "adobepass.util.shell"

local PREFIX = "adobepass-bench"

-- An answer of the size that configuration and decisions have.
local BODY = '{"decisions":[{"resource":"REF30","serviceProvider":"REF30",'
  .. '"mvpd":"Cablevision","source":"mvpd","authorized":true,"token":'
  .. '{"issuedAt":1697094207324,"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"serializedToken":"' .. ("PHNpZ25h"):rep(48)
  .. '"}}]}'

local ATTRIBUTE = '"%s":{"value":"BASE64_value_%s","state":"plain"}'

local ANSWER = '{"profiles":{"Cablevision":{"notBefore":1697094207324,'
  .. '"notAfter":1697094802367,"issuer":"Cablevision","type":"regular",'
  .. '"attributes":{' .. ATTRIBUTE:gsub("%%s", "userID") .. ","
  .. ATTRIBUTE:gsub("%%s", "upstreamUserID") .. ","
  .. ATTRIBUTE:gsub("%%s", "parental-controls") .. ","
  .. '"zip":{"value":["12345","12346"],"state":"plain"}}}}}'

-- What the client needs: credentials, a token, and what a viewer has.
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
    location = /answer { return 200 '@BODY@'; }
@CLIENT@
    location = /silent { content_by_lua_block { ngx.sleep(600) } }
  }
}
]]

local PROFILES = "/api/v2/REF30/profiles"

-- `limit`: an absolute ceiling in microseconds; else `target`: a ratio. `turn`
-- is what one turn counts for.
local MEASURES = {
  { "one at a time, http", "easy", "http/answer", target = 1.0 },
  { "one at a time, https", "easy", "https/answer", target = 1.0 },
  { "256 at once, http", "crowd", "http/answer", target = 0.9, turn = 256 },
  { "256 at once, https", "crowd", "https/answer", target = 0.9, turn = 256 },
  { "client, profiles, http", "profiles", "http" .. PROFILES, target = 0.8 },
  { "client, profiles, https", "profiles", "https" .. PROFILES, target = 0.8 },
  { "client, 256 devices, http", "devices", "http" .. PROFILES,
    target = 0.65, turn = 256 },
  { "client, 256 devices, https", "devices", "https" .. PROFILES,
    target = 0.65, turn = 256 },
  { "SHA-256, 1 KiB", "sha256", "1024", target = 0.9 },
  { "SHA-256, 64 KiB", "sha256", "65536", target = 0.9 },
  { "RS256, key:verify", "verify", "-", target = 0.9 },
  { "RS256, jws.verify", "jws", "-", target = 0.9 },
  { "step(0), 8 waiting, http", "idle", "http/silent", limit = 5 },
  { "step(0), 8 waiting, https", "idle", "https/silent", limit = 5 },
}

local function run(command)
  local said, status = shell.read(command)
  if status ~= 0 then error(command .. ": " .. said, 0) end
  return said
end

-- A token's first two parts, as a signature is made over them.
local function make_signature(folder)
  run(("cd %s && openssl genrsa -out private.pem 2048"
    .. " && openssl rsa -in private.pem -pubout -out public.pem"
    .. " && printf '{\"alg\":\"RS256\"}' | openssl base64 -A"
    .. " | tr '+/' '-_' | tr -d = > message && printf . >> message"
    .. " && printf '%%s' '%s' | openssl base64 -A"
    .. " | tr '+/' '-_' | tr -d = >> message"
    .. " && openssl dgst -sha256 -sign private.pem -out signature message")
    :format(shell.quote(folder), BODY))
end

local function start_server(folder)
  return assert(nginx.start { lua = true, ports = 2,
    config = function(ports)
      local values = { HTTP = ports[1], HTTPS = ports[2], FOLDER = folder,
        PLACE = rounds.server_place, BODY = BODY,
        CLIENT = CLIENT:gsub("@(%u+)@", { TOKEN = ("t"):rep(600),
          PROFILES = ANSWER }) }
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

-- How many turns take plain C about so long.
local function calibrate(contenders, job, argument, seconds)
  local count = 1
  local took
  repeat
    count = count * 2
    took = contenders[1].ask(job, count, argument)
  until took > seconds / 4
  return math.ceil(count * seconds / took)
end

-- Adds a round to times[name], in seconds for one turn. Who begins changes.
local function run_round(contenders, count, job, argument, times)
  local round = #times.plain
  for place = 1, #contenders do
    local one = contenders[(place + round) % #contenders + 1]
    times[one.name][round + 1] = one.ask(job, count, argument) / count
  end
end

-- Where a process's memory happens to lie makes up to a tenth of a crowd's
-- time, and stays so: a few processes of each take part, one after another.
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

local function cell(values, entry)
  local middle = rounds.part(values)
  local missed
  if entry.limit then missed = middle >= entry.limit
  else missed = middle < entry.target end
  return ("%5.2f (%.2f .. %.2f)%s"):format(middle, rounds.part(values, 0.25),
    rounds.part(values, 0.75), missed and " MISSED" or ""), missed
end

local function target_of(entry)
  return entry.limit and ("< %d us"):format(entry.limit)
    or (">= %.2g"):format(entry.target)
end

local function plain_cell(times, entry)
  local micros = rounds.part(times.plain) * 1e6 / (entry.turn or 1)
  return ("%.2f us"):format(micros)
end

local ROW = "%-26s %-7s %-11s"

local function print_row(entry, times, luas)
  local row = { ROW:format(entry[1], target_of(entry),
    plain_cell(times, entry)) }
  local missed = false
  for _, lua in ipairs(luas) do
    local text, bad = cell(values_of(times, lua, entry), entry)
    row[#row + 1] = ("%-28s"):format(text)
    missed = missed or bad
  end
  print((table.concat(row, " "):gsub("%s+$", "")))
  return missed
end

local function print_head(plan, luas)
  print(("Plain C's time over the core's, in the same round: above 1, the "
    .. "core is faster.\nMedian of %d rounds (quartiles), on %d "
    .. "processes each; step(0) in microseconds."):format(
    plan.starts * plan.rounds, plan.starts))
  local head = { ROW:format("", "target", "plain C") }
  for _, lua in ipairs(luas) do head[#head + 1] = ("%-28s"):format(lua) end
  print((table.concat(head, " "):gsub("%s+$", "")))
end

-- Nothing in C to compare with.
local function state_views(contenders)
  for index = 2, #contenders do
    local one, seconds = contenders[index], {}
    for round = 1, 5 do
      seconds[round] = one.ask("seconds_of_views", 1, "-")
    end
    print(("10,000 devices of one client, %s: %.0f ms, %.0f bytes each")
      :format(one.name, rounds.part(seconds) * 1e3,
        one.ask("bytes_of_views", 1, "-") / 1e4))
  end
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
  local start = starter(folder, luas)
  local missed, only = false, os.getenv("BENCH_ONLY")
  local contenders = start()
  contenders[2].ask("headers", 1, "-")
  close_all(contenders)
  print_head(plan, luas)
  for _, entry in ipairs(MEASURES) do
    if not only or only == entry[2] then
      local times = measure(start, entry[2], url_of(entry[3], server), plan)
      missed = print_row(entry, times, luas) or missed
    end
  end
  contenders = start()
  if not only or only == "views" then state_views(contenders) end
  close_all(contenders)
  return missed
end

local function main(arguments)
  local plan = { starts = 7, rounds = 3, seconds = 0.25 }
  if arguments[1] == "quick" then
    table.remove(arguments, 1)
    plan = { starts = 1, rounds = 5, seconds = 0.05 }
  end
  local folder = assert(shell.make_folder(PREFIX))
  local fine, missed = pcall(function()
    assert(certificates.make(folder))
    make_signature(folder)
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
