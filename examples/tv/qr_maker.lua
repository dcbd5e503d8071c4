-- The thread of qr.lua: returns two characters per module, one line per row.

local path, text, response = ...
package.path = path

local shell = require "adobepass.util.shell"

local drawn, status = shell.read(shell.line("qrencode", "--type=ASCII",
  "--margin=0", "--", text))
if status == 0 then response:push(drawn) end
