--- Breaks a connection from beneath nginx, as a bad network does.
--
-- nginx has no way to reset an HTTP/2 connection, or to spoil TLS once it is
-- set up, so this goes to the TCP socket itself. The first fields of nginx's
-- request and connection have been the same since 0.8; the signature is
-- checked, and where anything looks different the caller gets nil.
--
-- @module adobepass.sandbox.host.socket

-- luacheck: globals ngx
local ffi = require "ffi"
local base = require "resty.core.base"

ffi.cdef [[
typedef struct {
  void *data; void *read; void *write; int fd;
} adobepass_connection;
typedef struct {
  uint32_t signature; adobepass_connection *connection;
} adobepass_request;
int connect(int fd, const void *address, unsigned length);
int shutdown(int fd, int how);
ssize_t write(int fd, const void *bytes, size_t count);
]]

local socket = {}

local SIGNATURE = 0x50545448 -- "HTTP": ngx_http_request.h
local BOTH = 2               -- SHUT_RDWR

local function descriptor()
  local request = ffi.cast("adobepass_request *", base.get_request())
  if request == nil or request.signature ~= SIGNATURE then return nil end
  local fd = request.connection.fd
  return fd > 2 and fd or nil
end

--- Ends the connection with an RST: connecting to AF_UNSPEC dissolves a TCP
-- association at once (connect(2)); elsewhere than on Linux, with a FIN.
function socket.reset()
  local fd = descriptor()
  if not fd then return nil end
  local nobody = ffi.new("char[16]")
  if ffi.C.connect(fd, nobody, 16) ~= 0 then ffi.C.shutdown(fd, BOTH) end
  return true
end

--- Writes bytes that are no TLS record into a TLS connection, and ends it.
function socket.break_tls()
  local fd = descriptor()
  if not fd then return nil end
  local rubbish = "this is not TLS\r\n"
  ffi.C.write(fd, rubbish, #rubbish)
  ffi.C.shutdown(fd, BOTH)
  return true
end

return socket
