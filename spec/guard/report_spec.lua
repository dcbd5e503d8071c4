--- Saved measurements, their plots, and the report page.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local plot = require "bench.plot"
local results = require "bench.results"
local shell = require "adobepass.util.shell"

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

  it("[report-comes-back] bench results: are read as they were "
    .. "written", function()
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
    .. "target", function()
    for _, case in ipairs { { "5", "<= 5", true }, { "5", "< 5", false },
      { "0.91 (0.8 .. 1)", ">= 0.9", true }, { "-3.1", "<= 2", true },
      { "+3.1", "<= 2", false }, { "1722", "= 1722", true },
      { "1721", "= 1722", false }, { "none", "<= 5", false },
      { "5", "", nil } } do
      assert.equal(case[3], results.met { value = case[1],
        target = case[2] }, case[1] .. " " .. case[2])
    end
  end)

  it("[report-can-come-shell] bench results: can be written by a shell "
    .. "script", function()
    if not folder.read "build/lua5.4/adobepass/core.so" then
      return pending "lua5.4 is not built"
    end
    local output = folder.run("printf 'a\\t3\\tms\\t< 5\\nnote\\tso\\n' | "
      .. "sed 's/so/so it is/' | bench/result spec_try 'a command'")
    results.FOLDER = usual
    local found = results.read "spec_try"
    os.remove(usual .. "/spec_try.txt")
    assert.matches("spec_try%.txt", output)
    assert.same({ { name = "a", value = "3", unit = "ms", target = "< 5" } },
      found.figures)
    assert.same({ "so it is" }, found.notes)
  end)

  local function page()
    local file = path .. "/PAGE.md"
    local output, status = shell.read(shell.line(child_process.interpreter(),
      "bench/report.lua", file, results.FOLDER))
    assert.equal(0, status, output)
    return folder.read(file)
  end

  it("[report-laid-column-lua] bench report: has a column for each Lua and a "
    .. "summary", function()
    keep("more", function(found)
      found:figure("an <odd> name, lua5.4", "0.5", "of plain C", ">= 0.9")
      found:figure("an <odd> name, luajit", "123456", "of plain C", ">= 0.9")
      found:figure("stated, lua5.4", 7, "ms")
    end)
    local text = page()
    assert.matches("1 figures meet their target, 1 miss it", text)
    assert.truthy(text:find("| an &lt;odd&gt; name | 0.5 | 123,456 | of plain "
      .. "C | ≥ 0.9 | **no** lua5.4 |", 1, true), text)
    assert.truthy(text:find("| stated | 7 |  | ms |  | stated |", 1, true))
    assert.truthy(text:find("`make more`, ", 1, true))
  end)

  it("[report-missed] bench report: says which results are missing", function()
    assert.equal(0, shell.execute("mkdir " .. results.FOLDER))
    local _, count = page():gsub("\nNot run%.", "")
    assert.equal(13, count)
  end)
end)

describe("bench plots", function()
  local function draw(points)
    return plot.draw { title = "A & B", subtitle = "<>", x = "minutes",
      panels = {
        { title = "Memory", unit = "MiB", lines = { { name = "a<b",
          points = points } } },
        { title = "Latency", unit = "ms", log = true, lines = { { name = "c",
          points = points } } } } }
  end

  it("[report-steps-people-count] bench plots: have round steps", function()
    for most, step in pairs { [1] = 0.5, [4] = 1, [40] = 10, [70] = 20,
      [1000] = 500 } do
      assert.is_true(math.abs(plot.step(most, 4) - step) < 1e-9, most)
    end
    assert.equal("12,345", plot.number(12345))
    assert.equal("0.5", plot.number(0.5))
  end)

  it("[report-xml-grounds-drawn] bench plots: are valid XML for light and dark "
    .. "backgrounds", function()
    for _, points in ipairs { {}, { { 0, 0 } }, { { 0, 1 }, { 1, 1e6 } },
      { { 0, 0 }, { 30, 0.001 } } } do
      local text = draw(points)
      assert.truthy(text:find("prefers-color-scheme:dark", 1, true))
      assert.truthy(text:find("A &amp; B", 1, true))
      assert.is_nil(text:find("nan", 1, true))
      assert.is_nil(text:find("inf", 1, true))
      local open, depth = {}, 0
      for close, name, ends in text:gmatch "<(/?)(%a+)[^>]-(/?)>" do
        if close == "/" then
          assert.equal(table.remove(open), name)
        elseif ends == "" then
          open[#open + 1] = name
          depth = math.max(depth, #open)
        end
      end
      assert.same({}, open)
      assert.is_true(depth >= 2)
    end
  end)
end)
