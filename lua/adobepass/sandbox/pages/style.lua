--- The style sheet of the web pages, for phones and large screens; light or dark as
-- the system is set.
--
-- Each text has a contrast of at least 4.5 with its background, each edge of a
-- field at least 3 (WCAG 2.2, 1.4.3 and 1.4.11); pages_spec measures this. The sheet
-- has no gradient, filter or transparent text, because they change a contrast.
--
-- @module adobepass.sandbox.pages.style

local tables = require "adobepass.util.tables"

local style = {}

--- The colors, as CSS custom properties. `accent` depends on the brand.
style.light = {
  ground = "#eef1f7", card = "#ffffff", ink = "#101828", soft = "#475467",
  edge = "#7a8699", line = "#e1e6ef", bad = "#b42318", bad_ground = "#fef0ee",
  good = "#067647", good_ground = "#e7f6ee", on_accent = "#ffffff",
}
style.dark = {
  ground = "#0b1020", card = "#151c30", ink = "#f1f4fb", soft = "#aab5cb",
  edge = "#73819e", line = "#2a3450", bad = "#ffb4a9", bad_ground = "#3a1a1d",
  good = "#7ee2b0", good_ground = "#10322a", on_accent = "#0b1020",
}

--- Accent colors, chosen by the brand's name: { on light, on dark }.
style.accents = {
  { "#1d4ed8", "#9dbdff" }, { "#0f766e", "#6fdccf" }, { "#9d174d", "#ff9ec6" },
  { "#6d28d9", "#c9b0ff" }, { "#b45309", "#ffc078" }, { "#0e7490", "#7cd8ef" },
  { "#15803d", "#86e3a5" }, { "#be123c", "#ffa3b1" },
}

local function number(name)
  local sum = 0
  for index = 1, #name do
    sum = (sum * 31 + name:byte(index)) % 65521
  end
  return sum % #style.accents + 1
end

--- Returns the accent of a name; the same name always gets the same accent.
function style.accent(name) return style.accents[number(name)] end

--- Returns the class that gives an element the accent of a name.
function style.class(name) return "a" .. number(name) end

