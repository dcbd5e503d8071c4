--- Several Redis servers on loopback: a master with replicas, Sentinels, a Cluster.
-- Their delays and timeouts are short, so that a failover takes a few seconds.

local certificates = require "adobepass.sandbox.host.certificates"
local folder = require "spec.support.folder"
local process = require "spec.support.process"
local redis_server = require "spec.support.redis_server"

local redis_group = {}

--- Returns "127.0.0.1:port" of a server.
function redis_group.place(server) return "127.0.0.1:" .. server.port end

--- Lines of a master whose replicas connect without a delay.
redis_group.MASTER = "repl-diskless-sync-delay 0"

-- WAIT counts a replica when its master has it online.
local function await_link(replica, master)
  process.eventually(function()
    return replica:ask("info replication"):find "master_link_status:up"
      and master:ask("info replication"):find(("port=%d,state=online"):format(
        replica.port), 1, true)
  end, "replica")
end

--- Turns a server into a replica and waits until it has the data.
function redis_group.follow(server, master)
  server:ask("replicaof 127.0.0.1 " .. master.port)
  await_link(server, master)
end

--- Starts a replica of a server and waits until it has the data.
-- @string[opt] lines more of its redis.conf
function redis_group.replica_of(master, lines)
  local replica = redis_server.start(("replicaof 127.0.0.1 %d\n%s\n%s"):format(
    master.port, redis_group.MASTER, lines or ""))
  await_link(replica, master)
  return replica
end

local SENTINEL = [[
sentinel monitor tv 127.0.0.1 %d %d
sentinel down-after-milliseconds tv 500
sentinel failover-timeout tv 1000
sentinel parallel-syncs tv 1
]]

--- Starts Sentinels of a master named "tv", and waits until they know each other and
-- its replicas.
-- @number count of Sentinels
-- @number replicas of the master
-- @string[opt] lines more of their sentinel.conf
function redis_group.sentinels(master, count, replicas, lines)
  local list = {}
  for index = 1, count do
    list[index] = redis_server.start(SENTINEL:format(master.port,
      math.ceil(count / 2)) .. (lines or ""), "--sentinel")
  end
  local wanted = ("num%%-slaves %d .*num%%-other%%-sentinels %d "):format(replicas,
    count - 1)
  for _, server in ipairs(list) do
    process.eventually(function()
      return (server:ask "sentinel master tv":gsub("\n", " ")):find(wanted)
    end, "Sentinel")
  end
  return list
end

--- Kills a server and waits for its end.
function redis_group.kill(server)
  server:signal "KILL"
  redis_server.await_end(server.pid)
end

-- --- TLS -----------------------------------------------------------------------

local TLS = [[
tls-auth-clients no
tls-replication yes
tls-ca-cert-file @FOLDER@/all.pem
tls-client-cert-file @FOLDER@/client.pem
tls-client-key-file @FOLDER@/client.key
tls-cert-file @FOLDER@/@NAME@.pem
tls-key-file @FOLDER@/@NAME@.key
]]

-- A Cluster's nodes require a client's certificate of each other; those of the sandbox
-- are for servers only.
local CLIENT = [[cd %s && OPENSSL_CONF=/dev/null openssl req -x509 -newkey ec \
  -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=node -days 9 \
  -keyout client.key -out client.pem 2> /dev/null \
  && cat first-ca.pem second-ca.pem client.pem > all.pem]]

local ONLY_TLS = "port 0\ntls-port @PORT@\n"

local Certificates = {}
Certificates.__index = Certificates

--- Makes two certificates for "redis.test", each by an authority of its own. Servers
-- with either one trust both. `ca` is the file of the first authority; `first` and
-- `second` are lines of a redis.conf with the one or the other certificate.
function redis_group.certificates()
  local self = setmetatable({ path = folder.make() }, Certificates)
  for _, name in ipairs { "first", "second" } do
    assert(certificates.make(self.path, { hosts = { "redis.test" }, name = name }))
    self[name] = TLS:gsub("@(%u+)@", { FOLDER = self.path, NAME = name })
  end
  folder.run(CLIENT:format(self.path))
  self.ca = self.path .. "/first-ca.pem"
  return self
