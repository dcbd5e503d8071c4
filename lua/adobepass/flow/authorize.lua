--- May the viewer play this, now? Asked before each playback, never cached.
-- @module adobepass.flow.authorize

local decisions = require "adobepass.flow.decisions"
local options_of = require "adobepass.util.options"

local authorize = {}

local FIELDS = { mvpd = "string?", identity = "table?",
  service_token = "string?", subject_token = "string?",
  roku_token = "string?", visitor_id = "string?",
  partner_status = "table or string?" }

local function ask(client, mvpd, resource, options, deadline)
  local params = { mvpd = mvpd, resources = { resource },
    timeout = deadline - client:monotonic() }
  for name in pairs(FIELDS) do params[name] = params[name] or options[name] end
  local answer, err = client.api:authorize(params)
  if not answer then return nil, err end
  return decisions.read(client, "authorize", params, answer)[resource]
end

--- Asks for one playback.
--
-- Answers a decision: `permitted`, and then `media_token` for the player
-- (about seven minutes, for one use; when it runs out during playback the
-- stream goes on) with `media_token_not_after`, and `not_after` of the
-- decision itself; or `permitted = false` with `reason`, a sentence for the
-- viewer, and `error`, whose `action` says what to do next. Nothing is logged
-- out because something was denied. nil and an error where there was no
-- decision at all. What the service marks "retry" is asked for again, all of
-- it within the client's `timeout`.
function authorize.authorize(client, resource, options)
  options = options_of.check("client:authorize", options or {}, FIELDS, 2)
  if type(resource) ~= "string" then
    error("client:authorize: resource should be a string", 2)
  end
  local mvpd, err = decisions.mvpd(client, options.mvpd, "authorize")
  if not mvpd then return nil, err end
  local deadline = client:monotonic() + client:timeout()
  local attempt = 1
  while true do
    local decision, why = ask(client, mvpd, resource, options, deadline)
    decisions.note(client, mvpd, why or decision.error)
    if not decision then return nil, why end
    local again = decisions.to_repeat({ [resource] = decision }, { resource },
      attempt)
    if #again == 0 then return decision end
    client:pause(attempt)
    if client:monotonic() >= deadline then return decision end
    attempt = attempt + 1
  end
end

return authorize
