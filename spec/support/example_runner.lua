--- Runs an unchanged example against the sandbox, while the spec acts as the
-- viewer.
--
--   local run = example_runner.start(running, "examples/quickstart.lua", home)
--   run:line()               the next line of its output; nil at its end
--   run:sign_in(code)        signs in and wakes the sleeping example
--   run:interrupt()          sends Ctrl-C
--   run:stop()

local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"
local tv_client = require "spec.support.tv_client"

local example_runner = {}

local Run = {}
Run.__index = Run

local NAMES = { "api", "mgmt", "control", "ca", "statement" }

local function environment(running, path)
  local input = { "HOME=" .. folder.quote(path),
    "QUICKSTART_STORE=" .. folder.quote(path .. "/store") }
  for index, name in ipairs(NAMES) do
    input[2 + index] = ("ADOBEPASS_%s=%s"):format(name:upper(),
      folder.quote(running[name]))
  end
  return table.concat(input, " ")
end

--- Starts an example. `running` is the sandbox, `home` a folder of the caller.
function example_runner.start(running, file, home)
  local fifo = folder.quote(home .. "/words")
  folder.run("rm -f " .. fifo .. "; mkfifo " .. fifo)
  local output = assert(io.popen(("exec < %s 2>&1; echo $$; "
    .. "exec setsid env %s %s -l spec.support.stepped_sleep %s"):format(fifo,
      environment(running, home), folder.quote(child_process.interpreter()),
      file)))
  local input = assert(io.open(home .. "/words", "w"))
  return setmetatable({ running = running, output = output, input = input,
    pid = assert(output:read "*l"),
    transport = assert(core.http.new { ca_file = running.ca }) }, Run)
end

function Run:line() return self.output:read "*l" end

--- Signs the viewer in with a code and wakes the example.
function Run:sign_in(code)
  local response = assert(tv_client.fetch(self.transport, { method = "POST",
    url = self.running.control .. "/sandbox/login",
    headers = { ["Content-Type"] = "application/json" },
    body = json.encode { code = code, username = "bob" } }))
  assert(response.status == 200, response.body)
  self.input:write "go\n"
  self.input:flush()
end

-- A terminal signals the whole foreground process group.
function Run:interrupt() folder.run("kill -s INT -- -" .. self.pid) end

--- Waits for the end. Returns the rest of the output.
function Run:stop()
  self.input:close()
  local rest = self.output:read "*a"
  self.output:close()
  self.transport:close()
  return rest
end

return example_runner
