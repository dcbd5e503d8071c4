-- The thread behind qr.lua: two characters a module, a line a row.

local path, text, answer = ...
package.path = path

local shell = require "adobepass.util.shell"

local drawn, status = shell.read(shell.line("qrencode", "--type=ASCII",
  "--margin=0", "--", text))
if status == 0 then answer:push(drawn) end
