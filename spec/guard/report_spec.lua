--- The stored results of benchmarks, and the report made from them.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local results = require "bench.results"
local shell = require "adobepass.util.shell"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

local usual = results.FOLDER

describe("bench results", function()
  local path

  before_each(function()
    path = folder.make()
    results.FOLDER = path .. "/results"
  end)
  after_each(function()
    results.FOLDER = usual
    folder.remove(path)
  end)

  local function keep(name, change)
    local found = results.new(name, "make " .. name)
    change(found)
    return found:write()
  end

  it("[report-comes-back] bench results: are read as they were written", function()
    keep("soak", function(found)
      found:figure("errors, lua5.4", 0, "", "<= 0")
      found:figure("a name\twith\na break", "1.5 (1 .. 2)", "ms")
      found:note "All is well."
    end)
    local found = results.read "soak"
    assert.equal("make soak", found.command)
    assert.matches("^%d+%-%d%d%-%d%d %d%d:%d%d UTC$", found.date)
    assert.same({ name = "errors, lua5.4", value = "0", unit = "",
      target = "<= 0" }, found.figures[1])
    assert.same({ name = "a name with a break", value = "1.5 (1 .. 2)",
      unit = "ms", target = "" }, found.figures[2])
    assert.same({ "All is well." }, found.notes)
    assert.equal("cpu", found.machine[1][1])
    assert.is_nil(results.read "another")
  end)

  it("[report-judged-target] bench results: are compared with their "
    .. "targets", function()
    for _, case in ipairs { { "5", "<= 5", true }, { "5", "< 5", false },
      { "0.91 (0.8 .. 1)", ">= 0.9", true }, { "-3.1", "<= 2", true },
      { "+3.1", "<= 2", false }, { "1722", "= 1722", true },
      { "1721", "= 1722", false }, { "none", "<= 5", false },
      { "5", "", nil } } do
      assert.equal(case[3], results.met { value = case[1],
        target = case[2] }, case[1] .. " " .. case[2])
    end
  end)

  it("[report-status] bench results: status is 1 if a figure of the process missed its "
    .. "target", function()
    package.loaded["bench.results"] = nil
    local fresh = require "bench.results"
    package.loaded["bench.results"] = results
    local found = fresh.new("start", "bench/start")
    found:figure("requests", 3, "", "<= 3")
    found:figure("time", 5, "ms")
    assert.equal(0, fresh.status())
    found:figure("handshakes", 2, "", "<= 1")
    found:figure("devices", 1, "", "= 1")
    assert.equal(1, fresh.status())
  end)

  local function page()
    local file = path .. "/PAGE.md"
    local output, status = shell.read(shell.line(child_process.interpreter(),
      "bench/report.lua", file, results.FOLDER))
    assert.equal(0, status, output)
    return folder.read(file)
  end

  it("[report-laid-column-lua] bench report: has a column for each "
    .. "Lua", function()
    keep("growth", function(found)
      found:figure("an <odd> name, lua5.4", "0.5", "of plain C", ">= 0.9")
      found:figure("an <odd> name, luajit", "123456", "of plain C", ">= 0.9")
      found:figure("stated, lua5.4", 7, "ms")
    end)
    local text = page()
    assert.matches("1 targets met, 1 missed", text)
    assert.truthy(text:find("| an &lt;odd&gt; name | 0.5 | 123,456 | of plain "
      .. "C | ≥ 0.9 | **no** lua5.4 |", 1, true), text)
    assert.truthy(text:find("| stated | 7 |  | ms |  |  |", 1, true))
    assert.truthy(text:find("`make growth`, ", 1, true))
  end)

  it("[report-missed] bench report: marks benchmarks without results as not "
    .. "run", function()
    assert.equal(0, shell.execute("mkdir " .. results.FOLDER))
    local _, count = page():gsub("\nNot run%.", "")
    assert.equal(23, count)
  end)
end)
