-- SPDX-License-Identifier: MIT
-- Writes the documentation as a site: one page for each Markdown file, with navigation
-- and a search that needs no network. cmark-gfm, the parser of GitHub's Markdown,
-- converts the files, so the site shows what a code host shows.
-- A link to a page or heading that does not exist is an error.
--
-- usage: lua5.4 .ci/site/site.lua FOLDER

package.path = "lua/?.lua;" .. package.path
package.cpath = "build/lua5.4/?.so;" .. package.cpath

local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

local SITE = assert(arg[1], "usage: site.lua FOLDER")
local HERE = ".ci/site/"

-- The navigation. A document that is not named comes last.
local GROUPS = {
  { "Start", "README", "docs/tutorial", "docs/concepts", "docs/glossary", "docs/faq" },
  { "Guides", "docs/guides", "docs/programs", "docs/drivers", "docs/sandbox",
    "docs/migration" },
  { "Reference", "docs/client", "docs/reference", "docs/operations", "docs/errors",
    "docs/core" },
  { "Operation", "SECURITY", "docs/credentials", "docs/performance",
    "docs/capacity", "docs/comparison" },
  { "Project", "docs/architecture", "docs/conformance", "docs/stability",
    "CONTRIBUTING", "CHANGELOG" },
}

-- --- pages ------------------------------------------------------------------

local pages, page_of = {}, {} -- page_of: from a path to its page

local function add_page(path, group)
  local source = shell.read_file(path)
  if not source or page_of[path] then return end
  local name = path == "README.md" and "index" or path:match "([^/]+)%.md$":lower()
  local page = { path = path, file = name .. ".html", group = group,
    folder = path:match "^(.*/)" or "", ids = {}, source = source,
    title = path == "README.md" and "Overview" or source:match "# ([^\n]+)" }
  pages[#pages + 1], page_of[path] = page, page
end

local function add_pages()
  for _, group in ipairs(GROUPS) do
    for index = 2, #group do add_page(group[index] .. ".md", group[1]) end
  end
  for path in (shell.read "ls docs/*.md"):gmatch "[^\n]+" do
    add_page(path, "Project")
  end
end

-- --- HTML -------------------------------------------------------------------

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape(text) return (text:gsub('[&<>"]', ESCAPES)) end

local NAMES = { amp = "&", lt = "<", gt = ">", quot = '"' }

local function text_of(html)
  return (html:gsub("<[^>]*>", ""):gsub("&(%a+);", NAMES))
end

-- The id that code hosts give a heading.
local function slug_of(page, html)
  local slug = text_of(html):lower():gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-")
  local id, count = slug, 0
  while page.ids[id] do
    count = count + 1
    id = slug .. "-" .. count
  end
  page.ids[id] = true
  return id
end

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function if in local nil not or
  repeat return then true until while]]):gmatch "%a+" do KEYWORDS[word] = true end

