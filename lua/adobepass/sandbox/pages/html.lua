--- HTML templates of the web pages: pure functions from a table to text.
--
-- Templates escape by default: `{name}` is text, `{!name}` is HTML that this
-- module made. Attributes are in double quotes. A name without a value raises an
-- error. The pages contain no script and load nothing; the style sheet is inline,
-- with a nonce.
--
-- Every page takes `nonce` and `brand` (selects the color); a page with a form
-- takes `token` (against CSRF). Each function lists its other fields.
--
-- @module adobepass.sandbox.pages.html

local style = require "adobepass.sandbox.pages.style"
local xml = require "adobepass.util.xml"

local html = {}

local function fill(template, values)
  return (template:gsub("{(!?)([%w_]+)}", function(raw, name)
    local value = values[name]
    if value == nil then error("missing page field: " .. name, 3) end
    return raw == "!" and value or xml.escape(value)
  end))
end

local ICONS = {
  tv = "M4 5.5h16v11H4zM8.5 20h7M10.5 8.8l4 2.2-4 2.2z",
  tick = "M5 12.5l4.5 4.5L19 7.5",
  cross = "M6.5 6.5l11 11M17.5 6.5l-11 11",
  leave = "M13.5 5H5.5v14h8M10 12h9.5M16 8.5l3.5 3.5-3.5 3.5",
}

local function icon(name)
  return fill([[<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" ]]
    .. [[stroke-width="2" stroke-linecap="round" stroke-linejoin="round" ]]
    .. [[aria-hidden="true"><path d="{path}"/></svg>]], { path = ICONS[name] })
end

-- Returns the first letter of the name (all bytes of a UTF-8 character) as a logo:
-- the providers' logos are trademarks, and loading them would need the network.
local function mark(brand)
  if not brand then return icon "tv" end
  return xml.escape((brand:match("^[%z\1-\127\194-\244][\128-\191]*") or "?")
    :upper())
end

local STEPS = { "Type the code", "Choose your provider", "Sign in" }

local function steps(current)
  if not current then return "" end
  local items = {}
  for index, text in ipairs(STEPS) do
    local state = index == current and ' aria-current="step"'
      or index < current and ' class="done"' or ""
    items[index] = fill("<li{!state}>{text}</li>",
      { text = text, state = state })
  end
  return '<ol class="steps">' .. table.concat(items) .. "</ol>"
end

local LAYOUT = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<style nonce="{nonce}">
{!sheet}</style>
</head>
<body>
<main{!wide}>
<header>
<p class="brand"><span class="mark" aria-hidden="true">{!mark}</span>
<span>{who}</span></p>
<h1>{heading}</h1>
<p class="say">{!say}</p>
{!steps}
</header>
<section class="card">
{!card}
</section>
</main>
<footer>adobepass sandbox: no real account, no real provider.</footer>
</body>
</html>
]]

local function layout(page, parts)
  return fill(LAYOUT, {
    title = parts.heading .. " · " .. (page.brand or "Activate"),
    nonce = page.nonce, sheet = style.sheet(page.brand or ""),
    mark = mark(page.brand), who = page.brand or "TV activation",
    heading = parts.heading, say = parts.say or "",
    steps = steps(parts.step), card = parts.card,
    wide = parts.wide and ' class="wide"' or "",
  })
end

local function alert(text)
  if not text then return "" end
  return fill('<p class="bad" id="error" role="alert">{text}</p>',
    { text = text })
end

-- ARIA attributes of a field, for screen readers.
local function wrong(text, hint)
  local ids = (text and "error " or "") .. (hint or "")
  return (text and ' aria-invalid="true"' or "")
    .. (ids ~= "" and ' aria-describedby="' .. ids:gsub(" $", "") .. '"' or "")
end

local function device_line(page)
  return page.device and fill(" on <b>{device}</b>", page) or ""
end

local ACTIVATE = [[
<form method="post" action="/activate">
<input type="hidden" name="token" value="{token}">
{!alert}
<div class="field">
<label for="code">Code from your TV</label>
<input class="code" id="code" name="code" value="{code}" maxlength="24"
 placeholder="•••••••" autocomplete="off" autocapitalize="characters"
 autocorrect="off" spellcheck="false" enterkeyhint="go"
 required autofocus{!wrong}>
<p class="hint" id="hint">
7 letters or digits, in upper or lower case; no O, 0, I or 1.</p>
</div>
<button>Continue</button>
</form>]]

--- The form for the code.
-- page: code (as typed before, may be ""), error (a sentence or nil)
function html.activate(page)
  return layout(page, {
    heading = "Activate your TV", step = 1,
    say = "Type the code that your TV shows.",
    card = fill(ACTIVATE, { token = page.token, code = page.code,
      alert = alert(page.error), wrong = wrong(page.error, "hint") }),
  })
end

local PROVIDER = [[
<li><button name="mvpd" value="{id}"><span class="mark {!accent}" ]]
  .. [[aria-hidden="true">{!mark}</span>{name}</button></li>
]]

local PROVIDERS = [[
<form method="post" action="/activate/provider">
<input type="hidden" name="token" value="{token}">
<input type="hidden" name="code" value="{code}">
{!alert}
<ul class="providers" aria-label="TV providers">
{!list}</ul>
</form>]]

