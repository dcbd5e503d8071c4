-- SPDX-License-Identifier: MIT
-- Finds public functions without an example: a code block of the documentation that
-- calls the function, in the section of the function or in one that this section links
-- to ("example: [text](page.md#heading)"). .ci/doc_blocks.lua runs the blocks.

local shell = require "adobepass.util.shell"

local examples = { count = 0 }

-- The anchor that code hosts give a heading.
local function slug_of(heading)
  return (heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-"))
end

local documents = {} -- path -> { text, code, sections = { [slug] = { text, code } } }

local function read(path)
  local whole = { text = {}, code = {}, sections = {} }
  local parts, in_code = { whole }, false
  for line in (assert(shell.read_file(path)) .. "\n"):gmatch "([^\n]*)\n" do
    local heading = not in_code and line:match "^##+ (.*)$"
    if line:find "^```" then
      in_code = not in_code and (line == "```lua" and "code" or "text")
    elseif heading then
      parts[2] = { text = {}, code = {} }
      whole.sections[slug_of(heading)] = parts[2]
    end
    for _, part in ipairs(parts) do table.insert(part[in_code or "text"], line) end
  end
  return whole
end

local function document(path)
  documents[path] = documents[path] or read(path)
  return documents[path]
end

-- Returns whether lines of code contain a call such as client:login { or hex(.
local function has_call(lines, call)
  local pattern = "%f[%a]" .. call:gsub("%p", "%%%0") .. "%s*[%({\"'%[]"
  return table.concat(lines, "\n"):find(pattern) ~= nil
end

local function linked(path, section)
  local page, anchor = table.concat(section.text, " "):match
    "example:%s%[[^]]*%]%(([^)#]*)#([^)]*)%)"
  if not page then return nil end
  return document(page == "" and path or path:match "^(.*/)" .. page).sections[anchor]
end

--- Returns whether a function has an example.
-- @string path of the document
-- @string[opt] heading of the section; default: the whole document
-- @string call such as `client:login`
function examples.exists(path, heading, call)
  examples.count = examples.count + 1
  local page = document(path)
  local section = heading and page.sections[slug_of(heading)] or page
  if has_call(section.code, call) then return true end
  local other = linked(path, section)
  return other ~= nil and has_call(other.code, call)
end

return examples
