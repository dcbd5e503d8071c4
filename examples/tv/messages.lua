--- Texts of the message screen: an icon, a title, a text, details, and buttons with
-- actions.

local messages = {}

local function provider_name(app)
  local provider = app.provider
  return provider and (provider.display_name or provider.id)
    or "your provider"
end

messages.provider_name = provider_name

local function button(label, act) return { label = label, act = act } end

local function to_channels(app)
  return button("Back", function() app:channels() end)
end

local function to_providers(app, label)
  return button(label, function() app:choose_provider() end)
end

--- The app was started without the addresses of a service.
function messages.no_service()
  return { what = "no service", icon = "notice", title = "No service configured",
    text = "The address of the service is missing. Start the app beside a "
      .. "sandbox, in the folder of the checkout:",
    more = "bin/adobepass sandbox --exec 'love examples/tv'",
    buttons = { button("Close", function() love.event.quit() end) } }
end

local NETWORK = { timeout = true, resolve_failed = true, connect_failed = true,
  connection_lost = true, proxy_failed = true, protocol_error = true }

--- A temporary error.
function messages.failed(app, err, again)
  local offline = NETWORK[err.code]
  return { what = "failed", icon = offline and "offline" or "notice",
    color = "warm", title = offline and "No connection" or "An error occurred",
    text = app.client:viewer_text(err),
    more = offline and "Check the cable or the Wi-Fi. The service may be unavailable."
      or "For support: " .. err.code,
    buttons = { button("Try again", again), to_channels(app) } }
end

--- The service has no provider for this app and device.
function messages.no_providers(app)
  return { what = "no providers", icon = "notice", color = "warm",
    title = "No TV provider available",
    text = "No TV provider supports this app on this TV.",
    buttons = { to_providers(app, "Try again") } }
end

--- A locked channel.
function messages.locked(app, channel, decision)
  local own_words = decision.error.details
  return { what = "locked", icon = "lock", color = "warm",
    title = channel.id .. " is locked", text = decision.reason,
    more = own_words
      and ("%s says: %s"):format(provider_name(app), own_words) or nil,
    buttons = { to_channels(app) } }
end

--- A code that expired or was superseded.
function messages.code_over(app, provider)
  return { what = "code over", icon = "clock", color = "warm",
    title = "The code has expired",
    text = "A code is valid for half an hour.",
    buttons = {
      button("New code", function() app:sign_in(provider) end),
      to_providers(app, "Other provider") } }
end

--- The provider denied the login.
function messages.denied(app, provider)
  return { what = "denied", icon = "notice", color = "warm",
    title = provider.display_name .. " did not log you in",
    text = "Please try again, or choose another provider.",
    buttons = {
      button("Try again", function() app:sign_in(provider) end),
      to_providers(app, "Other provider") } }
end

--- What a temporary pass offers, before it starts.
function messages.offer(app, offer)
  return { what = "offer", icon = "clock", color = "good",
    title = ("Watch %d minutes free"):format(offer.minutes),
    text = "All channels, without signing in.\nThe time starts when you play the "
      .. "first channel.",
    more = "After that, sign in with your TV provider to continue.",
    buttons = {
      button("Start watching", function() app:try_free(offer) end),
      to_providers(app, "Not now") } }
end

function messages.pass_over(app)
  return { what = "pass over", icon = "clock", color = "warm",
    title = "Your free minutes are over",
    text = "Sign in with your TV provider to continue watching.",
    buttons = { to_providers(app, "Choose a provider") } }
end

function messages.ask_to_sign_out(app)
  return { what = "sign out?", icon = "leave",
    title = "Sign out of " .. provider_name(app) .. "?",
    text = "Your sign-in is removed from this TV. Your subscription does not change.",
    buttons = {
      button("Sign out", function() app:sign_out() end),
      button("Stay", function() app:channels() end) } }
end

-- A provider's result of client:logout, for the viewer.
local OUTCOMES = {
  complete = "Nothing else to do.",
  no_browser = "You may still be signed in on the phone or computer that you used. "
    .. "Sign out there as well.",
  viewer_to_be_told = "Sign out in this TV's system settings as well.",
  invalid = "You were already signed out.",
}

local function outcome_of(report)
  local entry = report[1]
  return OUTCOMES[entry and entry.outcome or "complete"]
    or OUTCOMES.no_browser
end

function messages.signed_out(app, report)
  return { what = "signed out", icon = "done", color = "good",
    title = "You are signed out",
    text = ("Your sign-in with %s was removed from this TV."):format(
      provider_name(app)),
    more = outcome_of(report),
    buttons = { to_providers(app, "Choose a provider") } }
end

--- The local profile is deleted, but the service was not reached.
function messages.sign_out_failed(app, err)
  return { what = "signed out", icon = "done", color = "warm",
    title = "You are signed out on this TV",
    text = "Your sign-in was removed from this TV, but the sign-out at "
      .. provider_name(app) .. " failed.",
    more = app.client:viewer_text(err),
    buttons = { to_providers(app, "Choose a provider") } }
end

return messages