--- The provider picker.
-- page: code, providers (list of { id =, display_name = }), channel, device,
-- error
function html.providers(page)
  local list = {}
  for index, provider in ipairs(page.providers) do
    list[index] = fill(PROVIDER, { id = provider.id,
      name = provider.display_name, mark = mark(provider.display_name),
      accent = style.class(provider.display_name) })
  end
  return layout(page, {
    heading = "Choose your TV provider", step = 2, wide = true,
    say = fill("To watch <b>{channel}</b>{!device}.", {
      channel = page.channel, device = device_line(page) }),
    card = fill(PROVIDERS, { token = page.token, code = page.code,
      alert = alert(page.error), list = table.concat(list) }),
  })
end

local LOGIN = [[
<form method="post" action="{action}">
<input type="hidden" name="token" value="{token}">
{!alert}
<div class="field">
<label for="username">Username</label>
<input id="username" name="username" value="{username}"
 autocomplete="username" autocapitalize="none" autocorrect="off"
 spellcheck="false" required{!focus_name}{!wrong}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password"
 autocomplete="current-password" required{!focus_password}{!wrong}>
</div>
<button name="do" value="sign-in">Sign in</button>
<button name="do" value="cancel" class="quiet" formnovalidate>Cancel</button>
</form>
{!viewers}]]

local VIEWERS = [[
<details>
<summary>Who can sign in to this sandbox?</summary>
<table>
<thead><tr><th scope="col">Username</th><th scope="col">Password</th></tr>
</thead>
<tbody>
{!rows}</tbody>
</table>
</details>]]

local function viewers(list)
  if not list or #list == 0 then return "" end
  local rows = {}
  for index, viewer in ipairs(list) do
    rows[index] = fill("<tr><td><code>{username}</code></td>"
      .. "<td><code>{password}</code></td></tr>\n", viewer)
  end
  return fill(VIEWERS, { rows = table.concat(rows) })
end

local function for_what(page)
  return fill("To watch <b>{channel}</b>{!device}. Code <b>{code}</b>.",
    { channel = page.channel, device = device_line(page), code = page.code })
end

--- The provider's login form.
-- page: action, username (as typed before, may be ""), error, channel, device,
-- code, viewers (list of { username =, password = }, or nil)
function html.login(page)
  local again = page.error and page.username ~= ""
  return layout(page, {
    heading = "Sign in to " .. page.brand, say = for_what(page), step = 3,
    card = fill(LOGIN, { action = page.action, token = page.token,
      alert = alert(page.error), username = page.username,
      wrong = wrong(page.error),
      focus_name = again and "" or " autofocus",
      focus_password = again and " autofocus" or "",
      viewers = viewers(page.viewers) }),
  })
end

local HOME = [[
<form method="post" action="{action}">
<input type="hidden" name="token" value="{token}">
{!alert}
<p class="good">Your provider recognized your home network.</p>
<button name="do" value="home" autofocus>Continue as {username}</button>
<button name="do" value="cancel" class="quiet">Cancel</button>
</form>]]

--- The confirmation when the provider recognized the home network.
-- page: action, username, channel, device, code, error
function html.home(page)
  return layout(page, {
    heading = "Welcome home", say = for_what(page), step = 3,
    card = fill(HOME, { action = page.action, token = page.token,
      username = page.username, alert = alert(page.error) }),
  })
end

local MESSAGE = [[
<div class="centered"{!live}>
<div class="seal{!kind}">{!icon}</div>
<p class="strong">{strong}</p>
<p>{text}</p>
{!link}
</div>]]

local LINK = '<a class="button{!quiet}" href="{href}">{label}</a>'

-- parts: heading, say, icon, kind, strong, text, link = { href, label, quiet }
local function message(page, parts)
  local link = parts.link and fill(LINK, { href = parts.link[1],
    label = parts.link[2], quiet = parts.link[3] and " quiet" or "" }) or ""
  return layout(page, {
    heading = parts.heading, say = xml.escape(parts.say),
    card = fill(MESSAGE, { icon = icon(parts.icon), kind = parts.kind or "",
      strong = parts.strong, text = parts.text, link = link,
      live = parts.alert and ' role="alert"' or ' role="status"' }),
  })
end

local function back_link(page)
  if not page.redirect then return nil end
  return { page.redirect, "Continue to " .. page.redirect_name, true }
end

--- Login succeeded. page: note (an additional sentence, or nil)
function html.success(page)
  return message(page, {
    heading = "You are signed in", icon = "tick",
    say = "Your TV continues automatically.",
    strong = "Go back to your TV",
    text = page.note or "It continues in a few seconds. "
      .. "You can close this page.",
  })
end

--- The viewer cancelled. page: again (URL to start over), code
function html.cancelled(page)
  return message(page, {
    heading = "Nothing was changed", icon = "cross", kind = " off",
    say = "You cancelled the sign-in.",
    strong = "Your TV is still waiting",
    text = ("The code %s works until your TV shows another one.")
      :format(page.code),
    link = { page.again, "Start over" },
  })
end

--- The viewer signed out at the provider. page: redirect, redirect_name, or nil
function html.signed_out(page)
  return message(page, {
    heading = "You are signed out", icon = "leave", kind = " off",
    say = ("You are no longer signed in at %s on this device."):format(page.brand),
    strong = "Sign-out complete",
    text = "To watch again, sign in from your TV.",
    link = back_link(page),
  })
end

--- An error page. page: heading, error, advice, link ({ url, label })
function html.failure(page)
  return message(page, {
    heading = page.heading, icon = "cross", kind = " no", alert = true,
    say = "Nothing was changed.",
    strong = page.error, text = page.advice, link = page.link,
  })
end

return html
