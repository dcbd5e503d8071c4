--- Every claim of SECURITY.md names a spec; the specs of three claims are here.

local core = require "adobepass.core"
local folder = require "spec.support.folder"
local sandbox_host = require "adobepass.sandbox.host"

-- Returns the specs that a text names: list of { file, tag }.
local function proofs(text)
  local list = {}
  for file, tags in text:gmatch "`(spec/[%w_/]+%.lua)`:%s*(`%[[^|;)]*)" do
    for tag in tags:gmatch "`%[([%l%d-]+)%]`" do
      list[#list + 1] = { file, tag }
    end
  end
  return list
end

local function missing(text)
  local list = {}
  for _, proof in ipairs(proofs(text)) do
    local spec = folder.read(proof[1]) or ""
    if not spec:find('"[' .. proof[2] .. "] ", 1, true) then
      list[#list + 1] = proof[1] .. ": " .. proof[2]
    end
  end
  return list
end

-- Returns the rows of the tables: list of { claim, specs }.
local function claims(text)
  local list = {}
  for claim, proof in text:gmatch "\n| ([^|]+) | ([^|]+) |" do
    if claim ~= "claim" then list[#list + 1] = { claim, proof } end
  end
  return list
end

describe("SECURITY.md", function()
  local text

  setup(function() text = folder.read "SECURITY.md" end)

  it("[security-names-specs] SECURITY.md: names existing specs only", function()
    assert.same({}, missing(text))
    assert.is_true(#proofs(text) > 80)
  end)

  it("[security-names-spec-way] SECURITY.md: names each spec in the format "
    .. "that this check reads", function()
    local _, named = text:gsub("`spec/[%w_/]+%.lua`: ?\n?`%[", "")
    local _, files = text:gsub("`spec/[%w_/]+_spec%.lua`", "")
    assert.equal(files - 1, named) -- the first file name has no tag
  end)

  it("[security-claims-spec] SECURITY.md: names a spec for each "
    .. "claim", function()
    local list = claims(text)
    assert.is_true(#list > 35)
    for _, claim in ipairs(list) do
      assert.is_true(#proofs(claim[2]) > 0, claim[1])
    end
  end)

  it("[security-caught-spec] SECURITY.md: the check reports a spec that does "
    .. "not exist", function()
    local row = '\n| x | `spec/unit/util/json_spec.lua`: `[no-such-tag]`; '
      .. '`spec/none_spec.lua`: `[a]`, `[b-2]` |'
    assert.same({ "spec/unit/util/json_spec.lua: no-such-tag",
      "spec/none_spec.lua: a", "spec/none_spec.lua: b-2" }, missing(row))
    assert.equal(1, #claims(row))
  end)
end)

describe("library code", function()
  -- Returns the calls that start a process; sandbox and command are exempt.
  local function process_calls(path, text)
    if path:find "^lua/adobepass/sandbox/" or path:find "^lua/adobepass/cli/"
        or path == "lua/adobepass/util/shell.lua" then
      return {}
    end
    local found = {}
    for _, name in ipairs { "os.execute", "io.popen", "adobepass.util.shell",
      "os.tmpname" } do
      if text:find(name, 1, true) then found[#found + 1] = path .. ": " .. name
      end
    end
    return found
  end

  it("[security-no-process] library code: starts no process", function()
    local count = 0
    for path in folder.run("find lua -name '*.lua'"):gmatch "[^\n]+" do
      assert.same({}, process_calls(path, folder.read(path)))
      count = count + 1
    end
    assert.is_true(count > 60)
  end)

  it("[security-no-process-found] library code: the check reports a call that "
    .. "starts a process", function()
    local text = 'local shell = require "adobepass.util.shell" io.popen "id"'
    assert.same({ "lua/adobepass/store/x.lua: io.popen",
      "lua/adobepass/store/x.lua: adobepass.util.shell" },
      process_calls("lua/adobepass/store/x.lua", text))
    assert.same({}, process_calls("lua/adobepass/cli/x.lua", text))
  end)

  it("[security-no-process-lint] library code: luacheck refuses a call that "
    .. "starts a process", function()
    if folder.run("command -v luacheck; true") == "" then
      return pending "luacheck is not installed"
    end
    local function check(path)
      return folder.run(("echo 'return io.popen(\"id\"), os.execute(\"id\")' "
        .. "| luacheck --no-color --filename %s - || true"):format(path))
    end
    for _, name in ipairs { "store", "util", "flow", "api" } do
      local output = check("lua/adobepass/" .. name .. "/x.lua")
      assert.matches("2 warnings / 0 errors", output)
    end
    assert.matches("0 warnings / 0 errors", check "lua/adobepass/cli/x.lua")
    assert.matches("0 warnings / 0 errors",
      check "lua/adobepass/sandbox/host/x.lua")
  end)
end)

describe("core", function()
  it("[security-no-switch-turns] core: has no option that disables TLS "
    .. "verification", function()
    for _, name in ipairs { "verify", "verify_peer", "verify_host",
      "insecure", "tls_verify", "ssl_verify", "ssl_verifypeer",
      "skip_verify", "follow_redirects", "follow_location" } do
      for _, value in ipairs { false, true, 0 } do
        assert.error_matches(function() core.http.new { [name] = value } end,
          name)
      end
    end
  end)
end)

describe("sandbox", function()
  -- Returns the addresses that listen on a port, in hex, from /proc/net; state 0A
  -- is LISTEN.
  local function listeners(port)
    local found = {}
    for _, name in ipairs { "tcp", "tcp6" } do
      local list = folder.read("/proc/net/" .. name) or ""
      for address, hex in list:gmatch
          "%d+: (%x+):(%x%x%x%x) %x+:%x+ 0A " do
        if tonumber(hex, 16) == port then found[#found + 1] = address end
      end
    end
    return found
  end

  it("[security-listens-loopback] sandbox: listens on loopback only", function()
    local running = assert(sandbox_host.start {})
    local seen = {}
    for _, origin in ipairs { running.api, running.mgmt, running.control } do
      seen[#seen + 1] = table.concat(
        listeners(tonumber(origin:match "%d+$")), " ")
    end
    running:stop()
    assert.same({ "0100007F", "0100007F", "0100007F" }, seen)
  end)
end)
