--- The HTML pages for the viewer's phone.
-- @module page

local page = {}

local LAYOUT = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root{color-scheme:light dark;--ground:#f3f4f8;--card:#fff;--ink:#14171f;
  --soft:#535b6d;--line:#c9cfdb;--accent:#3b4fe0;--on:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ground:#0e1118;--card:#181d29;
  --ink:#f2f4f9;--soft:#a9b2c6;--line:#465066;--accent:#aab6ff;--on:#101426;
  --bad:#ffb4ab}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;
  padding:1.25rem;background:var(--ground);color:var(--ink);
  font:1.05rem/1.5 system-ui,"Segoe UI",Roboto,Arial,sans-serif}
main{width:100%;max-width:27rem;background:var(--card);border-radius:1.25rem;
  padding:2rem 1.5rem;box-shadow:0 1rem 3rem -1.5rem #0006}
h1{margin:0 0 .5rem;font-size:1.7rem;line-height:1.2}
p{margin:0 0 1.25rem;color:var(--soft)}
.bad{color:var(--bad);font-weight:600}
label{display:block;font-weight:600;margin-bottom:.4rem}
input{width:100%;font:inherit;font-size:1.6rem;letter-spacing:.2em;
  text-align:center;text-transform:uppercase;padding:.6rem;color:inherit;
  background:transparent;border:2px solid var(--line);border-radius:.75rem}
button{width:100%;margin-top:.75rem;padding:.85rem;font:inherit;
  font-weight:600;color:var(--on);background:var(--accent);border:0;
  border-radius:.75rem;cursor:pointer}
button.choice{color:inherit;background:transparent;text-align:left;
  border:2px solid var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
</style>
</head>
<body><main>
<h1>{title}</h1>
{body}
</main></body>
</html>
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  return (text:gsub("[&<>\"']", ENTITIES))
end

local function layout(title, body)
  return (LAYOUT:gsub("{(%l+)}", { title = escape(title), body = body }))
end

local function complaint(text)
  return text and '<p class="bad" id="problem">' .. escape(text) .. "</p>"
    or ""
end

--- The form for the code. `problem` says what was wrong with the last code.
function page.code(code, problem)
  return layout("Activate your TV", complaint(problem)
    .. '<p>Type the code that your TV shows.</p>'
    .. '<form method="post"><label for="code">Code</label>'
    .. '<input id="code" name="code" autocomplete="off" autofocus required'
    .. ' maxlength="20" value="' .. escape(code or "") .. '">'
    .. "<button>Continue</button></form>")
end

--- The list of providers, if the TV did not select one.
function page.providers(code, list)
  local parts = { '<p>Which company provides your TV service?</p><form method="post">'
    .. '<input type="hidden" name="code" value="' .. escape(code) .. '">' }
  for _, provider in ipairs(list) do
    parts[#parts + 1] = ('<button class="choice" name="mvpd" value="%s">%s'
      .. "</button>"):format(escape(provider.id),
        escape(provider.display_name))
  end
  return layout("Choose your provider",
    table.concat(parts, "\n") .. "</form>")
end

--- The page after a login.
function page.done()
  return layout("You are signed in",
    "<p>Your TV continues automatically.</p>")
end

--- An error page; `text` is for the viewer.
function page.problem(text)
  return layout("An error occurred", complaint(text)
    .. '<form method="get" action="/"><button>Try again</button></form>')
end

return page
