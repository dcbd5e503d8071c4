--- Two nginx hosts on one Redis, for `make kill`. The worker of a host is killed;
-- nginx starts another one.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local nginx_host = require "spec.support.nginx_host"
local redis_server = require "spec.support.redis_server"

local Hosts = {}
Hosts.__index = Hosts

local function worker_of(member)
  return folder.run("pgrep -P " .. member.host.server.pid .. " || true")
end

-- Waits until nginx has a worker, other than `old`.
local function await_worker(member, old)
  local worker
  repeat
    core.clock.sleep(0.002)
    worker = worker_of(member):match "^%d+$"
  until worker and worker ~= old
  member.worker = worker
end

local function submit(self, member)
  member.transfer = member.host:submit("spec.kill.caller", "in_nginx", self.at)
end

-- Takes a response that has come. A call that failed, or whose worker was killed,
-- is repeated.
local function take(self, member)
  local transfer = member.transfer
  if not transfer or select(3, transfer:result()) == "pending" then return end
  local good, result = pcall(member.host.finish, member.host, transfer)
  transfer:close()
  member.transfer = nil
  if good then self.results[#self.results + 1] = result end
  if not good or result.outcome ~= "ok" then submit(self, member) end
end

local function step(self, seconds)
  for _, member in ipairs(self.members) do
    member.host.transport:step(seconds / 2)
    take(self, member)
  end
end

--- Starts a call at each host with a new device, or with the same one.
function Hosts:begin(device)
  if device ~= self.at.device then self.redis:ask "FLUSHALL" end
  self.at.device, self.results = device, {}
  for _, member in ipairs(self.members) do submit(self, member) end
end

function Hosts:wait(seconds)
  local ends = core.clock.monotonic() + seconds
  repeat
    step(self, 0.002)
    if not self.members[1].transfer and not self.members[2].transfer then
      core.clock.sleep(0.002)
    end
  until core.clock.monotonic() >= ends
end

--- Kills a host's worker, and repeats the call. Returns the worker's name, and
-- "call", or "start" if it was idle; `finish` returns the results.
function Hosts:kill(index)
  local member, old = self.members[index], self.members[index].worker
  step(self, 0)
  local place = member.transfer and "call" or "start"
  folder.run("kill -9 " .. old)
  await_worker(member, old)
  if not member.transfer then submit(self, member) end
  return old, place, {}
end

--- Stops a host's worker. Returns its name.
function Hosts:pause(index)
  local worker = self.members[index].worker
  folder.run("kill -STOP " .. worker)
  return worker
end

function Hosts:resume(index)
  folder.run("kill -CONT " .. self.members[index].worker)
end

--- Waits until both hosts have made a successful call. Returns their results.
function Hosts:finish()
  while self.members[1].transfer or self.members[2].transfer do
    step(self, 0.002)
  end
  return self.results
end

--- Returns the client_id in the store; nil if there is none.
function Hosts:stored()
  local text = self.redis:ask("EVAL \"local keys = redis.call('keys', "
    .. "'adobepass:credentials:*') return keys[1] and "
    .. "redis.call('get', keys[1])\" 0")
  local record = text ~= "" and json.decode(text)
  return record and record.client_id or nil
end

function Hosts:stop()
  for _, member in ipairs(self.members) do member.host:stop() end
  self.redis:stop()
end

local hosts = {}

--- Starts the hosts and Redis. `running` is a sandbox.
function hosts.new(running)
  local self = setmetatable({ members = {}, results = {},
    redis = redis_server.start() }, Hosts)
  self.at = { api = running.api, mgmt = running.mgmt, ca = running.ca,
    statement = running.statement, driver = "ngx",
    store = { "redis", { socket = self.redis.socket, timeout = 0.3 } } }
  for index = 1, 2 do
    self.members[index] = { host = nginx_host.start {} }
    await_worker(self.members[index])
  end
  return self
end

return hosts
