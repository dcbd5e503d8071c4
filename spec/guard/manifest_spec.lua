--- .ci/manifest: checks that no spec is removed by mistake.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"
local child_process = require "spec.support.child_process"

-- Checks texts, not the module, so one Lua is enough.
if child_process.interpreter() ~= "lua5.4" then return end

describe(".ci/manifest", function()
  local path, script

  -- Returns the source of one spec. The tag is a separate argument, so that
  -- the check of this repository does not count the titles below.
  local function source_of(tag)
    return ('it("%s%s", function() end)\n'):format(
      tag and ("[%s] "):format(tag) or "", "opens")
  end

  local function write(name, text)
    folder.write(path .. "/spec/" .. name, text)
  end

  -- Runs the script in the temporary folder. Returns its output and status.
  local function run(arguments)
    return shell.read(("cd %s && lua5.4 %s %s 2>&1"):format(
      folder.quote(path), folder.quote(script), arguments or ""))
  end

  local function git(arguments)
    folder.run(("cd %s && git -c user.name=spec -c user.email=spec@test %s")
      :format(folder.quote(path), arguments))
  end

  local function assert_problem(text)
    local output, status = run "check"
    assert.equal(1, status)
    assert.truthy(output:find(text, 1, true), output)
    assert.matches("\n1 problem found$", output)
  end

  before_each(function()
    path = folder.make()
    script = folder.run "pwd" .. "/.ci/manifest"
    folder.run("mkdir " .. folder.quote(path .. "/spec"))
    write("a_spec.lua", source_of "a-one" .. source_of "a-two")
    assert.same({ "2 spec tags", 0 }, { run() })
  end)

  after_each(function() folder.remove(path) end)

  it("[manifest-clean] .ci/manifest: passes when all tags are "
    .. "listed", function()
    assert.same({ "2 spec tags", 0 }, { run "check" })
    assert.matches("^# [^\n]+\na%-one\na%-two\n$",
      folder.read(path .. "/spec/manifest.txt"))
  end)

  it("[manifest-moved-spec] .ci/manifest: accepts a moved spec", function()
    folder.run(("cd %s/spec && mkdir b && mv a_spec.lua b/c_spec.lua"):format(
      folder.quote(path)))
    assert.same({ "2 spec tags", 0 }, { run "check" })
  end)

  it("[manifest-untagged] .ci/manifest: reports a spec without a "
    .. "tag", function()
    write("b_spec.lua", "\n" .. source_of())
    assert_problem "spec/b_spec.lua:2: spec without a tag"
    assert.equal(1, select(2, run()))
  end)

  it("[manifest-computed-title] .ci/manifest: requires a tag before a computed "
    .. "title or a comment that names the tagged titles", function()
    local source = "for _, name in ipairs(list) do\n%s  it(name, fn)\nend\n"
    write("b_spec.lua", source:format "")
    assert_problem "spec/b_spec.lua:2: spec without a tag"
    write("b_spec.lua", source:format "  -- tags: list\n")
    assert.equal(0, select(2, run "check"))
  end)

  it("[manifest-pending-alias] .ci/manifest: finds specs defined by pending or "
    .. "by another name of it", function()
    write("b_spec.lua", 'pending("opens", function() end)\n')
    assert_problem "spec/b_spec.lua:1: spec without a tag"
    write("b_spec.lua", 'pending("no /proc here")\n')
    assert.equal(0, select(2, run "check"))
    write("b_spec.lua", 'local test = ready and it or pending\n'
      .. 'test("opens", function() end)\n')
    assert_problem "spec/b_spec.lua:2: spec without a tag"
  end)

  it("[manifest-not-spec] .ci/manifest: ignores comments, strings and other "
    .. "functions",
    function()
      write("b_spec.lua", "-- " .. source_of()
        .. "local text = [[" .. source_of() .. "]]\n"
        .. 'permit("opens", function() end)\nlist.it("opens", print)\n')
      assert.same({ "2 spec tags", 0 }, { run "check" })
    end)

  it("[manifest-duplicate] .ci/manifest: reports a tag that is used "
    .. "twice", function()
    write("b_spec.lua", source_of "a-one")
    assert_problem
      "tag 'a-one' is used 2 times: spec/a_spec.lua:1, spec/b_spec.lua:1"
    assert.equal(1, select(2, run()))
  end)

  it("[manifest-new-tag] .ci/manifest: reports a tag that is not listed "
    .. "yet", function()
    write("b_spec.lua", source_of "b-one")
    assert_problem "tag 'b-one' is missing from spec/manifest.txt"
    assert.equal(0, select(2, run()))
    assert.equal(0, select(2, run "check"))
  end)

  it("[manifest-vanished] .ci/manifest: reports a tag without a spec and keeps "
    .. "it in the manifest", function()
    write("a_spec.lua", source_of "a-one")
    assert_problem "tag 'a-two' belongs to no spec"
    assert.equal(1, select(2, run()))
    assert.matches("\na%-two\n", folder.read(path .. "/spec/manifest.txt"))
  end)

  it("[manifest-removed] .ci/manifest: accepts a tag that is listed as removed "
    .. "with a reason",
    function()
      write("a_spec.lua", source_of "a-one")
      write("removed_specs.txt", "# Why.\na-two\n")
      assert.equal(1, select(2, run()))
      write("removed_specs.txt", "# Why.\na-two  part of a-one\n")
      assert_problem "tag 'a-two' is removed, but still in"
      assert.equal(0, select(2, run()))
      assert.same({ "1 spec tags", 0 }, { run "check" })
    end)

  it("[manifest-removed-exists] .ci/manifest: reports a removed tag that a "
    .. "spec has",
    function()
      write("removed_specs.txt", "a-two  part of a-one\n")
      assert_problem "tag 'a-two' is listed in spec/removed_specs.txt, but "
    end)

  it("[manifest-history] .ci/manifest: reports a tag that one commit removed "
    .. "from specs and manifest", function()
    git "init -q && git add ."
    git "commit -q -m first"
    write("a_spec.lua", source_of "a-one")
    write("manifest.txt", "a-one\n")
    assert_problem "tag 'a-two' belongs to no spec"
    git "commit -q -a -m second"
    assert_problem "tag 'a-two' belongs to no spec"
    write("removed_specs.txt", "a-two  part of a-one\n")
    assert.equal(0, select(2, run "check"))
  end)

  it("[manifest-usage] .ci/manifest: reports an unknown argument as a usage "
    .. "error",
    function()
      assert.same({ "usage: lua5.4 .ci/manifest [check]", 2 },
        { run "chekc" })
    end)
end)
