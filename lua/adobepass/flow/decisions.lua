--- What preauthorization and authorization have in common: asking again for
-- what may heal, and decisions as a program wants them.
-- @module adobepass.flow.decisions

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"

local decisions = {}

-- Adobe: two or three times at most.
local ATTEMPTS = 3

-- A sample of Adobe's echoes a resource with a space behind it.
local function trimmed(text)
  return type(text) == "string" and text:gsub("%s+$", "") or ""
end

-- What is not permitted, and why; rid of what went out with `asked`.
local function denial(client, operation, given, asked)
  return errors.from_item(operation, given.error or {},
    client:secrets(asked))
end

--- One decision of ours from one of Adobe's.
function decisions.new(client, operation, resource, given, asked)
  local token = type(given.token) == "table" and given.token or {}
  local err = given.authorized ~= true
    and denial(client, operation, given, asked) or nil
  return { resource = resource, permitted = given.authorized == true,
    mvpd = given.mvpd, source = given.source,
    not_before = json.number(given.notBefore),
    not_after = json.number(given.notAfter),
    media_token = json.text(token.serializedToken),
    media_token_not_before = json.number(token.notBefore),
    media_token_not_after = json.number(token.notAfter),
    error = err, reason = err and err:viewer_text() }
end

-- Where two decisions differ, the denial counts.
local function add(given, resource, item)
  local other = given[resource]
  if not other or other.authorized == true then given[resource] = item end
end

--- The answer's decisions by resource. One that was not answered is a denial
-- that says so: what is not permitted is denied.
-- @param client
-- @string operation its name
-- @param asked the parameters of the call
-- @param answer
function decisions.read(client, operation, asked, answer)
  local exact, given, found, resources = {}, {}, {}, asked.resources
  for _, item in ipairs(answer.decisions) do
    if json.text(item.resource) then add(exact, item.resource, item) end
    add(given, trimmed(item.resource), item)
  end
  for _, resource in ipairs(resources) do
    local item = exact[resource] or given[trimmed(resource)] or { error = {
      code = "no_decision", action = "retry",
      message = "The answer has no decision for this resource." } }
    found[resource] = decisions.new(client, operation, resource, item,
      asked)
  end
  return found
end

-- What failed as a whole was repeated by the client already.
local function may_heal(decision)
  local err = decision.error
  return not decision.permitted and err.action == "retry"
    and err.http_status == 200
end

--- Those that are to be asked for again.
function decisions.to_repeat(found, resources, attempt)
  local list = {}
  if attempt >= ATTEMPTS then return list end
  for _, resource in ipairs(resources) do
    if may_heal(found[resource]) then list[#list + 1] = resource end
  end
  return list
end

--- A profile that the service no longer knows is not kept either: else the
-- next login would be answered with it. This logs nobody out.
function decisions.note(client, mvpd, err)
  if not err or not err.code:find "^authenticated_profile_" then return end
  local kept = client:recall("profile")
  if kept and kept.mvpd == mvpd then client:forget("profile") end
end

--- The provider that decides: the one given, or that of the login.
function decisions.mvpd(client, given, operation)
  if given then return given end
  local profile, err = client:recall("profile")
  if err then return nil, err end
  if profile then return profile.mvpd end
  return nil, client:not_logged_in(operation)
end

return decisions
