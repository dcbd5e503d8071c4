-- The screen of adobepass login, without a terminal.

local code_screen = require "adobepass.cli.code_screen"
local terminal = require "adobepass.cli.terminal"

describe("cli code screen", function()
  local saved = {}

  before_each(function()
    for _, name in ipairs { "print", "is_utf8", "is_terminal", "size" } do
      saved[name] = terminal[name]
    end
    terminal.is_utf8 = function() return false end
    terminal.is_terminal = function() return false end
    terminal.size = function() return 24, 80 end
  end)

  after_each(function()
    for name, f in pairs(saved) do terminal[name] = f end
  end)

  local function shown(flow, with_qr)
    local lines = {}
    terminal.print = function(text)
      lines[#lines + 1] = (text or ""):gsub(("%x"):rep(32) .. "%u+%.", "")
    end
    code_screen.show(flow, with_qr)
    return lines
  end

  it("[code-screen-without-qr] login: without a QR code, shows each line of the text",
    function()
    local flow = { code = "ABC1234", url = "https://a.example/1", mvpd = "Dish" }
    for _, with_qr in ipairs { false, true } do
      assert.same({ "", "   On a phone or a computer, open the",
        "   address below.", "", "   ABC1234", "", "   Code      ABC1234",
        "   Provider  Dish", "",
        "   Ctrl-C cancels.", "", " https://a.example/1" }, shown(flow, with_qr))
    end
  end)
end)
