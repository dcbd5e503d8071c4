--- Locales for specs that change the decimal point. Only the numeric category is
-- compiled, with a part of UTF-8: a whole locale takes two seconds, and reading the
-- system's table of UTF-8 half of one.

local folder = require "spec.support.folder"
local shell = require "adobepass.util.shell"

local locale = {}

local SOURCE = 'LC_NUMERIC\ncopy "%s"\nEND LC_NUMERIC\n'

-- ASCII, and the decimal and thousands separators of Arabic script.
local CHARMAP = [[
<code_set_name> UTF-8
<escape_char> /
<mb_cur_min> 1
<mb_cur_max> 6
CHARMAP
<U0000>..<U007F> /x00 ASCII
<U066B> /xd9/xab DECIMAL
<U066C> /xd9/xac THOUSANDS
END CHARMAP
]]

--- Writes a locale such as "de_DE" to `path`/de_DE.utf8. Returns whether the system has
-- its source. localedef returns 1 for the missing categories, and 4 for an error.
function locale.make(name, path)
  folder.write(path .. "/source", SOURCE:format(name))
  folder.write(path .. "/charmap", CHARMAP)
  local _, status = shell.read(shell.line("localedef", "-c", "-i", path .. "/source",
    "-f", path .. "/charmap", ("%s/%s.utf8"):format(path, name)))
  return status < 4
end

return locale
