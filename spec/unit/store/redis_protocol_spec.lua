--- The protocol of Redis and the names of keys in a Cluster, without a server.

local cluster = require "adobepass.store.redis_cluster"
local connection = require "adobepass.store.redis_connection"
local protocol = require "adobepass.store.redis_protocol"
local redis_options = require "adobepass.store.redis_options"

-- Returns a socket that receives these bytes, then is closed.
local function socket_of(bytes)
  local at = 1
  return { receive = function(_, wanted)
    local last = wanted == "*l" and (bytes:find("\r\n", at, true) or at - 3) + 1
      or at + (tonumber(wanted) or 0) - 1
    if last < at or last > #bytes then return nil, "closed" end
    local data = bytes:sub(at, last)
    at = last + 1
    return wanted == "*l" and data:sub(1, -3) or data
  end }
end

local function read(bytes) return protocol.read(socket_of(bytes)) end

describe("redis_options", function()
  it("[redis-options-user-information] redis_options: refuse an address with user "
    .. "information, and do not repeat it", function()
    for name, given in pairs {
      host = { host = "redis://ann:s3cret@tv" },
      sentinels = { sentinels = "ann:s3cret@tv:26379", master = "m" },
      nodes = { nodes = { "tv:6379", "redis://ann:s3cret@tv:6379" } } } do
      local good, message = pcall(redis_options.read, given, "store.redis")
      assert.is_false(good, name)
      assert.matches("store%.redis: " .. name .. ": expected .*, got \"%*%*%*@tv",
        message)
      assert.is_nil(message:find("ann", 1, true))
    end
  end)
end)

describe("redis_protocol", function()
  it("[redis-protocol-replies] redis_protocol: reads every kind of reply", function()
    assert.equal("OK", read "+OK\r\n")
    assert.equal("", read "+\r\n")
    assert.equal(-12, read ":-12\r\n")
    assert.equal("a\r\nb", read "$4\r\na\r\nb\r\n")
    assert.equal("", read "$0\r\n\r\n")
    assert.is_false(read "$-1\r\n")
    assert.is_false(read "*-1\r\n")
    assert.same({}, read "*0\r\n")
    assert.same({ "7", { "k", false, 2 }, false },
      read "*3\r\n$1\r\n7\r\n*3\r\n$1\r\nk\r\n$-1\r\n:2\r\n-ERR no\r\n")
    local reply, reason, is_refused = read "-OOM no memory\r\n"
    assert.is_nil(reply)
    assert.equal("OOM no memory", reason)
    assert.is_true(is_refused)
  end)

  it("[redis-protocol-malformed] redis_protocol: refuses malformed and endless "
    .. "replies", function()
    for _, bytes in ipairs { "\r\n", "?\r\n", ":x\r\n", "$x\r\n", "$-2\r\n",
      "$99999999999\r\n", "*-2\r\n", "*99999999999\r\n", "*x\r\n", "HTTP/1.1 400\r\n",
      ("*1\r\n"):rep(100) .. ":1\r\n", "*2\r\n:1\r\n?\r\n" } do
      local reply, reason, is_refused = read(bytes)
      assert.is_nil(reply)
      assert.equal("malformed reply", reason)
      assert.is_nil(is_refused)
    end
    for _, bytes in ipairs { "", "+OK", "$4\r\nab", "*2\r\n:1\r\n" } do
      assert.equal("closed", select(2, read(bytes)))
    end
  end)

  it("[redis-protocol-encodes] redis_protocol: encodes any bytes", function()
    assert.equal("*3\r\n$3\r\nset\r\n$0\r\n\r\n$5\r\n\r\n\0é\r\n",
      protocol.encode { "set", "", "\r\n\0é" })
    assert.equal("*2\r\n$4\r\nwait\r\n$1\r\n1\r\n", protocol.encode { "wait", 1 })
  end)
end)

describe("redis_cluster", function()
  local NAMES = { "credentials:ab12", "k", "", ":", "a:", "a:b:c", "{x}", "a:{b}",
    "a{b}:c", "a:}{", "a\nb:c", "\0:\255" }

  it("[redis-cluster-tags] redis_cluster: each key has a name of its "
    .. "own", function()
    assert.equal("adobepass:credentials:{ab12}",
      cluster.tag "adobepass:credentials:ab12")
    local seen = {}
    for _, name in ipairs(NAMES) do
      local tagged = cluster.tag(name)
      assert.is_nil(seen[tagged])
      seen[tagged] = true
    end
  end)

  local is_there = pcall(require, "bit")
  local test = is_there and it or pending

  test("[redis-cluster-slots] redis_cluster: computes the slots of the "
    .. "specification", function()
    assert.equal(0x31C3, cluster.slot_of "123456789")
    assert.equal(cluster.slot_of "user1000", cluster.slot_of "{user1000}.following")
    assert.equal(cluster.slot_of "bar", cluster.slot_of "foo{bar}{zap}")
    assert.equal(cluster.slot_of "{bar", cluster.slot_of "foo{{bar}}zap")
    assert.are_not.equal(cluster.slot_of "bar", cluster.slot_of "foo{}{bar}")
    assert.equal(cluster.slot_of(cluster.tag "credentials:ab12"),
      cluster.slot_of(cluster.tag "access:ab12"))
  end)

  it("[redis-addresses] redis_connection: reads host and port", function()
    for text, wanted in pairs { ["10.0.0.1:6379"] = { "10.0.0.1", 6379 },
      ["[::1]:1"] = { "::1", 1 }, ["::1:6379"] = { "::1", 6379 },
      ["redis.example:65535"] = { "redis.example", 65535 } } do
      local address = connection.parse(text)
      assert.same(wanted, { address.host, address.port })
    end
    for _, text in ipairs { "", "10.0.0.1", ":6379", "a:0", "a:65536", "a:x" } do
      assert.is_nil(connection.parse(text))
    end
  end)
end)
