local child_process = require "spec.support.child_process"
local core_transport = require "spec.support.core_transport"
local assert_core_failure = require "spec.support.assert_core_failure"
local run_transfer = require "spec.support.run_transfer"
local folder = require "spec.support.folder"
local socket = require "socket"
local tcp_peer = require "spec.support.tcp_peer"

-- A transport calls curl_multi_perform until 16 calls in a row finish no
-- transfer. From then on it polls the sockets with epoll.
describe("core.http.new: polling", function()
  local fixture = core_transport.new()

  setup(fixture.start)
  teardown(fixture.stop)
  before_each(fixture.open)
  after_each(fixture.close)

  -- Returns the event masks of the sockets in the process's epoll sets (from /proc).
  local function watched_events()
    local masks = {}
    local list = folder.run "ls -l /proc/$PPID/fd 2> /dev/null || true"
    for fd in list:gmatch "(%d+) %-> anon_inode:%[eventpoll%]" do
      local file = assert(io.open("/proc/self/fdinfo/" .. fd))
      for mask in file:read("*a"):gmatch "tfd:%s*%d+%s+events:%s*(%x+)" do
        masks[#masks + 1] = tonumber(mask, 16)
      end
      file:close()
    end
    return masks
  end

  local function count_watched() return #watched_events() end

  local function submit_many(count, server_name, path, timeout)
    local list = {}
    for index = 1, count do
      list[index] = assert(fixture.transport:submit { timeout = timeout,
        url = fixture.url(server_name, path or "/hello") })
    end
    return list
  end

  local function step_often()
    for _ = 1, 40 do fixture.transport:step(0) end
  end

  local function assert_all_succeed(list)
    for _, transfer in ipairs(list) do
      assert.equal(200, run_transfer(fixture.transport, transfer).status)
    end
  end

  for _, name in ipairs { "HTTP", "GOOD" } do
    it("[poller-not-keep-responses] poller: waiting transfers do not delay "
      .. "others: " .. name,
      function()
        local waiting = submit_many(30, name, "/silent")
        assert_all_succeed(submit_many(50, name))
        step_often()
        assert_all_succeed(submit_many(50, name))
        for index = 1, 10 do waiting[index]:close() end
        assert.equal(20, fixture.transport:step(0))
        assert_all_succeed(submit_many(50, name))
        fixture.transport:close()
        for index = 11, 30 do
          assert_core_failure("closed", waiting[index]:result())
        end
      end)

    it("[poller-ends-time] poller: many transfers time out: " .. name, function()
      local waiting = submit_many(30, name, "/silent", 0.2)
      step_often()
      while assert(fixture.transport:step(1)) > 0 do end
      for _, transfer in ipairs(waiting) do
        assert_core_failure("timeout", transfer:result())
      end
      assert_all_succeed(submit_many(30, name))
    end)
  end

  it("[poller-watched-asked-vain] poller: uses epoll after some steps that "
    .. "finish no transfer", function()
    if core_transport.polls then return pending "no epoll here" end
    local before = count_watched()
    local transfers = submit_many(40, "HTTP", "/silent")
    fixture.transport:step(0)
    assert.equal(before, count_watched())
    step_often()
    assert.equal(before + #transfers, count_watched())
    for _, transfer in ipairs(transfers) do transfer:close() end
    assert.equal(before, count_watched())
  end)

  it("[poller-connecting-write] poller: watches a socket that is connecting for "
    .. "writing only", function()
    if core_transport.polls then return pending "no epoll here" end
    local before = {} -- masks of other specs' descriptors
    for _, mask in ipairs(watched_events()) do
      before[mask] = (before[mask] or 0) + 1
    end
    local listener = assert(socket.bind("127.0.0.1", 0, 0))
    local port = select(2, listener:getsockname())
    local fillers = {}
    for index = 1, 4 do -- more than the queue of the listener holds
      fillers[index] = socket.tcp()
      fillers[index]:settimeout(0)
      fillers[index]:connect("127.0.0.1", port)
    end
    local transfer = assert(fixture.transport:submit {
      url = ("http://127.0.0.1:%d/"):format(port) })
    step_often()
    local masks = {}
    for _, mask in ipairs(watched_events()) do
      if (before[mask] or 0) > 0 then before[mask] = before[mask] - 1
      else masks[#masks + 1] = mask end
    end
    transfer:close()
    for _, filler in ipairs(fillers) do filler:close() end
    listener:close()
    assert.equal(1, #masks)
    assert.equal(0, masks[1] % 2) -- without EPOLLIN (1)
    assert.is_true(masks[1] % 8 >= 4) -- with EPOLLOUT (4)
  end)

  it("[poller-no-process-no-descriptor] poller: core.http.new fails when no "
    .. "descriptor is left", function()
    if core_transport.polls then return pending "no epoll here" end
    local output = folder.run("ulimit -n 64; " .. child_process.command [[
      local core = require "adobepass.core"
      local held = {}
      for index = 1, 64 do held[index] = io.open "/dev/null" or false end
      local transport, message, code = core.http.new {}
      held = nil
      collectgarbage()
      collectgarbage()
      print(transport, code, message, core.handle_count().transports)
      print(core.http.new {})
    ]])
    assert.matches("^nil\ttransfer_failed\tThe poller needs a file descriptor.*"
      .. "\t0\nadobepass.transport", output)
  end)

  it("[poller-reads-ready] poller: few steps send a request and read its "
    .. "response", function()
    local peer = tcp_peer.listen(function(connection)
      connection:send "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    end)
    local transport = fixture.transport
    local transfer = assert(transport:submit {
      url = ("http://127.0.0.1:%d/"):format(peer.port) })
    transport:sockets() -- from now on, the transport polls its sockets
    for _ = 1, 20 do
      transport:step(0)
      peer:pump()
    end
    assert.is_true(transfer:ended())
    peer:close()
  end)

  -- libcurl may hold a part of an HTTP/2 response although no socket is ready, so a
  -- transport regularly continues all transfers.
  it("[poller-busy-interval] poller: continues all transfers in time while another "
    .. "socket is ready in each step", function()
    local program = "build/lua5.4/later"
    if not folder.read(program) then return pending "not built" end
    assert.equal("10", folder.run("timeout 60 " .. program
      .. " spec/support/programs/busy.lua"))
  end)

  it("[poller-told-watched] poller: sockets and timeout also report many "
    .. "transfers", function()
    local transfers = submit_many(40, "HTTP", "/silent")
    fixture.transport:step(0)
    local sockets = fixture.transport:sockets()
    assert.is_truthy(next(sockets))
    assert.is_true(fixture.transport:timeout() <= 1)
    for fd, what in pairs(sockets) do
      assert.is_true(fd > 2)
      assert.matches("^[rw]+$", what)
    end
    for _, transfer in ipairs(transfers) do transfer:close() end
    assert.is_nil(fixture.transport:timeout())
  end)
end)
