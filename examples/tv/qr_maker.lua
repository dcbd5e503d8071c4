-- The thread of qr.lua: returns the output of `qrencode`.

local path, text, response = ...
package.path = path

local qr_code = require "examples.shared.qr_code"
local shell = require "adobepass.util.shell"

local words = qr_code.command(text)
for index, word in ipairs(words) do words[index] = shell.quote(word) end
local drawn, status = shell.read(table.concat(words, " "))
if status == 0 then response:push(drawn) end