local SHEET = [[
*,*::before,*::after{box-sizing:border-box}
html{font-size:clamp(100%,87.25% + .523vw,250%);
  -webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;
  flex-direction:column;color:var(--ink);
  background:color-mix(in srgb,var(--accent) 4%,var(--ground));
  font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
  "Helvetica Neue",Arial,sans-serif}
main{flex:1;width:100%;max-width:64rem;margin:0 auto;
  padding:1.5rem 1.25rem;display:grid;gap:1.25rem;align-content:center}
.brand{display:flex;align-items:center;gap:.65rem;margin:0 0 1.25rem;
  font-weight:600}
.mark{flex:none;display:grid;place-items:center;width:2.5rem;height:2.5rem;
  border-radius:.75rem;background:var(--accent);color:var(--on-accent);
  font-weight:700;font-size:1.05rem}
.mark svg{width:1.5rem;height:1.5rem}
h1{margin:0;font-size:1.9rem;line-height:1.15;letter-spacing:-.02em;
  text-wrap:balance;overflow-wrap:anywhere}
.say{margin:.6rem 0 0;color:var(--soft);max-width:34rem;text-wrap:pretty;
  overflow-wrap:anywhere}
.say b{color:var(--ink);font-weight:600}
.steps{display:none}
.card{background:var(--card);border:1px solid var(--line);
  border-radius:1.25rem;padding:1.5rem;
  box-shadow:0 1px 2px #1018280f,0 1rem 2.5rem -1rem #10182833;
  overflow-wrap:anywhere}
form{display:grid;gap:1rem;margin:0}
.field{display:grid;gap:.4rem}
label,legend{font-weight:600}
input{font:inherit;color:inherit;background:var(--card);width:100%;
  min-height:3.1rem;padding:.6rem .9rem;border:2px solid var(--edge);
  border-radius:.8rem}
input:focus-visible{outline-offset:1px;border-color:var(--accent)}
input[aria-invalid=true]{border-color:var(--bad)}
input.code{font-family:ui-monospace,"SF Mono","Cascadia Mono","Roboto Mono",
  "DejaVu Sans Mono",monospace;font-size:1.7rem;font-weight:600;
  letter-spacing:.18em;text-align:center;text-transform:uppercase;
  min-height:4rem}
input.code::placeholder{color:var(--soft);opacity:1}
.hint{margin:0;color:var(--soft);font-size:.9rem;text-wrap:balance}
button,.button{font:inherit;font-weight:650;min-height:3.1rem;width:100%;
  padding:.6rem 1.1rem;border:2px solid transparent;border-radius:.8rem;
  cursor:pointer;display:flex;align-items:center;justify-content:center;
  text-align:center;text-decoration:none;color:var(--on-accent);
  background:var(--accent)}
.quiet{color:var(--accent);background:transparent;border-color:var(--line)}
button:hover,.button:hover{text-decoration:underline}
.quiet:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.bad,.good{margin:0 0 1rem;padding:.8rem 1rem;border-radius:.8rem}
.bad{color:var(--bad);background:var(--bad-ground)}
.good{color:var(--good);background:var(--good-ground)}
form .bad{margin:0}
.wide .brand{margin-bottom:.75rem}
.wide h1{font-size:1.6rem}
.wide .card{padding:1rem}
.providers{display:grid;gap:.5rem;margin:0;padding:0;list-style:none}
.providers .mark{width:2.1rem;height:2.1rem;font-size:.95rem}
.providers button{justify-content:flex-start;gap:.8rem;text-align:start;
  color:var(--ink);background:transparent;border-color:var(--line);
  font-weight:600;line-height:1.2;padding:.3rem .8rem;min-height:3rem}
.providers button:hover{border-color:var(--accent)}
.centered>:last-child{margin-bottom:0}
.seal{width:4rem;height:4rem;border-radius:50%;display:grid;
  place-items:center;margin:0 auto 1rem;color:var(--good);
  background:var(--good-ground)}
.seal svg{width:2.2rem;height:2.2rem}
.seal.off{color:var(--soft);background:var(--line)}
.seal.no{color:var(--bad);background:var(--bad-ground)}
.centered{text-align:center;text-wrap:balance}
.centered p{margin:0 0 1rem}
.centered .strong{font-size:1.2rem;font-weight:650;margin-bottom:.5rem}
details{margin-top:1.25rem;padding-top:.25rem;border-top:1px solid var(--line);
  font-size:.9rem}
summary{cursor:pointer;color:var(--soft);font-weight:600;
  padding:.75rem 0;border-radius:.4rem}
table{border-collapse:collapse;width:100%;margin-top:.6rem}
th,td{text-align:start;padding:.35rem .75rem .35rem 0;vertical-align:top;
  border-top:1px solid var(--line)}
th{color:var(--soft);font-weight:600;border-top:0}
code{font-family:ui-monospace,"SF Mono","Cascadia Mono","Roboto Mono",
  "DejaVu Sans Mono",monospace;font-size:.95em}
footer{padding:0 1.25rem 1.25rem;color:var(--soft);font-size:.85rem;
  text-align:center;text-wrap:balance}
@media (min-width:52rem){
  main{grid-template-columns:minmax(0,1.1fr) minmax(0,1fr);gap:4rem;
    align-items:start}
  .brand{margin-bottom:2rem}
  h1{font-size:2.9rem}
  .say{font-size:1.15rem;margin-top:.9rem}
  .card{padding:2rem}
  .wide{grid-template-columns:minmax(0,.8fr) minmax(0,1.2fr);gap:3rem}
  .wide .card{padding:1.5rem}
  .wide .brand{margin-bottom:2rem}
  .wide h1{font-size:2.5rem}
  .providers{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}
  .providers button{min-height:3.4rem;height:100%}
  .steps{display:grid;gap:.9rem;margin:2rem 0 0;padding:0;list-style:none;
    counter-reset:step;color:var(--soft)}
  .steps li{display:flex;align-items:center;gap:.8rem;
    counter-increment:step}
  .steps li::before{content:counter(step);flex:none;display:grid;
    place-items:center;width:2rem;height:2rem;border-radius:50%;
    border:2px solid var(--edge);font-weight:650;font-size:.9rem}
  .steps .done::before{content:"\2713"}
  .steps [aria-current]{color:var(--ink);font-weight:650}
  .steps [aria-current]::before{background:var(--accent);
    border-color:var(--accent);color:var(--on-accent)}
}
]]

local function properties(colors, accent)
  local lines = { "--accent:" .. accent }
  for _, name in ipairs(tables.sorted_keys(colors)) do
    lines[#lines + 1] = ("--%s:%s"):format((name:gsub("_", "-")),
      colors[name])
  end
  return table.concat(lines, ";")
end

local function classes(column)
  local lines = {}
  for index, accent in ipairs(style.accents) do
    lines[index] = (".a%d{--accent:%s}"):format(index, accent[column])
  end
  return table.concat(lines)
end

--- Returns the complete style sheet for a brand.
function style.sheet(brand)
  local accent = style.accent(brand)
  return (":root{color-scheme:light dark;%s}%s\n"
    .. "@media (prefers-color-scheme:dark){:root{%s}%s}\n%s"):format(
      properties(style.light, accent[1]), classes(1),
      properties(style.dark, accent[2]), classes(2), SHEET)
end

return style
