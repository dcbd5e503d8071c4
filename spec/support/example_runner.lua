--- An example, run as it stands with the sandbox in Adobe's place, while the
-- spec plays the viewer.
--
--   local run = example.start(running, "examples/quickstart.lua")
--   run:line()               what it printed; nil at its end
--   run:sign_in(code)        and the example, which sleeps, goes on
--   run:interrupt()          Ctrl-C
--   run:stop()

local child = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local tv = require "spec.support.tv_client"

local example = {}

local Run = {}
Run.__index = Run

local NAMES = { "api", "mgmt", "control", "ca", "statement" }

local function environment(running, path)
  local words = { "HOME=" .. folder.quote(path),
    "QUICKSTART_STORE=" .. folder.quote(path .. "/store") }
  for index, name in ipairs(NAMES) do
    words[2 + index] = ("ADOBEPASS_%s=%s"):format(name:upper(),
      folder.quote(running[name]))
  end
  return table.concat(words, " ")
end

--- `running` is the sandbox, `home` a folder that is kept by the caller.
function example.start(running, file, home)
  local fifo = folder.quote(home .. "/words")
  folder.run("rm -f " .. fifo .. "; mkfifo " .. fifo)
  local said = assert(io.popen(("exec < %s 2>&1; echo $$; "
    .. "exec setsid env %s %s -l spec.support.stepped_sleep %s"):format(fifo,
      environment(running, home), folder.quote(child.interpreter()), file)))
  local words = assert(io.open(home .. "/words", "w"))
  return setmetatable({ running = running, said = said, words = words,
    pid = assert(said:read "*l"),
    transport = assert(core.http.new { ca_file = running.ca }) }, Run)
end

function Run:line() return self.said:read "*l" end

--- The viewer signs in with a code, and the example wakes up.
function Run:sign_in(code)
  local response = assert(tv.fetch(self.transport, { method = "POST",
    url = self.running.control .. "/sandbox/login",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { code = code, username = "bob" } }))
  assert(response.status == 200, response.body)
  self.words:write "go\n"
  self.words:flush()
end

-- A terminal tells all of the foreground.
function Run:interrupt() folder.run("kill -s INT -- -" .. self.pid) end

--- Waits for its end; the rest of what it said.
function Run:stop()
  self.words:close()
  local rest = self.said:read "*a"
  self.said:close()
  self.transport:close()
  return rest
end

return example
