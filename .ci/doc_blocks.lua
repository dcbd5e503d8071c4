-- SPDX-License-Identifier: MIT
-- Runs the code blocks of README.md and docs/, in order, against a separate
-- installation. The comment above a block says how it is run:
--
--   try: sh                  in this folder
--   try: sandbox             in a shell beside a sandbox
--   try: file NAME           written to NAME, also for the documents that follow
--   try: lua5.4 NAME         written to NAME, and run beside a sandbox, which the
--                            next blocks of this kind use as well
--   try: love NAME, nginx NAME   the same, until a viewer has logged in
--
-- A block without such a comment is an error; diagrams and signatures need none.
-- `make test` is skipped.
--
-- usage: lua5.4 .ci/doc_blocks.lua [pattern]: runs the blocks of the documents whose
-- name matches, and of README.md and the tutorial, which they need

package.path = "lua/?.lua;" .. package.path
package.cpath = "build/lua5.4/?.so;" .. package.cpath

local shell = require "adobepass.util.shell"

local DOCUMENTS = { "README.md", "docs/tutorial.md", "docs/programs.md",
  "docs/drivers.md",
  "docs/guides.md", "docs/client.md", "docs/sandbox.md", "docs/core.md",
  "docs/concepts.md", "docs/errors.md", "docs/migration.md", "docs/faq.md",
  "docs/reference.md", "docs/operations.md" }

local WORK = assert(shell.make_folder "adobepass-documents")
local quote = shell.quote

