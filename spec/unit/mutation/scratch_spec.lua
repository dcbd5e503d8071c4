--- The copies of the tree in which the mutation tester builds and runs.

local child_process = require "spec.support.child_process"
local folder = require "spec.support.folder"
local scratch = require "spec.mutation.scratch"

-- The tester runs on Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

local BUILT = { "build/lua5.4/core.so", "build/pure/url.o" }

describe("mutation tester", function()
  local previous, clean, path

  before_each(function()
    previous, path = scratch.FOLDER, folder.make()
    scratch.FOLDER, clean = path, path .. "/clean"
    folder.run(("mkdir -p %s/build/lua5.4 %s/build/pure"):format(clean, clean))
    folder.write(clean .. "/url.c", "clean")
    for _, name in ipairs(BUILT) do folder.write(clean .. "/" .. name, "clean") end
  end)

  after_each(function()
    scratch.FOLDER = previous
    folder.remove(path)
  end)

  it("[mutation-restores-build] mutation tester: a mutation of a C file leaves nothing "
    .. "in the next build", function()
    local root = scratch.clone(clean, "worker")
    folder.write(root .. "/url.c", "mutated")
    for _, name in ipairs(BUILT) do folder.write(root .. "/" .. name, "mutated") end
    folder.write(root .. "/build/pure/new.o", "mutated")
    scratch.restore(root, clean, "url.c", true)
    assert.equal("", folder.run(("diff -r %s %s"):format(clean, root)))
  end)
end)
