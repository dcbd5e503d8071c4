--- The command as a user runs it, before a real sandbox: each run a process of
-- its own, which finds the sandbox in its variables.
--
--   local rig = require("spec.cli.command_fixture").start { world = path }
--   local out, err, status = rig:run("profiles --json", { STORE = folder })
--   rig:control("POST", "/login", { code = code, username = "ann" })
--   local process = rig:spawn("login --json"); process:line()
--   rig.said       all that was ever printed, but for what was asked for

local child = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"
local tv = require "spec.support.tv_client"

local rig = {}
local Rig = {}
Rig.__index = Rig

local COMMAND = shell.quote(child.interpreter()) .. " bin/adobepass "

-- Hears of each process that was started, and when we end, however that is,
-- ends those that are left and takes the folder away.
local KEEPER = [[
while read -r group; do groups="$groups -$group"; done
[ -z "$groups" ] || kill -s TERM -- $groups
rm -rf -- "$1"]]

--- @param options of host.start
function rig.start(options)
  options = options or {}
  options.throttle = false
  local box, place = assert(host.start(options)), folder.make()
  local keeper = assert(io.popen("exec >/dev/null 2>&1 sh -c "
    .. shell.line(KEEPER, "keeper", place), "w"))
  return setmetatable({ box = box, place = place, said = {},
    keeper = keeper, transport = assert(core.http.new { ca_file = box.ca }) },
    Rig)
end

function Rig:stop()
  self.transport:close()
  self.box:stop()
  self.keeper:close()
end

-- All others are ours, and begin with ADOBEPASS_.
local PLAIN = { PATH = true, LC_ALL = true, NO_COLOR = true }

--- A command line with its variables; `changes`: other ones, "" is none.
function Rig:line(words, changes)
  local box = self.box
  local variables = { API = box.api, MGMT = box.mgmt, CA = box.ca,
    STATEMENT = box.statement, STORE = self.place .. "/store",
    ENVIRONMENT = "", SERVICE_PROVIDER = "" }
  for name, value in pairs(changes or {}) do variables[name] = value end
  local parts = { "env", "HOME=" .. shell.quote(self.place),
    "XDG_STATE_HOME=", "LC_ALL=C.UTF-8",
    "NO_COLOR=", "TERM=xterm-256color" }
  for name, value in pairs(variables) do
    parts[#parts + 1] = (PLAIN[name] and "" or "ADOBEPASS_") .. name .. "="
      .. shell.quote(value)
  end
  return table.concat(parts, " ") .. " " .. COMMAND .. words
end

local function note(self, text)
  self.said[#self.said + 1] = text
  return text
end

--- What came out on both streams, and the exit status.
function Rig:run(words, changes, input)
  local errors = self.place .. "/errors"
  local out, status = shell.read(("%s %s 2> %s"):format(
    input and "printf %s " .. shell.quote(input) .. " |" or "",
    self:line(words, changes), shell.quote(errors)))
  return note(self, out), note(self, (shell.read_file(errors))), status
end

--- As `run`, for what prints a secret because it was asked to.
function Rig:run_private(words, changes, input)
  local said = self.said
  self.said = {}
  local out, err, status = self:run(words, changes, input)
  self.said = said
  return out, err, status
end

local Process = {}
Process.__index = Process

function Process:line()
  local line = self.pipe:read "*l"
  if line then note(self.rig, line) end
  return line
end

--- The first line that has something in it; the lines up to there.
function Process:seek(text)
  local lines = {}
  repeat
    local line = self:line()
    assert(line, "it ended without: " .. text)
    lines[#lines + 1] = line
  until line:find(text, 1, true)
  return lines[#lines], table.concat(lines, "\n")
end

--- Reads on until some text has come, which may stand in an open line.
function Process:await(text)
  local read = ""
  while not read:find(text, 1, true) do
    read = read .. assert(self.pipe:read(1), "it ended without: " .. text)
  end
  note(self.rig, read)
end

--- All that is left, and the exit status, which the last line tells.
function Process:finish()
  local rest = note(self.rig, self.pipe:read "*a")
  self.pipe:close()
  local text, status = rest:match "^(.-)status (%d+)%s*$"
  return text or rest, tonumber(status)
end

-- A process in a transport of its own, as the foreground of a terminal is.
local function start(self, script)
  local pipe = assert(io.popen("exec setsid sh -c "
    .. shell.quote("echo $$; " .. script)))
  local group = pipe:read "*l"
  self.keeper:write(group, "\n")
  self.keeper:flush()
  return setmetatable({ rig = self, pipe = pipe, group = group }, Process)
end

--- Starts one that is read while it runs, both streams together.
function Rig:spawn(words, changes)
  return start(self, ("trap '' INT; (trap - INT; exec %s) 2>&1; "
    .. "echo status $?"):format(self:line(words, changes)))
end

--- What a terminal does on Ctrl-C.
function Process:interrupt()
  shell.read("kill -s INT -- -" .. self.group)
end

--- At a terminal of 80 by 24: what is typed goes in by `type`.
function Rig:at_terminal(words, changes, size)
  local name = ("%s/keys-%d"):format(self.place, #self.said)
  folder.run(shell.line("mkfifo", name))
  -- The shell in it hears Ctrl-C, too, and shall outlive it.
  local inner = ("trap : INT; stty rows %d cols %d; %s; echo status $?")
    :format(size and size[1] or 24, size and size[2] or 80,
      self:line(words, changes))
  local process = start(self, ("exec script -qec %s /dev/null < %s"):format(
    shell.quote(inner), shell.quote(name)))
  process.keys = assert(io.open(name, "w"))
  return process
end

function Process:type(text)
  self.keys:write(text)
  self.keys:flush()
end

--- The sandbox's control API.
function Rig:control(method, path, given)
  local response = assert(tv.fetch(self.transport, { method = method,
    url = self.box.control .. "/sandbox" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = given and json.encode(given) or nil }))
  local answer = assert(json.decode(response.body))
  return assert(answer.result, answer.error)
end

--- A viewer signs in with a code, as on a phone.
function Rig:sign_in(code, username, mvpd)
  self:control("POST", "/login", { code = code, username = username or "bob",
    mvpd = mvpd })
end

return rig
