--- Every public function and error code is documented.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

-- Returns the names that a binding registers, without metamethods.
local function registered(text)
  local names = {}
  for list in text:gmatch("luaL_Reg [%l_]+%[%] = (%b{})") do
    for name in list:gmatch('{ "([%l%d_]+)", [%l_]+ },') do
      if not name:find("^__") then names[#names + 1] = name end
    end
  end
  for name in text:gmatch('add_digest%(L, "([%l%d_]+)"') do
    names[#names + 1] = name
  end
  return names
end

describe("reference", function()
  local all = {}

  setup(function()
    for path in folder.run("ls csrc/lua/*.c"):gmatch("[^\n]+") do
      all[#all + 1] = folder.read(path)
    end
  end)

  it("[docs-entry-function-method] reference: has an entry for every function "
    .. "and method of the core", function()
    local documented, count = {}, 0
    for name in table.concat(all):gmatch("@function ([%w_.:]+)") do
      documented[name:match("[%w_]+$")] = true
    end
    for _, text in ipairs(all) do
      for _, name in ipairs(registered(text)) do
        assert.is_true(documented[name], name)
        count = count + 1
      end
    end
    assert.is_true(count > 40)
  end)
end)

describe("documentation", function()
  local documents = {} -- from path to text

  setup(function()
    for path in folder.run("ls README.md docs/*.md"):gmatch "[^\n]+" do
      documents[path] = folder.read(path)
    end
  end)

  it("[docs-names-code-core] docs/errors.md: names every error code of the "
    .. "core", function()
    local text = documents["docs/errors.md"]
    for path in folder.run("ls csrc/*/*.c"):gmatch("[^\n]+") do
      for code in folder.read(path):gmatch('fail%([^;]-"([%l_]+)",') do
        if code:find("_", 1, true) then
          assert.truthy(text:find("`" .. code .. "`", 1, true), code)
        end
      end
    end
  end)

  it("[docs-quickstart-run] docs/programs.md: contains "
    .. "examples/quickstart.lua unchanged", function()
    assert.truthy(documents["docs/programs.md"]:find("```lua\n"
      .. folder.read "examples/quickstart.lua" .. "```", 1, true))
  end)

  it("[docs-blocks-tried] documentation: says how each code block is "
    .. "tested, and tests it", function()
    local runner = folder.read ".ci/doc_blocks.lua"
    local blocks = 0
    for path, text in pairs(documents) do
      for before, kind in text:gmatch "([^\n]*)\n```(%l+)" do
        if kind ~= "mermaid" then
          blocks = blocks + 1
          assert.truthy(before:find "^<!%-%- try: %S", path .. ": " .. before)
          assert.truthy(runner:find('"' .. path .. '"', 1, true), path)
        end
      end
    end
    assert.is_true(blocks > 20)
  end)

  it("[docs-links] documentation: each link to a file of the project names an "
    .. "existing one", function()
    local count = 0
    for path, text in pairs(documents) do
      local base = path:match "^(.*/)" or ""
      for target in text:gmatch "%]%(([^)#]+)[^)]*%)" do
        if not target:find "^%l+:" then
          assert.equal("", folder.run("ls -d " .. folder.quote(base .. target)
            .. " > /dev/null || echo missing"), path .. ": " .. target)
          count = count + 1
        end
      end
    end
    assert.is_true(count > 40, count)
  end)

  -- Returns the text of a file that a document names by its path, or by a part of it.
  local function named_file(path)
    for _, prefix in ipairs { "", "lua/adobepass/", "lua/adobepass/sandbox/" } do
      local text = folder.read(prefix .. path)
      if text then return text end
    end
  end

  it("[docs-where-to-look] README.md: each row of 'Where to look' names files that "
    .. "exist and have the functions of the row", function()
    local section = documents["README.md"]:match "\n## Where to look.-\n(|.-)\n\n"
    local files, names = 0, 0
    for row in section:gmatch "[^\n]+" do
      local texts, words = {}, {}
      for code in row:gmatch "`([^`]+)`" do
        if code:find "^[%w_/]+%.[%l]+$" and code:find "/" then
          files = files + 1
          texts[#texts + 1] = assert(named_file(code), code)
        elseif code:find "^[%l_.:]+$" or code:find "^%[[%l-]+%]$" then
          words[#words + 1] = code
        end
      end
      for _, word in ipairs(words) do
        local last = word:match "[%l_]+$" or word
        names = names + 1
        assert.truthy(table.concat(texts):find(last, 1, true) or #texts == 0, word)
      end
    end
    assert.is_true(files >= 10 and names >= 20, files .. " " .. names)
  end)

  it("[docs-diagrams] docs/concepts.md: shows each diagram, as .ci/diagrams draws "
    .. "it, with text of 12 px or more", function()
    local output = folder.run "unset LUA_PATH LUA_CPATH; lua5.4 .ci/diagrams check 2>&1"
    assert.matches("^diagrams: %d+, text of %d+ px%s*$", output)
    assert.is_true(tonumber(output:match "(%d+) px") >= 12)
    for name in folder.run("ls docs/diagrams"):gmatch "([%w_]+)%.txt" do
      assert.truthy(documents["docs/concepts.md"]:find("(diagrams/" .. name .. ".svg)",
        1, true), name)
    end
  end)

  it("[docs-lua-runs-network] docs/sandbox.md: its example runs without a "
    .. "network", function()
    local block = documents["docs/sandbox.md"]
      :match "```lua\n(local adobepass_sandbox.-)```"
    local load_text = rawget(_G, "loadstring") or load
    local printed = {}
    local chunk = assert(load_text("local print = ...\n" .. block))
    chunk(function(value) printed[#printed + 1] = value end)
    assert.same({ 401 }, printed)
  end)
end)

describe("make demo", function()
  it("[docs-tells-whole-scenario] make demo: prints all of its "
    .. "steps", function()
    local output = folder.run("NO_COLOR=1 " .. child_process.interpreter()
      .. " examples/demo.lua")
    for number = 1, 11 do
      assert.truthy(output:find(("\n%d. "):format(number), 1, true), number)
    end
    assert.matches("Done%.", output)
    assert.is_nil(output:find("secret=", 1, true))
  end)
end)
