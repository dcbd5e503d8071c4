--- What screens/list.lua shows: providers, channels, and messages with buttons.

local lists = {}

local function button(label, act) return { label = label, act = act } end

local function to_providers(app, label)
  return button(label, function() app:choose_provider() end)
end

local function to_channels(app)
  return button("Back", function() app:open_catalog() end)
end

-- The key Back activates the last button.
local function message(what, title, text, ...)
  local items = { ... }
  return { what = what, title = title, text = text, items = items,
    back = items[1] and items[#items].act }
end

function lists.busy(app, text, must_finish)
  return { what = "busy", title = text,
    back = not must_finish and function() app:go_back() end or nil }
end

function lists.picker(app, providers, pass)
  local items = { pass and { label = ("Watch %d minutes free"):format(pass.minutes),
    note = "No sign-in needed", act = function() app:try_free(pass) end } }
  for _, provider in ipairs(providers) do
    items[#items + 1] = { label = provider.display_name,
      note = provider.remembered and "Last time" or nil,
      act = function() app:sign_in(provider) end }
  end
  return { what = "providers", title = "Choose your TV provider", items = items }
end

function lists.catalog(app, decisions)
  local items = {}
  for index, channel in ipairs(app.channels) do
    local decision = decisions and decisions[index]
    local is_locked = decision and app.is_locked(decision)
    items[index] = { label = channel.title, is_locked = is_locked,
      note = is_locked and decision.reason or nil, act = function()
        if is_locked then return app:show("locked", channel, decision) end
        app:play(channel)
      end }
  end
  if decisions then
    items[#items + 1] = button("Sign out", function() app:sign_out() end)
    return { what = "channels", title = "Choose a channel", items = items }
  end
  items[#items + 1] = to_providers(app, "Sign in")
  return { what = "free", title = "Free preview", items = items }
end

-- --- messages ---------------------------------------------------------------

function lists.no_service()
  return message("no service", "No service configured",
    "Start the app in the folder of the checkout with: make player")
end

function lists.failed(app, err, again)
  return message("failed", "An error occurred", app.client:viewer_text(err),
    button("Try again", again), to_channels(app))
end

function lists.login_ended(app, err)
  return message("login ended", "Please sign in again", app.client:viewer_text(err),
    to_providers(app, "Sign in"))
end

function lists.no_providers(app)
  return message("no providers", "No TV provider supports this app", nil,
    to_providers(app, "Try again"))
end

local function not_signed_in(app, what, title, label, provider)
  return message(what, title, nil,
    button(label, function() app:sign_in(provider) end),
    to_providers(app, "Other provider"))
end

function lists.code_over(app, provider)
  return not_signed_in(app, "code over", "This code is no longer valid", "New code",
    provider)
end

function lists.denied(app, provider)
  return not_signed_in(app, "denied", provider.display_name .. " did not sign you in",
    "Try again", provider)
end

function lists.locked(app, channel, decision)
  return message("locked", channel.title .. " is locked", decision.reason,
    to_channels(app))
end

function lists.cannot_play(app, channel, text)
  return message("failed", channel.title .. " cannot be played", text,
    button("Try again", function() app:play(channel) end), to_channels(app))
end

function lists.pass_over(app)
  return message("pass over", "Your free minutes are over",
    "Sign in with your TV provider to continue watching.",
    to_providers(app, "Choose a provider"))
end

local function signed_out(app, text)
  return message("signed out", "You are signed out", text,
    to_providers(app, "Choose a provider"))
end

function lists.sign_out_failed(app, err)
  return signed_out(app, app.client:viewer_text(err))
end

function lists.signed_out(app, result)
  return signed_out(app, result[1] and result[1].outcome == "no_browser" and "You may "
    .. "still be signed in on the phone or computer that you used. Sign out there as "
    .. "well." or nil)
end

return lists
