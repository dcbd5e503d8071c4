--- A queued store whose changes are made in order by a process of `lua5.4`, for
-- programs whose Lua has no threads.

local adobepass = require "adobepass"
local interface = require "adobepass.store.interface"
local queued_store = require "examples.shared.queued_store"
local shell = require "adobepass.util.shell"

local process_store = {}

local HERE = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$"

--- Creates a store in a folder.
-- @string folder created if it is missing, readable by the owner only
-- @tparam number|nil pause see queued_store.write
function process_store.new(folder, pause)
  local pipe = assert(io.popen("exec " .. shell.line("env", "LUA_PATH=" .. package.path,
    "LUA_CPATH=" .. HERE .. "/../../build/lua5.4/?.so;;", "lua5.4",
    HERE .. "/process_store_writer.lua", folder, pause or ""), "w"))
  -- The process ends after a failed change. A write to its pipe then fails if the
  -- program ignores SIGPIPE, as mpv does.
  local function send(method, key, value, seconds)
    local fine = pipe:write(("%s %d %d %s\n"):format(method, #(key or ""),
      #(value or ""), seconds or ""), key or "", value or "")
    if fine and pipe:flush() then return true end
    return interface.failed "The process that writes the store has ended."
  end
  return queued_store.new { disk = adobepass.store.file(folder), send = send,
    pipe = pipe }
end

--- Waits for all writes, and ends the process.
function process_store.close(self) self.pipe:close() end

return process_store
