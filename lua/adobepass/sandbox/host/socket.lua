--- Breaks a connection below nginx, as a faulty network does.
--
-- nginx cannot reset an HTTP/2 connection or corrupt an established TLS
-- connection, so this module uses the TCP socket. The first fields of nginx's
-- request and connection structures have not changed since 0.8; the signature
-- is checked, and on a mismatch the functions return nil.
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

--- Resets the connection with connect(2) to AF_UNSPEC; on systems other than Linux,
-- closes it with a FIN.
function socket.reset()
  local fd = descriptor()
  if not fd then return nil end
  local nobody = ffi.new("char[16]")
  if ffi.C.connect(fd, nobody, 16) ~= 0 then ffi.C.shutdown(fd, BOTH) end
  return true
end

--- Writes bytes that are not a TLS record to a TLS connection and closes it.
function socket.break_tls()
  local fd = descriptor()
  if not fd then return nil end
  local rubbish = "this is not TLS\r\n"
  ffi.C.write(fd, rubbish, #rubbish)
  ffi.C.shutdown(fd, BOTH)
  return true
end

return socket
