--- Texts of the message screen: an icon, a title, a text, details, and buttons with
-- actions. These are the only texts for viewers outside the library.

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
  return { what = "no service", icon = "notice", title = "Almost there",
    text = "This app needs a service to talk to. Start it with a sandbox, "
      .. "from the folder of the checkout:",
    more = "bin/adobepass sandbox --exec 'love examples/tv'",
    buttons = { button("Close", function() love.event.quit() end) } }
end

local NETWORK = { timeout = true, resolve_failed = true, connect_failed = true,
  connection_lost = true, proxy_failed = true, protocol_error = true }

--- A temporary error.
function messages.failed(app, err, again)
  local offline = NETWORK[err.code]
  return { what = "failed", icon = offline and "offline" or "notice",
    colour = "warm", title = offline and "No connection" or "That went wrong",
    text = err:viewer_text(),
    more = offline and "The cable, the Wi-Fi or the service may be down."
      or "For support: " .. err.code,
    buttons = { button("Try again", again), to_channels(app) } }
end

--- The service has no provider for this app and device.
function messages.no_providers(app)
  return { what = "no providers", icon = "notice", colour = "warm",
    title = "No TV provider yet",
    text = "No TV provider works with this app on this television so far.",
    buttons = { to_providers(app, "Look again") } }
end

--- A locked channel.
function messages.locked(app, channel, decision)
  local own_words = decision.error.details
  return { what = "locked", icon = "lock", colour = "warm",
    title = channel.id .. " is locked", text = decision.reason,
    more = own_words
      and ("%s says: %s"):format(provider_name(app), own_words) or nil,
    buttons = { to_channels(app) } }
end

--- A code that expired or was superseded.
function messages.code_over(app, provider)
  return { what = "code over", icon = "clock", colour = "warm",
    title = "This code has run out",
    text = "Codes are good for half an hour. A new one takes a second.",
    buttons = {
      button("New code", function() app:sign_in(provider) end),
      to_providers(app, "Other provider") } }
end

--- The provider denied the login.
function messages.denied(app, provider)
  return { what = "denied", icon = "notice", colour = "warm",
    title = provider.display_name .. " did not let you in",
    text = "Please try again, or choose another provider.",
    buttons = {
      button("Try again", function() app:sign_in(provider) end),
      to_providers(app, "Other provider") } }
end

--- What a temporary pass offers, before it starts.
function messages.offer(app, offer)
  return { what = "offer", icon = "clock", colour = "good",
    title = ("Watch %d minutes free"):format(offer.minutes),
    text = "All channels, no sign-in.\nThe time begins with the first channel "
      .. "that you play.",
    more = "Once they are over, sign in with your TV provider to go on.",
    buttons = {
      button("Start watching", function() app:try_free(offer) end),
      to_providers(app, "Not now") } }
end

function messages.pass_over(app)
  return { what = "pass over", icon = "clock", colour = "warm",
    title = "Your free minutes are over",
    text = "Sign in with your TV provider to go on watching.",
    buttons = { to_providers(app, "Choose a provider") } }
end

function messages.ask_to_sign_out(app)
  return { what = "sign out?", icon = "leave",
    title = "Sign out of " .. provider_name(app) .. "?",
    text = "This TV will forget you. Your subscription stays as it is.",
    buttons = {
      button("Sign out", function() app:sign_out() end),
      button("Stay", function() app:channels() end) } }
end

-- A provider's result of client:logout, for the viewer.
local OUTCOMES = {
  complete = "All done: nothing is left to do.",
  no_browser = "The phone or computer that you used may still know you: sign "
    .. "out there, too.",
  viewer_to_be_told = "Please sign out in this TV's system settings, too.",
  invalid = "You had been signed out already.",
}

local function outcome_of(report)
  local entry = report[1]
  return OUTCOMES[entry and entry.outcome or "complete"]
    or OUTCOMES.no_browser
end

function messages.signed_out(app, report)
  return { what = "signed out", icon = "done", colour = "good",
    title = "You are signed out",
    text = ("This TV has forgotten your sign-in with %s."):format(
      provider_name(app)),
    more = outcome_of(report),
    buttons = { to_providers(app, "Choose a provider") } }
end

--- The local profile is deleted, but the service was not reached.
function messages.sign_out_failed(app, err)
  return { what = "signed out", icon = "done", colour = "warm",
    title = "You are signed out here",
    text = "This TV has forgotten you. " .. provider_name(app)
      .. " could not be told.",
    more = err:viewer_text(),
    buttons = { to_providers(app, "Choose a provider") } }
end

return messages
