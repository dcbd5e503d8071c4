--- Converts requests and responses between nginx and the engine, and carries out
-- faults.
-- @module adobepass.sandbox.host.nginx_adapter

-- luacheck: globals ngx
local shell = require "adobepass.util.shell"
local socket = require "adobepass.sandbox.host.socket"

local nginx_adapter = {}

local CHUNK = 65536

local function headers_of_request()
  local headers = {}
  -- 0: no limit on the number; nginx limits the size
  -- (large_client_header_buffers).
  for name, value in pairs(ngx.req.get_headers(0)) do
    headers[name] = type(value) == "table" and table.concat(value, ", ")
      or tostring(value)
  end
  return headers
end

-- nginx has read the body (lua_need_request_body): ngx.req.read_body would refuse
-- an HTTP/2 body without Content-Length.
local function body_of_request()
  local file = ngx.req.get_body_file()
  return file and shell.read_file(file) or ngx.req.get_body_data() or ""
end

--- Returns the current request in the engine's format.
-- @param role "api", "mgmt", "control" or "plain"
function nginx_adapter.request(role)
  local path, query = ngx.var.request_uri:match("^([^?]*)%??(.*)$")
  return {
    host_role = role == "plain" and "api" or role, plain = role == "plain",
    method = ngx.req.get_method(), path = path,
    query = query ~= "" and query or nil, headers = headers_of_request(),
    body = body_of_request(), remote_addr = ngx.var.remote_addr,
  }
end

local function send_head(response, length)
  ngx.status = response.status
  local lists = {}
  for _, pair in ipairs(response.headers) do
    local name = pair[1]:lower()
    lists[name] = lists[name] or {}
    table.insert(lists[name], pair[2])
    ngx.header[pair[1]] = #lists[name] > 1 and lists[name] or pair[2]
  end
  -- A 204 or 304 has no body (RFC 9110, 6.4.1).
  if response.status ~= 204 and response.status ~= 304
      and not lists["content-length"] then
    ngx.header["Content-Length"] = length
  end
end

-- Sends text and waits until it is written; nil if the client is gone.
local function push(text)
  return (text == "" or ngx.print(text)) and ngx.flush(true)
end

local function abort_connection(how)
  if not how() then ngx.exit(444) end
  ngx.exit(ngx.ERROR)
end

-- Ends the request when the client closes the connection during a wait.
local function end_on_abort()
  ngx.on_abort(function() ngx.exit(499) end)
end

local send_with_fault = {}

function send_with_fault.reset_before() abort_connection(socket.reset) end

function send_with_fault.tls() abort_connection(socket.break_tls) end

-- Content-Length is at least 1: with 0, the response would be complete.
function send_with_fault.reset_within(response)
  send_head(response, math.max(1, #response.body))
  ngx.send_headers()
  push(response.body:sub(1, math.floor(#response.body / 2)))
  abort_connection(socket.reset)
end

-- A reset discards data that the peer has not read, so the reset follows 50 ms
-- later. In HTTP/2 only eof() marks the end of the body.
function send_with_fault.reset_after(response)
  send_head(response, #response.body)
  push(response.body)
  ngx.eof()
  ngx.sleep(0.05)
  abort_connection(socket.reset)
end

function send_with_fault.huge(response)
  local bytes = response.fault.bytes
  local left = math.max(0, bytes - #response.body)
  send_head(response, #response.body + left)
  local alive = push(response.body)
  local spaces = (" "):rep(CHUNK)
  while alive and left > 0 do
    alive = push(left < CHUNK and spaces:sub(1, left) or spaces)
    left = left - CHUNK
  end
end

function send_with_fault.drip(response)
  local fault, at = response.fault, 1
  end_on_abort()
  send_head(response, #response.body)
  ngx.send_headers()
  while at <= #response.body do
    if not push(response.body:sub(at, at + fault.bytes - 1)) then return end
    at = at + fault.bytes
    ngx.sleep(fault.seconds)
  end
end

local function send(response)
  send_head(response, #response.body)
  ngx.print(response.body)
end

function send_with_fault.delay(response)
  end_on_abort()
  ngx.sleep(response.fault.seconds)
  send(response)
end

--- Sends a response and carries out its fault.
function nginx_adapter.respond(response)
  local fault = response.fault
  local send_response = fault and send_with_fault[fault.kind] or send
  send_response(response)
end

return nginx_adapter
