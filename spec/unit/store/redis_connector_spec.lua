--- The Redis connector with simulated servers and sockets of nginx;
-- spec/integration/store tests it with Redis.

local connector = require "adobepass.store.redis_connector"

local INFO = "role:master maxmemory_policy:noeviction"

describe("redis_connector", function()
  -- `behind` maps a name to the server that has its address now.
  local reply_of, pools, opened, behind, is_down, nginx

  local Socket = {}
  Socket.__index = Socket

  function Socket.settimeouts() end
  function Socket.close() end

  function Socket:connect(host, _, options)
    self.pool = options.pool
    local pooled = table.remove(pools[self.pool] or {})
    self.host = pooled and pooled.host or behind[host] or host
    if is_down[host] then return nil, "connection refused" end
    self.is_dead, self.uses = pooled and pooled.is_dead, pooled and 1 or 0
    if not pooled then opened = opened + 1 end
    return true
  end

  function Socket:getreusedtimes() return self.uses end

  function Socket:setkeepalive()
    pools[self.pool] = pools[self.pool] or {}
    table.insert(pools[self.pool], self)
  end

  function Socket:send(data)
    if type(data) == "table" then data = table.concat(data) end
    local words = {}
    for word in data:gmatch "%$%d+\r\n([^\r]*)" do words[#words + 1] = word end
    self.received = not self.is_dead and reply_of(self.host, words) or nil
    return #data
  end

  function Socket:receive(wanted)
    coroutine.yield()
    if self.is_dead then return nil, "closed" end
    if not self.received then return nil, "timeout" end
    local data, rest
    if wanted == "*l" then
      data, rest = self.received:match "^([^\r]*)\r\n(.*)$"
    else
      data, rest = self.received:sub(1, wanted), self.received:sub(wanted + 1)
    end
    self.received = rest
    return data
  end

  -- Closes all pooled connections, as a server does that ends.
  local function kill_pooled()
    for _, pool in pairs(pools) do
      for _, socket in ipairs(pool) do socket.is_dead = true end
    end
  end

  before_each(function()
    pools, opened, behind, is_down = {}, 0, {}, {}
    nginx = rawget(_G, "ngx")
    rawset(_G, "ngx", { socket = { tcp = function()
      return setmetatable({}, Socket)
    end } })
  end)
  after_each(function() rawset(_G, "ngx", nginx) end)

  -- Runs a function in `count` coroutines at the same time.
  local function together(count, work)
    local threads = {}
    for index = 1, count do threads[index] = coroutine.create(work) end
    local is_running = true
    while is_running do
      is_running = false
      for _, thread in ipairs(threads) do
        if coroutine.status(thread) == "suspended" then
          assert(coroutine.resume(thread))
          is_running = true
        end
      end
    end
  end

  local function bulk(text) return ("$%d\r\n%s\r\n"):format(#text, text) end

  it("[redis-connector-auth-timeout] redis_connector: sends a command to the new "
    .. "master when the old one does not respond to AUTH", function()
    local master = "old"
    function reply_of(host, words)
      if words[1] == "sentinel" then
        return "*2\r\n" .. bulk(master) .. bulk "6379"
      elseif host == "old" then
        master = "new"
        return nil
      end
      return words[1] == "info" and bulk(INFO) or "+OK\r\n"
    end
    local redis = connector.new { sentinels = { "sentinel:26379" }, master = "tv",
      username = "tv", password = "secret" }
    local reply, message
    together(1, function() reply, message = redis:command("k", "set", "k", "v") end)
    assert.same({ "OK" }, { reply, message })
  end)

  it("[redis-connector-one-pool] redis_connector: opens one new pool when many "
    .. "commands find stale connections", function()
    function reply_of(_, words)
      return words[1] == "info" and bulk(INFO) or "+OK\r\n"
    end
    local redis = connector.new { host = "redis" }
    local function write() assert(redis:command("k", "set", "k", "v")) end
    together(64, write)
    assert.equal(64, opened)
    kill_pooled()
    together(64, write)
    assert.equal(128, opened)
    together(64, write)
    assert.equal(128, opened)
  end)

  it("[redis-connector-demoted-pool] redis_connector: opens a new connection when a "
    .. "pooled one leads to a server that is no master any more", function()
    for _, word in ipairs { "READONLY", "LOADING", "MASTERDOWN" } do
      local refusal = {}
      behind.redis = "old"
      function reply_of(host, words)
        if words[1] == "info" then return bulk(INFO) end
        return words[1] == "set" and refusal[host] or "+OK\r\n"
      end
      local redis = connector.new { host = "redis" }
      local reply, message
      local function write()
        reply, message = redis:command("k", "set", "k", "v")
      end
      together(8, write)
      -- A failover that moves the address; the old master becomes a replica.
      refusal.old, behind.redis = "-" .. word .. " no.\r\n", "new"
      together(1, write)
      assert.same({ "OK" }, { reply, message })
      -- Without another server, the refusal is reported.
      behind.redis, opened = "old", 0
      refusal.new = refusal.old
      together(1, write)
      assert.is_nil(reply)
      assert.matches("^Redis refused SET: " .. word, message)
      assert.equal(1, opened)
      -- The refused connection is closed.
      refusal, behind.redis = {}, "new"
      together(1, write)
      assert.same({ "OK" }, { reply, message })
      assert.equal(2, opened)
    end
  end)

  describe("Sentinel", function()
    local redis, named, asked, written

    -- Sends one command. Returns the server that executed it, or nil and the message.
    local function write()
      local reply, message
      written = nil
      together(1, function()
        reply, message = redis:command("k", "set", "k", "v")
      end)
      if reply then return written end
      return nil, message
    end

    -- `named` maps each Sentinel to the master that it names: false for a Sentinel that
    -- does not respond. Every server says that it is a master.
    before_each(function()
      named, asked = {}, {}
      function reply_of(host, words)
        if words[1] == "sentinel" then
          asked[#asked + 1] = host
          return named[host] and "*2\r\n" .. bulk(named[host]) .. bulk "6379"
        elseif words[1] == "info" then
          return bulk(INFO)
        elseif words[1] == "set" then
          written = host
        end
        return "+OK\r\n"
      end
    end)

    it("[redis-connector-old-master] redis_connector: asks Sentinel before it uses "
      .. "a new connection to a remembered master", function()
      redis = connector.new { sentinels = "s:26379", master = "tv" }
      named.s = "old"
      assert.equal("old", write())
      -- The old master ended, and was started again: it does not know the new one yet.
      kill_pooled()
      named.s = "new"
      assert.equal("new", write())
      assert.equal("new", write())
    end)

    it("[redis-connector-pool-no-query] redis_connector: asks no Sentinel for a "
      .. "pooled connection", function()
      redis = connector.new { sentinels = "s:26379", master = "tv" }
      named.s = "one"
      assert.equal("one", write())
      local count = #asked
      for _ = 1, 5 do assert.equal("one", write()) end
      assert.equal(count, #asked)
    end)

    it("[redis-connector-sentinels-down] redis_connector: uses the remembered master "
      .. "while no Sentinel responds", function()
      redis = connector.new { sentinels = "s:26379", master = "tv" }
      named.s = "one"
      assert.equal("one", write())
      kill_pooled()
      named.s = false
      assert.equal("one", write())
    end)

    it("[redis-connector-dead-sentinel] redis_connector: after one Sentinel has not "
      .. "responded, asks another one for each new connection", function()
      redis = connector.new { sentinels = { "s1:26379", "s2:26379", "s3:26379" },
        master = "tv" }
      named = { s1 = "one", s2 = "one", s3 = "one" }
      assert.equal("one", write())
      named.s1, asked = false, {}
      for _ = 1, 6 do
        kill_pooled()
        assert.equal("one", write())
      end
      local count = 0
      for _, host in ipairs(asked) do count = count + (host == "s1" and 1 or 0) end
      assert.is_true(count <= 2, count) -- on a pooled connection, and on a new one
    end)

    it("[redis-connector-late-sentinel] redis_connector: finds the master when one "
      .. "Sentinel still names the old one", function()
      for _, others in ipairs { { "s2:26379", "s3:26379" }, { "s2:26379" } } do
        local sentinels = { "s1:26379", others[1], others[2] }
        redis = connector.new { sentinels = sentinels, master = "tv" }
        named = { s1 = "old", s2 = "new", s3 = "new" }
        is_down.old = true
        for _ = 1, 4 do
          assert.equal("new", (write()))
          kill_pooled()
        end
      end
    end)
  end)

  it("[redis-connector-late-node] redis_connector: finds the master of a slot when "
    .. "one node of the Cluster still names the old one", function()
    if not package.loaded.bit then -- of LuaJIT; without it, all keys are in slot 0
      local function zero() return 0 end
      package.loaded.bit = { bxor = zero, lshift = zero, band = zero }
      finally(function() package.loaded.bit = nil end)
    end
    local named = { s = "old", new = "new", other = "new" }
    function reply_of(host, words)
      if words[1] == "cluster" then
        return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n" .. bulk(named[host])
          .. ":6379\r\n"
      elseif words[1] == "info" then
        return bulk(INFO)
      end
      return host == "new" and "+OK\r\n" or "-MOVED 1 new:6379\r\n"
    end
    is_down.old = true
    local redis = connector.new { nodes = { "s:6379", "new:6379", "other:6379" } }
    for _ = 1, 3 do
      local reply, message
      together(1, function()
        reply, message = redis:command("k", "set", "k", "v")
      end)
      assert.same({ "OK" }, { reply, message })
    end
  end)
end)
