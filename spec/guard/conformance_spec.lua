--- The script that writes docs/conformance.md, and the statements themselves.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

-- The script runs on Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

describe("conformance", function()
  local function check(entry)
    local path = folder.make()
    finally(function() folder.remove(path) end)
    assert(shell.write_file(path .. "/one.lua", "return { " .. entry .. " }"))
    return shell.read("lua5.4 .ci/conformance check " .. folder.quote(path))
  end

  local function entry(rest)
    return '{ page = "a", statement = "b", ' .. rest .. " }"
  end

  local GOOD = entry 'status = "kept", tags = { "conformance-current" }'

  it("[conformance-current] docs/conformance.md: is current, and each tag is that of "
    .. "a spec", function()
    local output, status = shell.read "lua5.4 .ci/conformance check"
    assert.equal(0, status, output)
    local kept = tonumber(output:match "(%d+) kept")
    assert.is_true(kept >= 150, output)
    print(output)
  end)

  it("[conformance-reports] .ci/conformance: reports an unknown tag, a kept statement "
    .. "without a tag, and other mistakes", function()
    assert.equal(0, select(2, check(GOOD)))
    for text, wrong in pairs {
      ["no spec has the tag 'no-such-spec'"] =
        entry 'status = "kept", tags = { "no-such-spec" }',
      ["a kept statement needs the tag of a spec of the client"] =
        entry 'status = "kept"',
      ["(a): a kept statement needs the tag"] =
        entry 'status = "kept", tags = { "throttle-page-example" }',
      ["status 'partly' needs a reason"] = entry 'status = "partly", tags = {}',
      ["status 'not possible' needs a reason"] = entry 'status = "not possible"',
      ["unknown status 'done'"] = entry 'status = "done", reason = "c"',
      ["unknown field or wrong type: tag"] = entry 'status = "kept", tag = "x"',
      ["the same as"] = GOOD .. ", " .. GOOD,
      ["the page is missing"] = '{ statement = "b", status = "kept" }',
    } do
      local output, status = check(wrong)
      assert.equal(1, status, output)
      assert.truthy(output:find(text, 1, true), output)
    end
  end)
end)
