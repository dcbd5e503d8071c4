--- The reference in docs/, and the site that `make doc` writes.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local FORCED = " 2>&1; echo status $?"

describe("reference", function()
  if child_process.interpreter() ~= "lua5.4" then return end

  it("[reference-complete] reference: has every public function, option and error "
    .. "code, as .ci/reference writes them", function()
    local output = folder.run("unset LUA_PATH LUA_CPATH; .ci/reference check" .. FORCED)
    assert.matches("status 0%s*$", output)
    assert.is_true(tonumber(output:match "(%d+) functions") >= 70, output)
    assert.is_true(tonumber(output:match "(%d+) options") >= 250, output)
    assert.is_true(tonumber(output:match "(%d+) functions with an example") >= 150,
      output)
  end)

  it("[reference-example-each] reference: fails when a public function, operation, "
    .. "control call or function of the core has no example", function()
    local copy = folder.make()
    folder.run(("cp -r docs %s/docs; ln -s \"$PWD\"/lua \"$PWD\"/csrc \"$PWD\"/build "
      .. "\"$PWD\"/.ci %s"):format(copy, copy))
    local removed = { ["docs/reference.md"] = "client:check_code",
      ["docs/operations.md"] = "client.api:unlink",
      ["docs/sandbox.md"] = "control.revoke", ["docs/core.md"] = "wakeup:watch" }
    for path, call in pairs(removed) do
      local pattern = "(%f[%a]" .. call:gsub("%p", "%%%0") .. ")(%s*[%({\"])"
      local text, count = folder.read(path):gsub(pattern, "%1_other%2")
      assert.is_true(count > 0, call)
      assert(folder.write(copy .. "/" .. path, text))
    end
    local output = folder.run(("unset LUA_PATH LUA_CPATH; cd %s; .ci/reference check")
      :format(copy) .. FORCED)
    folder.remove(copy)
    for path, call in pairs(removed) do
      assert.truthy(output:find(path .. ": no example of " .. call, 1, true), output)
    end
    assert.matches("status 1%s*$", output)
  end)

  -- Returns the sections of the reference: from a heading to its text.
  local function sections()
    local found, heading = {}, nil
    for line in (folder.read "docs/reference.md"):gmatch "([^\n]*)\n" do
      heading = line:match "^##+ (.*)$" or heading
      if heading then found[heading] = (found[heading] or "") .. line .. "\n" end
    end
    return found
  end

  it("[reference-example] reference: has an example, or a link to one, for each "
    .. "public function", function()
    local count = 0
    for heading, text in pairs(sections()) do
      if text:find "<!%-%- reference: function" then
        count = count + 1
        assert.is_true(text:find("<!-- try: ", 1, true) ~= nil
          or text:find "example:%s%[" ~= nil, heading)
      end
    end
    assert.is_true(count >= 50, count)
  end)

  local function assert_has(prefix, names, least)
    local found = sections()
    for _, name in ipairs(names) do assert.is_string(found[prefix .. name], name) end
    assert.is_true(#names >= least, prefix)
  end

  it("[reference-function-module] reference: has every function of the module "
    .. "adobepass", function()
    local names = {}
    for name, value in pairs(require "adobepass") do
      if type(value) == "function" then names[#names + 1] = name end
    end
    assert_has("adobepass.", names, 3)
  end)

  it("[reference-method-client] reference: has every method of a client", function()
    local names = {}
    for name in folder.read "lua/adobepass/client.lua":gmatch
      "\nfunction Client:(%l[%l_]+)" do names[#names + 1] = name end
    assert_has("client:", names, 30)
  end)

  it("[reference-store-driver] reference: has every store and every driver", function()
    assert_has("adobepass.store.", { "memory", "file", "shdict", "redis" }, 4)
    assert_has("adobepass.driver.", { "block", "tick", "ngx", "luv", "cqueues" }, 5)
  end)
end)

describe("make doc", function()
  local _, missing = require("adobepass.util.shell").read "command -v cmark-gfm"
  local can = missing == 0 and child_process.interpreter() == "lua5.4"
  local test = can and it or pending
  local path, output

  setup(function()
    if not can then return end
    path = folder.make()
    output = folder.run("unset LUA_PATH LUA_CPATH; lua5.4 .ci/site/site.lua "
      .. folder.quote(path) .. FORCED)
  end)

  teardown(function() if path then folder.remove(path) end end)

  test("[reference-made-complaint] make doc: prints no warning", function()
    assert.matches("^[^\n]*/index.html: %d+ pages, %d+ links checked\nstatus 0%s*$",
      output)
  end)

  test("[site-links] make doc: writes a page for each document, without a dead "
    .. "link", function()
    assert.matches("status 0%s*$", output)
    for document in folder.run("ls docs/*.md"):gmatch "([%w_]+)%.md" do
      assert.matches("</html>", folder.read(("%s/%s.html"):format(path, document)))
    end
    assert.is_true(tonumber(output:match "(%d+) links") > 100, output)
  end)

  test("[site-text] make doc: keeps underscores, and escapes text of code", function()
    local text = folder.read(path .. "/programs.html")
    assert.truthy(text:find("lua_shared_dict", 1, true))
    assert.truthy(folder.read(path .. "/reference.html"):find(
      "table&lt;string, string&gt;", 1, true))
  end)

  test("[site-search] make doc: the search finds sections without a "
    .. "network", function()
    local index = folder.read(path .. "/search_index.js")
    assert.truthy(index:find('"reference.html#clientlogin"', 1, true))
    for name in ("index.html reference.html style.css search.js"):gmatch "%S+" do
      local text = folder.read(path .. "/" .. name)
      assert.is_nil(text:find '<script src="http', name)
      assert.is_nil(text:find('url(', 1, true), name)
      assert.is_nil(text:find("fetch(", 1, true), name)
    end
  end)
end)
