--- The app's store: a process makes the changes, because mpv's Lua has no threads. See
-- examples/queued_store.lua.

local adobepass = require "adobepass"
local interface = require "adobepass.store.interface"
local queued_store = require "examples.queued_store"
local shell = require "adobepass.util.shell"

local store = {}

--- Creates a store in a folder.
-- @string folder created if it is missing, readable by the owner only
-- @string here the folder of this file
function store.new(folder, here)
  local pipe = assert(io.popen("exec " .. shell.line("lua5.4", here
    .. "/store_writer.lua", here, folder), "w"))
  -- A write to the pipe of a process that has ended fails; mpv ignores SIGPIPE.
  local function send(method, key, value, seconds)
    local fine, message = pipe:write(("%s %d %d %s\n"):format(method, #(key or ""),
      #(value or ""), seconds or ""), key or "", value or "")
    if fine then fine, message = pipe:flush() end
    if fine then return true end
    return interface.failed(message)
  end
  return queued_store.new { disk = adobepass.store.file(folder), send = send,
    pipe = pipe }
end

--- Waits for all writes, and ends the process.
function store.close(self) self.pipe:close() end

return store
