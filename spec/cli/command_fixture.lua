--- Runs the command as a user does, against a sandbox: each run is a process that
-- finds the sandbox in its environment variables.
--
--   local fixture = command_fixture.start { world = path }
--   local out, err, status = fixture:run("profiles --json", { STORE = folder })
--   fixture:control("POST", "/login", { code = code, username = "ann" })
--   local process = fixture:spawn("login --json"); process:line()
--   fixture.output   everything that was printed, except by run_private

local child_process = require "spec.support.child_process"
local command_lines = require "spec.cli.command_lines"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv_client = require "spec.support.tv_client"

local command_fixture = {}
local Fixture = {}
Fixture.__index = Fixture

local COMMAND = shell.quote(child_process.interpreter()) .. " bin/adobepass "

-- Reads the process groups that were started, and terminates them at the end of its
-- input. The input also ends if the spec is killed.
local KEEPER = [[
while read -r group; do groups="$groups -$group"; done
[ -z "$groups" ] || kill -s TERM -- $groups
]]

--- Starts a sandbox. Returns the fixture.
-- @param options of host.start
function command_fixture.start(options)
  options = options or {}
  options.throttle = false
  local sandbox, path = assert(host.start(options)), folder.make()
  local keeper = shell.background("keeper", path, KEEPER)
  return setmetatable({ sandbox = sandbox, folder = path, output = {},
    keeper = keeper,
    transport = assert(core.http.new { ca_file = sandbox.ca }) },
    Fixture)
end

function Fixture:stop()
  self.transport:close()
  self.sandbox:stop()
  self.keeper:close()
end

--- Returns the software statement of Adobe's registration page: it has no scopes claim.
function command_fixture.sample_statement()
  local samples = json.decode(assert(shell.read_file
    "spec/samples/dcr-register.json"))
  return samples[1].request.body.software_statement
end

-- All other variable names get the prefix ADOBEPASS_.
local PLAIN = { PATH = true, LC_ALL = true, NO_COLOR = true }

local function assign(parts, variables)
  for name, value in pairs(variables) do
    parts[#parts + 1] = (PLAIN[name] and "" or "ADOBEPASS_") .. name .. "="
      .. shell.quote(value)
  end
  return table.concat(parts, " ") .. " "
end

-- Returns the start of a command line, which sets variables; `changes` replaces some.
local function environment(self, changes)
  local sandbox = self.sandbox
  local variables = { API = sandbox.api, MGMT = sandbox.mgmt, CA = sandbox.ca,
    STATEMENT = sandbox.statement, STORE = self.folder .. "/store",
    ENVIRONMENT = "", SERVICE_PROVIDER = "" }
  for name, value in pairs(changes or {}) do variables[name] = value end
  local parts = { "env", "HOME=" .. shell.quote(self.folder),
    "XDG_STATE_HOME=", "LC_ALL=C.UTF-8",
    "NO_COLOR=", "TERM=xterm-256color" }
  return assign(parts, variables)
end

--- Returns a command line with its variables; `changes` replaces some.
function Fixture:line(arguments, changes)
  return environment(self, changes) .. COMMAND .. arguments
end

local function record(self, text)
  self.output[#self.output + 1] = text
  return text
end

--- Runs the command. Returns standard output, standard error and exit status.
function Fixture:run(arguments, changes, input)
  local errors = self.folder .. "/errors"
  local out, status = shell.read(("%s %s 2> %s"):format(
    input and "printf %s " .. shell.quote(input) .. " |" or "",
    self:line(arguments, changes), shell.quote(errors)))
  return record(self, out), record(self, (shell.read_file(errors))), status
end

--- Runs command lines in one process. Returns the results of `command_lines.run`.
-- @param lines list of texts
-- @param[opt] changes of the variables for all lines
-- @param[opt] own list of further changes for each line
function Fixture:run_lines(lines, changes, own)
  local complete = {}
  for index, line in ipairs(lines) do
    complete[index] = assign({}, own and own[index] or {}) .. line
  end
  local results = command_lines.run(complete, environment(self, changes))
  for _, result in ipairs(results) do
    record(self, result.out)
    record(self, result.err)
  end
  return results
end

--- Like `run`, for a command that prints a secret on request.
function Fixture:run_private(arguments, changes, input)
  local saved = self.output
  self.output = {}
  local out, err, status = self:run(arguments, changes, input)
  self.output = saved
  return out, err, status
end

local Process = {}
Process.__index = Process

function Process:line()
  local line = self.pipe:read "*l"
  if line then record(self.fixture, line) end
  return line
end

--- Reads up to a line that contains a text. Returns it, and all lines read.
function Process:seek(text)
  local lines = {}
  repeat
    local line = self:line()
    assert(line, "the output ended before: " .. text)
    lines[#lines + 1] = line
  until line:find(text, 1, true)
  return lines[#lines], table.concat(lines, "\n")
end

--- Reads until a text has appeared, also in an unfinished line.
function Process:await(text)
  local read = ""
  while not read:find(text, 1, true) do
    read = read .. assert(self.pipe:read(1), "the output ended before: " .. text)
  end
  record(self.fixture, read)
end

--- Returns the rest of the output, and the exit status from the last line.
function Process:finish()
  local rest = record(self.fixture, self.pipe:read "*a")
  self.pipe:close()
  local text, status = rest:match "^(.-)status (%d+)%s*$"
  return text or rest, tonumber(status)
end

-- Starts a process in a new session, like the foreground process of a terminal.
local function start(self, script)
  local pipe = assert(io.popen("exec setsid sh -c "
    .. shell.quote("echo $$; " .. script)))
  local group = pipe:read "*l"
  self.keeper:write(group, "\n")
  self.keeper:flush()
  return setmetatable({ fixture = self, pipe = pipe, group = group }, Process)
end

--- Starts a process; both streams can be read while it runs.
function Fixture:spawn(arguments, changes)
  return start(self, ("trap '' INT; (trap - INT; exec %s) 2>&1; "
    .. "echo status $?"):format(self:line(arguments, changes)))
end

--- Sends SIGINT to the process group, as a terminal does on Ctrl-C.
function Process:interrupt()
  shell.read("kill -s INT -- -" .. self.group)
end

--- Starts a process at a terminal of 80 by 24; `type` sends input.
function Fixture:at_terminal(arguments, changes, size)
  local name = ("%s/keys-%d"):format(self.folder, #self.output)
  folder.run(shell.line("mkfifo", name))
  -- The inner shell receives Ctrl-C, too, and must survive it.
  local inner = ("trap : INT; stty rows %d cols %d; %s; echo status $?")
    :format(size and size[1] or 24, size and size[2] or 80,
      self:line(arguments, changes))
  local process = start(self, ("exec script -qec %s /dev/null < %s"):format(
    shell.quote(inner), shell.quote(name)))
  process.keys = assert(io.open(name, "w"))
  return process
end

function Process:type(text)
  self.keys:write(text)
  self.keys:flush()
end

--- Sends a request to the sandbox's control API. Returns the result.
function Fixture:control(method, path, given)
  local response = assert(tv_client.fetch(self.transport, { method = method,
    url = self.sandbox.control .. "/sandbox" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = given and json.encode(given) or nil }))
  local result = assert(json.decode(response.body))
  return assert(result.result, result.error)
end

--- Logs a viewer in with a code, as on a second screen.
function Fixture:sign_in(code, username, mvpd)
  self:control("POST", "/login", { code = code, username = username or "bob",
    mvpd = mvpd })
end

return command_fixture
