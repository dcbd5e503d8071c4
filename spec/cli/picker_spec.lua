-- The provider picker of adobepass login, without a terminal.

local picker = require "adobepass.cli.picker"
local terminal = require "adobepass.cli.terminal"

local LIST = { { id = "Comcast_SSO", display_name = "Comcast SSO" },
  { id = "Dish", display_name = "Dish" } }

describe("cli picker", function()
  local saved = {}

  before_each(function()
    for _, name in ipairs { "with_keys", "read_keys", "redraw" } do
      saved[name] = terminal[name]
    end
    terminal.with_keys = function(f, ...) return f(...) end
    terminal.redraw = function() end
  end)

  after_each(function()
    for name, f in pairs(saved) do terminal[name] = f end
  end)

  -- Returns the id that the user chooses with keys that arrive in these reads.
  local function choose(...)
    local reads = { ... }
    terminal.read_keys = function() return table.remove(reads, 1) end
    local item = picker.choose(LIST)
    return item and item.id
  end

  it("[command-picker-pasted] picker: reads each key of a pasted text, also an O or [ "
    .. "before Enter", function()
    assert.equal("Dish", choose "dish\r")
    assert.equal("Comcast_SSO", choose "SSO\r")
    assert.equal("Dish", choose("dish[\127", "\r"))
    assert.equal("Comcast_SSO", choose("é\127sso\n"))
  end)

  it("[command-picker-other-keys] picker: ignores keys without a meaning, and Esc "
    .. "cancels", function()
    assert.equal("Dish", choose "\27[3~\27[1;5Cdish\r")
    assert.equal("Dish", choose "\27xdish\r")
    assert.equal("Comcast_SSO", choose("\27[B\27OB", "\27[A\r"))
    assert.is_nil(choose("dish", "\27", "\r"))
  end)
end)

describe("cli terminal.redraw", function()
  local saved = {}

  before_each(function()
    for _, name in ipairs { "write", "size", "is_terminal" } do
      saved[name] = terminal[name]
    end
    terminal.size = function() return 24, 20 end
    terminal.is_terminal = function() return true end
  end)

  after_each(function()
    for name, f in pairs(saved) do terminal[name] = f end
  end)

  it("[terminal-redraw-truncates] picker: truncates each line to less than the "
    .. "terminal's width, without its styles", function()
    local written = {}
    terminal.write = function(...)
      for _, text in ipairs { ... } do written[#written + 1] = text end
    end
    terminal.redraw { "Télévision numérique par câble", "short",
      terminal.paint("BOLD", "  > A provider's long name")
        .. terminal.paint("DIM", "  (last used)") }
    assert.equal("\27[KTélévision numériqu\n\27[Kshort\n"
      .. "\27[K\27[1m  > A provider's lo\27[0m\27[2m\27[0m\n", table.concat(written))
  end)
end)
