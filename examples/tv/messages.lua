--- Texts of the message screen: an icon, a title, a text, details, and buttons with
-- actions.

local text = require "text"

local messages = {}

local function provider_name(app)
  local provider = app.provider
  return provider and (provider.display_name or provider.id)
    or text "your provider"
end

messages.provider_name = provider_name

local function button(label, act) return { label = label, act = act } end

local function to_channels(app)
  return button(text "Back", function() app:open_catalog() end)
end

local function to_providers(app, label)
  return button(label, function() app:choose_provider() end)
end

--- The app was started without the addresses of a service.
function messages.no_service()
  return { what = "no service", icon = "notice", title = text "No service configured",
    text = text("The address of the service is missing. Start the app beside a "
      .. "sandbox, in the folder of the checkout:"),
    more = "bin/adobepass sandbox --exec 'love examples/tv'",
    buttons = { button(text "Close", function() love.event.quit() end) } }
end

local NETWORK = { timeout = true, resolve_failed = true, connect_failed = true,
  connection_lost = true, proxy_failed = true, protocol_error = true }

--- A temporary error.
function messages.failed(app, err, again)
  local offline = NETWORK[err.code]
  return { what = "failed", icon = offline and "offline" or "notice",
    color = "warm", title = text(offline and "No connection" or "An error occurred"),
    text = app.client:viewer_text(err),
    more = offline
      and text "Check the cable or the Wi-Fi. The service may be unavailable."
      or text("For support: %s", err.code),
    buttons = { button(text "Try again", again), to_channels(app) } }
end

--- The service has no provider for this app and device.
function messages.no_providers(app)
  return { what = "no providers", icon = "notice", color = "warm",
    title = text "No TV provider available",
    text = text "No TV provider supports this app on this TV.",
    buttons = { to_providers(app, text "Try again") } }
end

-- The reason of a denial may be the provider's text or a sentence of adobepass.
local function reason_of(app, err)
  local reason = app.client:viewer_text(err)
  if not err:provider_text() then return reason end
  return text("%s says: %s", provider_name(app), reason)
end

--- A denial that requires a new login.
function messages.login_ended(app, err)
  return { what = "login ended", icon = "notice", color = "warm",
    title = text "Please sign in again", text = reason_of(app, err),
    buttons = { to_providers(app, text "Sign in") } }
end

--- A locked channel.
function messages.locked(app, channel, decision)
  return { what = "locked", icon = "lock", color = "warm",
    title = text("%s is locked", channel.resource),
    text = reason_of(app, decision.error),
    buttons = { to_channels(app) } }
end

--- A code that expired or was superseded.
function messages.code_over(app, provider)
  return { what = "code over", icon = "clock", color = "warm",
    title = text "This code is no longer valid",
    text = text "A code is valid for half an hour.",
    buttons = {
      button(text "New code", function() app:sign_in(provider) end),
      to_providers(app, text "Other provider") } }
end

--- The provider denied the login.
function messages.denied(app, provider)
  return { what = "denied", icon = "notice", color = "warm",
    title = text("%s did not log you in", provider.display_name),
    text = text "Please try again, or choose another provider.",
    buttons = {
      button(text "Try again", function() app:sign_in(provider) end),
      to_providers(app, text "Other provider") } }
end

--- What a temporary pass offers, before it starts.
function messages.offer(app, offer)
  return { what = "offer", icon = "clock", color = "good",
    title = text("Watch %d minutes free", offer.minutes),
    text = text("All channels, without signing in.\nThe time starts when you play "
      .. "the first channel."),
    more = text "After that, sign in with your TV provider to continue.",
    buttons = {
      button(text "Start watching", function() app:try_free(offer) end),
      to_providers(app, text "Not now") } }
end

function messages.pass_over(app)
  return { what = "pass over", icon = "clock", color = "warm",
    title = text "Your free minutes are over",
    text = text "Sign in with your TV provider to continue watching.",
    buttons = { to_providers(app, text "Choose a provider") } }
end

function messages.ask_to_sign_out(app)
  return { what = "sign out?", icon = "leave",
    title = text("Sign out of %s?", provider_name(app)),
    text = text("Your sign-in is removed from this TV. Your subscription does not "
      .. "change."),
    buttons = {
      button(text "Sign out", function() app:sign_out() end),
      button(text "Stay signed in", function() app:open_catalog() end) },
    selected = 2 }
end

-- A provider's result of client:logout, for the viewer.
local OUTCOMES = {
  complete = text "Nothing else to do.",
  no_browser = text("You may still be signed in on the phone or computer that you "
    .. "used. Sign out there as well."),
  viewer_to_be_told = text "Sign out in this TV's system settings as well.",
  invalid = text "You were already signed out.",
}

local function outcome_of(report)
  local entry = report[1]
  return OUTCOMES[entry and entry.outcome or "complete"]
    or OUTCOMES.no_browser
end

function messages.signed_out(app, report)
  return { what = "signed out", icon = "done", color = "good",
    title = text "You are signed out",
    text = text("Your sign-in with %s was removed from this TV.",
      provider_name(app)),
    more = outcome_of(report),
    buttons = { to_providers(app, text "Choose a provider") } }
end

--- The local profile is deleted, but the service was not reached.
function messages.sign_out_failed(app, err)
  return { what = "signed out", icon = "done", color = "warm",
    title = text "You are signed out on this TV",
    text = text("Your sign-in was removed from this TV, but the sign-out at %s "
      .. "failed.", provider_name(app)),
    more = app.client:viewer_text(err),
    buttons = { to_providers(app, text "Choose a provider") } }
end

return messages