end

--- Gives a server that runs the first certificate.
function Certificates:renew(server)
  assert(server:ask(("config set tls-cert-file %s/first.pem tls-key-file %s/first.key")
    :format(self.path, self.path)) == "OK")
end

function Certificates:stop() folder.remove(self.path) end

--- Returns lines of a redis.conf: the server accepts TLS only, on its `port`.
function redis_group.only_tls(certificate) return ONLY_TLS .. certificate end

--- Starts a server that accepts TLS only, with a certificate for "redis.test". `stop`
-- also removes the certificate. Returns the server and the CA's file.
-- @string[opt] lines more of its redis.conf
function redis_group.tls(lines)
  local made = redis_group.certificates()
  local server = redis_server.start(redis_group.only_tls(made.first)
    .. (lines or ""))
  local stop = server.stop
  function server.stop()
    stop(server)
    made:stop()
  end
  return server, made.ca
end

-- --- Cluster -------------------------------------------------------------------

-- Clients use the port, or with TLS the other port. The nodes use TLS among themselves;
-- their bus listens on tls-port + 10000.
local CLUSTER = [[
tls-port @TLSPORT@
tls-cluster yes
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout 2000
cluster-replica-validity-factor 0
]] .. redis_group.MASTER

local RANGES = { "0 5460", "5461 10922", "10923 16383" }

local function id_of(node)
  node.id = node.id or node:ask "cluster myid"
  return node.id
end

local function await_all(nodes, check, what)
  for _, node in ipairs(nodes) do
    process.eventually(function() return check(node) end, what)
  end
end

local function count_known(node)
  return tonumber(node:ask("cluster info"):match "cluster_known_nodes:(%d+)")
end

--- Waits until each of these nodes finds the Cluster complete.
function redis_group.await_cluster(nodes)
  await_all(nodes, function(node)
    return node:ask("cluster info"):find "cluster_state:ok"
  end, "Cluster")
end

--- Starts three masters, each with a replica: the list of six nodes; the first three
-- are the masters. The last node, the replica of the third, has the second certificate.
-- @param made see `certificates`
-- @string[opt] lines more of their redis.conf
function redis_group.cluster(made, lines)
  local nodes = {}
  for index = 1, 6 do
    nodes[index] = redis_server.start(table.concat({ CLUSTER,
      index < 6 and made.first or made.second, lines or "" }, "\n"))
  end
  for index, node in ipairs(nodes) do
    if RANGES[index] then
      node:ask("cluster addslotsrange " .. RANGES[index])
    end
    node:ask("cluster set-config-epoch " .. index)
    nodes[1]:ask("cluster meet 127.0.0.1 " .. node.tls_port)
  end
  await_all(nodes, function(node) return count_known(node) == 6 end, "meet")
  for index = 4, 6 do
    local master = id_of(nodes[index - 3])
    process.eventually(function()
      return nodes[index]:ask("cluster replicate " .. master) == "OK"
    end, "replicate")
  end
  redis_group.await_cluster(nodes)
  return nodes
end

--- Starts to move a slot from a master to another one: new keys are at the latter,
-- the others stay until `move_keys`.
function redis_group.begin_move(slot, from, to)
  to:ask(("cluster setslot %d importing %s"):format(slot, id_of(from)))
  from:ask(("cluster setslot %d migrating %s"):format(slot, id_of(to)))
end

--- Moves the keys of a slot. Returns how many.
function redis_group.move_keys(slot, from, to)
  local count = 0
  for key in from:ask(("cluster getkeysinslot %d 1000"):format(slot))
    :gmatch "[^\n]+" do
    from:ask(("migrate 127.0.0.1 %d '%s' 0 5000"):format(to.tls_port, key))
    count = count + 1
  end
  return count
end

--- Ends the move of a slot.
function redis_group.end_move(slot, from, to)
  for _, node in ipairs { to, from } do
    node:ask(("cluster setslot %d node %s"):format(slot, id_of(to)))
  end
end

--- Stops all servers of a list.
function redis_group.stop(list)
  for index = #list, 1, -1 do list[index]:stop() end
end

return redis_group
