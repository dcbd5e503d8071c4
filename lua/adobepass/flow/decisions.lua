--- Converts the decisions of Adobe's responses and selects failed items to request
-- again, for preauthorize and authorize.
-- @module adobepass.flow.decisions

local denials = require "adobepass.flow.denials"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local profiles = require "adobepass.flow.profile"

local decisions = {}

local HTTP_OK = 200

-- One of Adobe's samples repeats a resource with a space appended.
local function trimmed(text)
  return type(text) == "string" and text:match "^.*%S" or ""
end

--- Converts a decision of Adobe's response.
-- @param context
-- @string operation its name
-- @string resource
-- @tparam table given Adobe's decision
-- @tparam ?table secrets the texts that are removed from the error of a denial
function decisions.new(context, operation, resource, given, secrets)
  local token = type(given.token) == "table" and given.token or {}
  local err = given.authorized ~= true and errors.from_item(operation,
    given.error or {}, secrets) or nil
  return { resource = resource, permitted = given.authorized == true,
    mvpd = given.mvpd, source = given.source,
    not_before = json.number(given.notBefore),
    not_after = json.number(given.notAfter),
    media_token = json.text(token.serializedToken),
    media_token_not_before = json.number(token.notBefore),
    media_token_not_after = json.number(token.notAfter),
    error = err, reason = err and context:viewer_text(err) }
end

-- When two decisions for a resource differ, keeps the denial.
local function add(given, resource, item)
  local other = given[resource]
  if not other or other.authorized == true then given[resource] = item end
end

--- Returns the decisions of a response by resource. A resource without a
-- decision is denied with the code `no_decision`.
-- @param context
-- @string operation its name
-- @tparam table params the parameters of the call
-- @tparam table response
function decisions.read(context, operation, params, response)
  local exact, given, found, resources = {}, {}, {}, params.resources
  local secrets
  for _, item in ipairs(response.decisions) do
    if json.text(item.resource) then add(exact, item.resource, item) end
    add(given, trimmed(item.resource), item)
  end
  for _, resource in ipairs(resources) do
    local item = exact[resource] or given[trimmed(resource)] or { error = {
      code = "no_decision", action = "retry",
      message = "The response has no decision for this resource." } }
    if item.authorized ~= true then secrets = secrets or context:secrets(params) end
    found[resource] = decisions.new(context, operation, resource, item, secrets)
  end
  return found
end

-- Status 200 marks an item that failed by itself. A request that failed as a
-- whole has already been retried by its call.
local function failed_alone(decision)
  local err = decision.error
  return not decision.permitted and err.http_status == HTTP_OK
    and err.action == "retry"
end

--- Returns the resources to request again and the seconds to wait before that;
-- an empty list when there are none or the deadline leaves no time.
-- @param context
-- @tparam table found decisions by resource
-- @tparam table resources
-- @int attempt from 1
-- @number deadline by the driver's clock
function decisions.to_repeat(context, found, resources, attempt, deadline)
  local list, longest, chance = {}, 0, nil
  for _, resource in ipairs(resources) do
    local decision = found[resource]
    if failed_alone(decision) then
      chance = chance or context:chance()
      local delay = context:item_delay(decision.error, attempt, chance,
        deadline)
      if delay then
        list[#list + 1], longest = resource, math.max(longest, delay)
      end
    end
  end
  return list, longest
end

--- Returns whether an error requires the viewer to authenticate again. A TempPass
-- that is used up does not: it is not a login.
-- @param err nil, or the error of a decision
function decisions.ends_login(err)
  return err ~= nil and err.action == "authentication"
    and not err.code:find "^temporary_access_"
end

--- Makes the next login authenticate the viewer, if an error requires it. If the
-- service no longer has the profile, deletes the kept one; otherwise records the
-- denial. This does not log the viewer out.
--
-- Keeps a profile that is newer than the request. Keeps an Apple profile if the
-- request was sent without the partner's status: the service shows it only with one.
-- @param context
-- @string mvpd
-- @param err nil, or the error of a decision
-- @tparam table since the result of context:viewer_mark() before the request
-- @tparam table options of the call
function decisions.note(context, mvpd, err, since, options)
  if not decisions.ends_login(err) then return end
  local kept, _, text = context:recall("profile")
  if kept and kept.mvpd ~= mvpd then kept = nil end
  if not context:is_of_mark(since, kept or {}) then return end
  if not err.code:find "^authenticated_profile_" then
    denials.add(context, mvpd)
  elseif kept and profiles.is_visible(context, kept, options) then
    context:forget("profile", text)
  end
end

--- Returns the provider to request decisions from: the given one, or that of
-- the login; nil and the error `not_logged_in` when there is none.
function decisions.mvpd(context, given, operation)
  if given then return given end
  local profile, err = context:recall("profile")
  if err then return nil, err end
  if profile then return profile.mvpd end
  return nil, profiles.not_logged_in(operation)
end

return decisions