-- Marks comments, strings and keywords of escaped Lua code.
local function highlight(code)
  local kept = {}
  local function keep(class)
    return function(text)
      kept[#kept + 1] = ('<span class="%s">%s</span>'):format(class, text)
      return "\1" .. #kept .. "\2"
    end
  end
  code = code:gsub("&quot;[^\n]-&quot;", keep "s"):gsub("%-%-[^\n]*", keep "c")
  code = code:gsub("%f[%w_]%a+%f[^%w_]", function(word)
    if KEYWORDS[word] then return keep "k"(word) end
  end)
  for _ = 1, 2 do -- a comment may contain a string
    code = code:gsub("\1(%d+)\2", function(index) return kept[tonumber(index)] end)
  end
  return code
end

-- Gives each cell the name of its column, for phones, on which the cells of a row stand
-- below each other.
local function label_cells(html)
  local names = {}
  for name in html:gmatch "<th[^>]*>(.-)</th>" do names[#names + 1] = text_of(name) end
  if #names < 3 then return '<div class="table">' .. html .. "</div>" end
  html = html:gsub("<tr>.-</tr>", function(row)
    local column = 0
    row = row:gsub("<code>[^<]*</code>", function(code) -- may break after "_"
      return (code:gsub("_", "_<wbr>"))
    end)
    return (row:gsub("<td", function()
      column = column + 1
      return ('<td data-label="%s"'):format(escape(names[column] or ""))
    end))
  end)
  return '<div class="table stacked">' .. html .. "</div>"
end

local function convert(page)
  local input = os.tmpname()
  assert(shell.write_file(input, page.source))
  local html = shell.read("cmark-gfm -e table -e strikethrough --unsafe < " .. input)
  os.remove(input)
  html = html:gsub("<!%-%-.-%-%->\n?", "")
    :gsub('<pre><code class="language%-mermaid">(.-)</code></pre>',
      "<details><summary>The graph as text</summary><pre><code>%1</code></pre>"
      .. "</details>")
    :gsub('(<code class="language%-lua">)(.-)(</code>)', function(open, code, close)
      return open .. highlight(code) .. close
    end)
    :gsub("<table>.-</table>", label_cells)
    :gsub("<h([1-4])>(.-)</h%1>", function(level, inner)
      local id = slug_of(page, inner)
      return ('<h%s id="%s">%s <a class="anchor" href="#%s" aria-label="Link to this '
        .. 'heading">#</a></h%s>'):format(level, id, inner, id, level)
    end)
    :gsub("<p>(<img [^>]*%.svg[^>]*>)</p>", '<figure tabindex="0">%1</figure>')
  page.html = html
end

-- --- links ------------------------------------------------------------------

local problems, links = {}, 0

-- Resolves a path of a document, such as "../examples" in "docs/".
local function resolve(folder, target)
  local path = folder .. target
  local count
  repeat path, count = path:gsub("[^/]+/%.%./", "", 1) until count == 0
  return path
end

local function check(page, target, anchor, link)
  links = links + 1
  if not target or anchor and not target.ids[anchor] then
    problems[#problems + 1] = page.path .. ": no such page or heading: " .. link
  end
end

-- Returns the address on the site; nil for a file that the site does not have.
local function address(page, link)
  if link:find "^%l+:" then return link end
  local path, anchor = link:match "^([^#]*)#?(.*)$"
  anchor = anchor ~= "" and anchor or nil
  local target = path == "" and page or page_of[resolve(page.folder, path)]
  if not target then
    links = links + 1
    if not shell.read_file(resolve(page.folder, path))
        and select(2, shell.read("ls -d " .. shell.quote(resolve(page.folder, path))
          .. " 2> /dev/null")) ~= 0 then
      problems[#problems + 1] = page.path .. ": no such file: " .. link
    end
    return nil
  end
  check(page, target, anchor, link)
  return (path == "" and "" or target.file) .. (anchor and "#" .. anchor or "")
end

local function copy_image(page, path)
  local from = resolve(page.folder, path)
  local name = from:gsub("^docs/", ""):gsub("/", "-")
  local bytes = shell.read_file(from)
  links = links + 1
  if bytes then
    assert(shell.write_file(SITE .. "/" .. name, bytes))
  else
    problems[#problems + 1] = page.path .. ": no such image: " .. path
  end
  return name
end

local function link_all(page)
  page.html = page.html:gsub('<a href="([^"#]*#?[^"]*)">(.-)</a>', function(link, text)
    local to = address(page, link)
    if to then return ('<a href="%s">%s</a>'):format(to, text) end
    return ('<span class="file" title="In the repository: %s">%s</span>'):format(
      escape(resolve(page.folder, link)), text)
  end):gsub('(<img src=")([^":]+)(")', function(before, path, after)
    return before .. copy_image(page, path) .. after
  end)
end

-- --- output -----------------------------------------------------------------

-- Returns the entries of the search: one for each section.
local function search_entries()
  local list = {}
  for _, page in ipairs(pages) do
    local html = page.html:gsub('<a class="anchor".-</a>', "")
    local starts = {}
    for at in html:gmatch '()<h[1-4] id=' do starts[#starts + 1] = at end
    for index, at in ipairs(starts) do
      local part = html:sub(at, (starts[index + 1] or 0) - 1)
      local id, heading, body = part:match '^<h%d id="([^"]*)">(.-)</h%d>(.*)$'
      list[#list + 1] = { url = page.file .. "#" .. id, page = page.title,
        title = text_of(heading):gsub("%s+$", ""),
        text = text_of(body):gsub("%s+", " "):sub(1, 4000) }
    end
  end
  return list
end

local function navigation(current)
  local out, group = {}, nil
  for _, page in ipairs(pages) do
    if page.group ~= group then
      out[#out + 1] = (group and "</ul>" or "") .. "<h2>" .. page.group .. "</h2><ul>"
      group = page.group
    end
    out[#out + 1] = ('<li><a href="%s"%s>%s</a></li>'):format(page.file,
      page == current and ' aria-current="page"' or "",
      escape((page.title:gsub("`", ""))))
  end
  return table.concat(out, "\n") .. "</ul>"
end

local function contents(page)
  local out = {}
  for level, id, inner in page.html:gmatch
      '<h([23]) id="([^"]*)">(.-) <a class="anchor"' do
    out[#out + 1] = ('<li class="level%s"><a href="#%s">%s</a></li>'):format(level, id,
      inner)
  end
  if #out < 3 then return "" end
  return "<details class=\"contents\"><summary>On this page</summary><ul>"
    .. table.concat(out) .. "</ul></details>"
end

local function write_pages()
  local template = assert(shell.read_file(HERE .. "page.html"))
  for _, page in ipairs(pages) do
    local parts = { TITLE = escape((page.title:gsub("`", ""))), BODY = page.html,
      NAVIGATION = navigation(page), CONTENTS = contents(page) }
    assert(shell.write_file(SITE .. "/" .. page.file,
      (template:gsub("@(%u+)@", parts))))
  end
  for _, name in ipairs { "style.css", "search.js" } do
    assert(shell.write_file(SITE .. "/" .. name, assert(shell.read_file(HERE .. name))))
  end
  assert(shell.write_file(SITE .. "/search_index.js",
    "window.searchIndex = " .. json.encode(search_entries()) .. ";\n"))
end

add_pages()
assert(shell.execute("mkdir -p -- " .. shell.quote(SITE)))
for _, page in ipairs(pages) do convert(page) end
for _, page in ipairs(pages) do link_all(page) end
write_pages()
for _, problem in ipairs(problems) do io.stderr:write("site: ", problem, "\n") end
print(("%s/index.html: %d pages, %d links checked"):format(SITE, #pages, links))
os.exit(#problems == 0)
