--- A file of redacted exchanges, one JSON object a line.
--
-- The first line is `{"format":"adobepass-recording","version":1}`. Each other line
-- has the number `n` of an exchange, in the order in which the requests were sent;
-- its `request` (`method`, `path`, `query`, `headers`, `body`); and its `response`
-- (`status`, `headers`, `body`) or `failure`, the code of a transfer without a
-- response. The last line of a recording that reached a limit is
-- `{"ended":"limit"}`. Secrets and personal values are placeholders, see
-- adobepass.util.redaction.
--
-- One process writes a recording.
-- @module adobepass.util.recording

local core = require "adobepass.core"
local json = require "adobepass.util.json"
local redaction = require "adobepass.util.redaction"

local recording = {}

local Recording = {}
Recording.__index = Recording

local FORMAT, VERSION = "adobepass-recording", 1
local HEAD = json.encode { format = FORMAT, version = VERSION } .. "\n"
local ENDED = json.encode { ended = "limit" } .. "\n"

-- Limits in bytes: of a file, and of one body.
local MAX_FILE, MAX_BODY = 64 * 1024 * 1024, 1024 * 1024

local function first_line(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local line = file:read(#HEAD)
  file:close()
  return line or ""
end

--- Creates an empty recording, accessible only to its owner. An older recording of
-- that name is replaced; another file is not.
-- @string path
-- @treturn[1] boolean true
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code
function recording.create(path)
  local line = first_line(path)
  if line and line ~= "" and not line:find(FORMAT, 1, true) then
    return nil, path .. " exists and is not a recording", "not_a_recording"
  end
  return core.file.write(path, HEAD)
end

--- Opens an empty recording for writing.
-- @treturn[1] table
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code, `file` or `not_empty`
function recording.open(path)
  local file, message = io.open(path, "ab")
  if not file then return nil, message, "file" end
  local size = file:seek "end"
  if size ~= #HEAD then
    file:close()
    return nil, path .. " already has exchanges", "not_empty"
  end
  return setmetatable({ file = file, size = size, count = 0,
    redactor = redaction.new() }, Recording)
end

local function bounded(body)
  return #(body or "") <= MAX_BODY
end

--- Begins an exchange; returns it for `finish`.
-- @tparam table request `method`, `path`, `query`, `headers`, `body`
function Recording:begin(request)
  self.count = self.count + 1
  local exchange = { n = self.count }
  if bounded(request.body) then exchange.request = self.redactor:request(request) end
  return exchange
end

local function write(self, line)
  local done, message = self.file:write(line)
  if done then done, message = self.file:flush() end
  self.size = self.size + #line
  if done then return true end
  self:close()
  return nil, message, "file"
end

--- Writes an exchange. Returns true; nil, a message and a code when this exchange
-- ends the recording: `file` (it cannot be written) or `recording_full`. Later
-- exchanges are ignored.
-- @tparam table exchange
-- @tparam ?table response `status`, `headers`, `body`
-- @tparam ?string failure the code of a transfer without a response
function Recording:finish(exchange, response, failure)
  if not self.file then return true end
  if response and not bounded(response.body) then
    response, failure = nil, "too_large"
  end
  exchange.response = response and self.redactor:response(response)
  exchange.failure = failure
  local line = json.encode(exchange) .. "\n"
  if exchange.request and not self.redactor.is_full
      and self.size + #line + #ENDED <= MAX_FILE then
    return write(self, line)
  end
  local done, message, code = write(self, ENDED)
  self:close()
  if not done then return nil, message, code end
  return nil, "The recording reached its limit and has ended.", "recording_full"
end

--- Closes the file. Idempotent.
function Recording:close()
  if self.file then self.file:close() end
  self.file = nil
end

-- --- reading -----------------------------------------------------------------

local function damaged(path, number)
  return nil, ("%s, line %d: not an exchange of a recording"):format(path, number),
    "damaged_recording"
end

local function read_text(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message, "file" end
  local text = file:read(MAX_FILE + 1)
  file:close()
  if not text then return nil, path .. " is empty", "not_a_recording" end
  if #text <= MAX_FILE then return text end
  return nil, path .. " is larger than a recording can be", "too_large"
end

local function check_head(path, line)
  local head = json.decode(line)
  if type(head) ~= "table" or head.format ~= FORMAT then
    return nil, path .. " is not a recording", "not_a_recording"
  elseif head.version ~= VERSION then
    return nil, ("%s has format version %s; this release reads version %d"):format(
      path, tostring(head.version):sub(1, 20), VERSION), "unknown_version"
  end
  return true
end

local function is_text(value) return value == nil or type(value) == "string" end

local function has_headers(part)
  if type(part) ~= "table" or type(part.headers) ~= "table" then return false end
  for _, value in pairs(part.headers) do
    if type(value) ~= "string" then return false end
  end
  return is_text(part.body)
end

local function is_exchange(value)
  if type(value) ~= "table" or type(value.n) ~= "number" then return false end
  local request, response = value.request, value.response
  return has_headers(request) and type(request.method) == "string"
    and type(request.path) == "string" and is_text(request.query)
    and (type(value.failure) == "string" and response == nil
      or has_headers(response) and type(response.status) == "number")
end

local function in_order(a, b) return a.n < b.n end

--- Reads a recording.
-- @string path
-- @treturn[1] table the exchanges, in the order of their requests; `has_ended` is
-- true if the recording reached a limit
-- @treturn[2] nil
-- @treturn[2] string message
-- @treturn[2] string code: `file`, `not_a_recording`, `unknown_version`,
-- `damaged_recording` or `too_large`
function recording.read(path)
  local text, message, code = read_text(path)
  if not text then return nil, message, code end
  local list, number = {}, 0
  for line in text:gmatch "[^\n]+" do
    number = number + 1
    local value = json.decode(line)
    if number == 1 then
      local good, why, kind = check_head(path, line)
      if not good then return nil, why, kind end
    elseif type(value) == "table" and value.ended then
      list.has_ended = true
    elseif is_exchange(value) then
      list[#list + 1] = value
    else
      return damaged(path, number)
    end
  end
  table.sort(list, in_order)
  return list
end

return recording
