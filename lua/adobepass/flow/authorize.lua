--- Authorizes one playback. Call it before each playback: a decision is never cached.
-- @module adobepass.flow.authorize

local decisions = require "adobepass.flow.decisions"
local identity = require "adobepass.util.identity"
local options_of = require "adobepass.util.options"
local tables = require "adobepass.util.tables"

local authorize = {}

local FIELDS = identity.fields({ mvpd = "string?" }, identity.ALL)

local function request_decision(context, mvpd, resource, options, deadline)
  local params = tables.add({ mvpd = mvpd, resources = { resource } },
    identity.pick(options, identity.ALL))
  local response, err = context.api:authorize(params, deadline)
  if not response then return nil, err end
  return decisions.read(context, "authorize", params, response)[resource]
end

--- Requests the decision for one playback.
--
-- Returns a decision. A permit has `permitted = true`, `media_token` for the
-- player (valid for about seven minutes, for one use; the stream continues
-- when it expires during playback) with `media_token_not_after`, and
-- `not_after` of the decision itself. A denial has `permitted = false`,
-- `reason`, a sentence for the viewer, and `error`, whose `action` is what to
-- do next. A denial does not end the login. Returns nil and an error when
-- there is no decision. A denial that the service marks "retry" is requested
-- again, within the client's `timeout`.
function authorize.authorize(context, resource, options)
  options = options_of.check("client:authorize", options or {}, FIELDS, 3)
  if type(resource) ~= "string" then
    error(("client:authorize: resource should be a string such as \"CNN\", not %s; "
      .. "for a list use client:preauthorize"):format(type(resource)), 3)
  end
  local deadline = context:deadline()
  local mvpd, err = decisions.mvpd(context, options.mvpd, "authorize")
  if not mvpd then return nil, err end
  local attempt = 1
  while true do
    local since = context:viewer_mark()
    local decision, why = request_decision(context, mvpd, resource, options,
      deadline)
    decisions.note(context, mvpd, why or decision.error, since,
      options)
    if not decision then return nil, why end
    local again, delay = decisions.to_repeat(context,
      { [resource] = decision }, { resource }, attempt, deadline)
    if #again == 0 then return decision end
    context:sleep(delay)
    attempt = attempt + 1
  end
end

return authorize
