--- The model of the credentials protocol, checked by spin: spec/model/run.

local folder = require "spec.support.folder"
local child_process = require "spec.support.child_process"

-- The model has no Lua.
if child_process.interpreter() ~= "lua5.4" then return end

local function run(what)
  return folder.run("spec/model/run " .. what .. " 2>&1; true")
end

describe("model of the credentials protocol", function()
  it("[model-no-error] model: has no error under crashes, pauses, failed "
    .. "writes, lost responses and refusals", function()
    local output = run "clean"
    assert.matches("model: no error", output, 1, true)
    assert.matches("safety +MIXED +%d%d%d%d+ states", output)
    assert.matches("progress +MIXED PROGRESS +%d%d%d%d+ states", output)
  end)

  it("[model-finds-planted-defects] model: finds each planted "
    .. "defect", function()
    local output = run "planted"
    for defect in ("ABCDEF"):gmatch "." do
      assert.matches("planted +BUG_" .. defect .. " .*%f[%d]%d+ states",
        output)
    end
    assert.is_nil(output:find("was not found", 1, true))
    assert.matches("model: no error", output, 1, true)
  end)
end)
