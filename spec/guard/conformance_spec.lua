--- spec/conformance: statements of Adobe's pages, and the specs that prove them.

local shell = require "adobepass.util.shell"

local statements = require "spec.conformance.requests"

describe("spec/conformance", function()
  it("[conformance-tags] conformance: each statement names specs that exist, or a "
    .. "reason", function()
    local known = {}
    for tag in assert(shell.read_file "spec/manifest.txt"):gmatch "%S+" do
      known[tag] = true
    end
    for _, entry in ipairs(statements) do
      assert.is_truthy(entry.page and entry.statement)
      assert.is_true(entry.status == "kept" or entry.reason ~= nil, entry.statement)
      assert.is_true(entry.status ~= "kept" or #entry.tags > 0, entry.statement)
      for _, tag in ipairs(entry.tags or {}) do
        assert.is_true(known[tag], tag)
      end
    end
    assert.is_true(#statements > 0)
  end)
end)