local function blocks_of(text)
  local list, how = {}, nil
  local lines = text:gmatch "([^\n]*)\n"
  for line in lines do
    if line:find "^```mermaid" then
      repeat line = lines() until line == "```"
    elseif line:find "^```%a" then
      local block = { how = how or error("a code block without a 'try' comment: "
        .. line), lines = {} }
      for inner in lines do
        if inner == "```" then break end
        block.lines[#block.lines + 1] = inner
      end
      block.text = table.concat(block.lines, "\n") .. "\n"
      list[#list + 1] = block
    end
    how = line:match "^<!%-%- try: (.-) %-%->$"
  end
  return list
end

local ENVIRONMENT = ([[
unset LUA_PATH LUA_CPATH
export HOME=@W@/home PREFIX=@W@/usr PATH="@W@/usr/bin:$PATH" NO_COLOR=1
share=$PREFIX/share/lua lib=$PREFIX/lib/lua
export LUA_PATH_5_4="$share/5.4/?.lua;$share/5.4/?/init.lua;;"
export LUA_CPATH_5_4="$lib/5.4/?.so;;"
export LUA_PATH="./?.lua;$share/5.1/?.lua;$share/5.1/?/init.lua;;"
export LUA_CPATH="$lib/5.1/?.so;;"
mkdir -p "$HOME"
]]):gsub("@W@", WORK)

local passed, failed = 0, 0
local folder       -- of the document
local files = {}   -- from name to text, of `try: file`

local function try(name, script)
  local path = WORK .. "/script"
  assert(shell.write_file(path, ENVIRONMENT .. "set -e\n" .. script))
  local output, status = shell.read("timeout 180 sh " .. quote(path) .. " 2>&1")
  if status == 0 then passed = passed + 1 else failed = failed + 1 end
  print(("== %s: %s"):format(name, status == 0 and "passed"
    or "status " .. tostring(status)))
  print((output:gsub('"client_secret":"[^"]*"', '"client_secret":"..."')
    :gsub("[^\n]+", "   %0")))
end

-- Returns a command that runs a script beside a sandbox, in the work folder, while
-- .ci/viewer.lua logs viewers in. Without the rate limit, because many programs run one
-- after the other at one address.
local function beside_sandbox(script)
  local inner = WORK .. "/inner"
  assert(shell.write_file(inner, ([[
set -e
cd %s
lua5.4 %s/.ci/viewer.lua & viewer=$!
trap 'kill $viewer' EXIT
]]):format(quote(folder), quote(shell.read "pwd")) .. script))
  return "adobepass sandbox --no-throttle --exec " .. quote("sh " .. inner) .. "\n"
end

-- Waits until the TV has polled twice.
local SIGNED_IN = [[
tries=0
until curl -s --cacert "$ADOBEPASS_CA" "$ADOBEPASS_CONTROL/sandbox/journal" |
  grep -q profile_for_code.*profile_for_code; do
  tries=$((tries + 1)); [ $tries -lt 100 ]; sleep 0.3
done
]]

local run = {}

function run.sh(block)
  local text = block.text:gsub("make test[^\n]*\n", function(line)
    print("(skipped: " .. line:gsub("%s+$", "") .. ")")
    return ""
  end)
  try("sh", text)
end

function run.sandbox(block) try("sandbox", beside_sandbox(block.text)) end

local function write(block, name)
  assert(shell.write_file(folder .. "/" .. name, block.text))
end

function run.file(block, name)
  files[name] = block.text
  write(block, name)
end

-- Runs several programs beside one sandbox: the second may need the first one's login.
local function run_programs(names)
  local script = {}
  for _, name in ipairs(names) do
    script[#script + 1] = ("echo 'program: %s'\nlua5.4 %s\n"):format(name, name)
  end
  local before = failed
  try(table.concat(names, ", "), beside_sandbox(table.concat(script)))
  if failed == before then passed = passed + #names - 1 end
end

function run.love(block, name)
  write(block, name)
  try(name, beside_sandbox([[
mkdir -p app && cp ]] .. name .. [[ app
Xvfb -displayfd 3 -screen 0 1280x720x24 3> display 2> /dev/null & screen=$!
until [ -s display ]; do sleep 0.1; done
DISPLAY=:$(cat display) love app > love.log 2>&1 & love=$!
]] .. SIGNED_IN .. [[
kill $love $screen
cat love.log
]]))
end

function run.nginx(block, name)
  write(block, name)
  try(name, beside_sandbox(([[
nginx=$(command -v openresty || PATH="$PATH:/usr/sbin" command -v nginx)
[ "$(id -u)" != 0 ] || user='user root;' # the owner of the sandbox's folder
"$nginx" -p . -c %s -g "$user" > nginx.log 2>&1 & pid=$!
trap 'cat nginx.log; kill $viewer $pid' EXIT
curl -sf --retry 20 --retry-connrefused --retry-delay 1 \
  -H "X-Device: one" http://127.0.0.1:8087/login | grep code=
curl -sf -H "X-Device: one" http://127.0.0.1:8087/status | grep -E 'pending|signed in'
curl -sf -H "X-Device: one" http://127.0.0.1:8087/play
curl -s -w '%%{http_code}' http://127.0.0.1:8087/play | tr '\n' ' ' |
  grep "X-Device. 400"
]]):format(name)))
end

-- Runs the blocks of a document, programs that follow each other together.
local function run_document(path)
  print("== " .. path)
  folder = WORK .. "/" .. path:gsub("%W", "_")
  assert(shell.execute("mkdir -p -- " .. quote(folder)))
  for name, text in pairs(files) do write({ text = text }, name) end
  local programs = {}
  local function run_waiting()
    if #programs > 0 then run_programs(programs) end
    programs = {}
  end
  for _, block in ipairs(blocks_of(assert(shell.read_file(path)))) do
    local kind, name = block.how:match "^(%S+) ?(.*)$"
    if kind == "lua5.4" then
      write(block, name)
      programs[#programs + 1] = name
    else
      if kind ~= "file" then run_waiting() end
      run[kind](block, name)
    end
  end
  run_waiting()
end

local only = arg[1] or "" -- a pattern

for _, path in ipairs(DOCUMENTS) do
  if path == "README.md" or path == "docs/tutorial.md" or path:find(only) then
    run_document(path)
  end
end
shell.execute("rm -rf -- " .. quote(WORK))
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
