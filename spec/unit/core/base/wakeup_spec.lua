local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local assert_core_failure = require "spec.support.assert_core_failure"
local core_transport = require "spec.support.core_transport"
local folder = require "spec.support.folder"
local unix = require "socket.unix"

local function thread_count()
  return tonumber(folder.run "grep Threads /proc/$PPID/status":match "%d+")
end

describe("core.wakeup", function()
  local fixture = core_transport.new()
  local wakeup, socket

  setup(fixture.start)
  teardown(fixture.stop)

  before_each(function()
    fixture.open()
    wakeup = assert(core.wakeup())
    socket = assert(unix.stream and unix.stream() or unix())
    socket:settimeout(10)
  end)

  after_each(function()
    wakeup:close()
    socket:close()
    fixture.close()
  end)

  local function start()
    assert(socket:connect(wakeup:path()))
    assert(wakeup:start())
  end

  local function has_byte()
    socket:settimeout(0)
    local byte = socket:receive(1)
    socket:settimeout(10)
    return byte ~= nil
  end

  -- The transport's epoll descriptor.
  local function fd_of(transport) return (next(transport:sockets())) end

  it("[wakeup-descriptor-ready] wakeup: writes one byte when a descriptor is "
    .. "ready", function()
    if core_transport.polls then return pending "no epoll here" end
    start()
    local transfer = fixture.transport:submit {
      url = fixture.url("HTTP", "/hello") }
    while not transfer:ended() do
      assert.is_true(wakeup:watch(fd_of(fixture.transport)))
      assert.equal("\0", socket:receive(1))
      fixture.transport:step(0)
    end
    assert.equal("hello", transfer:result().body)
  end)

  it("[wakeup-once] wakeup: writes nothing after the first byte until the "
    .. "descriptor is watched again", function()
    if core_transport.polls then return pending "no epoll here" end
    start()
    local transfer = fixture.transport:submit {
      url = fixture.url("HTTP", "/hello") }
    local fd = fd_of(fixture.transport)
    wakeup:watch(fd)
    assert.equal("\0", socket:receive(1))
    wakeup:after(0.001) -- the thread has run when this byte arrives
    assert.equal("\0", socket:receive(1))
    assert.is_false(has_byte())
    wakeup:watch(fd)
    assert.equal("\0", socket:receive(1))
    transfer:close()
  end)

  it("[wakeup-timer] wakeup: writes a byte after the time of the last "
    .. "call", function()
    start()
    wakeup:after(3600)
    wakeup:after(0)
    assert.equal("\0", socket:receive(1))
    wakeup:after(0.002)
    assert.equal("\0", socket:receive(1))
  end)

  it("[wakeup-one-thread] wakeup: has one thread, which close ends", function()
    local before = thread_count()
    start()
    assert.equal(before + 1, thread_count())
    wakeup:close()
    wakeup:close()
    assert.equal(before, thread_count())
    assert.equal("closed", (select(2, socket:receive(1))))
    assert.equal("adobepass.wakeup (closed)", tostring(wakeup))
  end)

  it("[wakeup-path-removed] wakeup: removes its path after start, and at "
    .. "close", function()
    local path = wakeup:path()
    local parent = path:match "^(.*)/"
    assert.equal("700 socket", folder.run(("echo $(stat -c %%a %s) $(ls %s)")
      :format(parent, parent)):gsub("%s+$", ""), nil)
    start()
    assert.equal("gone", folder.run(("[ -e %s ] || echo gone"):format(parent))
      :match "%S+")
    local other = assert(core.wakeup())
    parent = other:path():match "^(.*)/"
    other:close()
    assert.equal("gone", folder.run(("[ -e %s ] || echo gone"):format(parent))
      :match "%S+")
  end)

  it("[wakeup-not-connected] wakeup: fails to start without a "
    .. "connection", function()
    assert_core_failure("unsupported", wakeup:start())
    assert_core_failure("unsupported", wakeup:start())
  end)

  it("[wakeup-foreign] wakeup: refuses the connection of another "
    .. "process", function()
    folder.run(("lua5.4 -e 'local s = require \"socket.unix\".stream() "
      .. "s:connect(%q)'"):format(wakeup:path()))
    assert_core_failure("unsupported", wakeup:start())
  end)

  it("[wakeup-long-path] wakeup: fails with the reason if the path in TMPDIR is too "
    .. "long", function()
    local output = folder.run(("TMPDIR=/%s "):format(("x"):rep(200))
      .. child_process.command [[print(require "adobepass.core".wakeup())]])
    assert.equal("nil\tThe socket for wake-ups could not be opened: "
      .. "File name too long.\tunsupported", output)
  end)

  it("[wakeup-bad-descriptor] wakeup: refuses a descriptor that cannot be "
    .. "watched", function()
    assert.is_false(wakeup:watch(-1))
    assert.is_false(wakeup:watch(1000000))
  end)

  it("[wakeup-closed-raises] wakeup: raises after close", function()
    wakeup:close()
    assert.error_matches(function() wakeup:watch(0) end, "wakeup is closed")
    assert.error_matches(function() wakeup:path() end, "wakeup is closed")
  end)

  it("[wakeup-step-list] transport: step lists the transfers that have "
    .. "ended, once", function()
    local transport, ended = fixture.transport, {}
    local first = transport:submit { url = fixture.url("HTTP", "/hello") }
    local second = transport:submit { url = fixture.url("HTTP", "/silent") }
    while not first:ended() do assert(transport:step(1, ended)) end
    assert.same({ first }, ended)
    transport:step(0, ended)
    assert.equal(1, #ended)
    second:close()
    local third = transport:submit { url = fixture.url("HTTP", "/hello") }
    while not third:ended() do assert(transport:step(1)) end
    third:close()
    transport:step(0, ended)
    assert.equal(1, #ended)
    assert.error_matches(function() transport:step(0, 1) end, "table expected")
  end)
end)
