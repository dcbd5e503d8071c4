--- TempPass: limited access for a device (basic), or for a device and the hash
-- of a user's identifier (promotional).
-- Page: features-premium/temporary-access/temp-pass-feature.
--
-- A trial starts with the first authorization. It is found by its device or by its
-- identity, so that a change of one of them does not start a new trial.
-- @module adobepass.sandbox.data.temp_pass

local json = require "adobepass.util.json"
local users = require "adobepass.sandbox.data.users"

local temp_pass = {}

local INVALID_IDENTITY = "invalid_header_identity_for_temporary_access"

local function trials(sandbox, provider_id, mvpd_id)
  local key = provider_id .. "|" .. mvpd_id
  sandbox.state.temp_passes[key] = sandbox.state.temp_passes[key] or {}
  return sandbox.state.temp_passes[key]
end

local function find(list, device, identity)
  for _, trial in ipairs(list) do
    if trial.devices[device] or identity and trial.identities[identity] then
      return trial
    end
  end
end

local function identity_of(context, settings)
  if not settings.identity then return nil, true end
  local object = context:temp_pass_identity()
  local value = object and object[settings.identity]
  if type(value) ~= "string" or value == "" then return nil, false end
  return value, true
end

local function remaining(context, trial)
  local limit = context.mvpd.temp_pass.resources
  return limit and limit - #trial.used
end

-- Returns the trial of a request, or a new one, which `temp_pass.permit` stores.
-- @return trial, nil, identity | nil, code
local function open(context)
  local settings = context.mvpd.temp_pass
  local identity, ok = identity_of(context, settings)
  if not ok then return nil, INVALID_IDENTITY end
  local list = trials(context.sandbox, context.provider.id, context.mvpd.id)
  local trial = find(list, context.device, identity)
  local now = context.sandbox:now()
  if trial and now >= trial.not_after then
    return nil, "temporary_access_duration_limit_exceeded"
  end
  trial = trial or {
    devices = {}, identities = {}, used = {}, fresh = true,
    not_before = now, not_after = now + settings.ttl * 1000,
  }
  local left = remaining(context, trial)
  if left and left <= 0 then
    return nil, "temporary_access_resources_limit_exceeded"
  end
  return trial, nil, identity
end

local function is_used(trial, resource)
  for _, name in ipairs(trial.used) do
    if name == resource then return true end
  end
  return false
end

local function begin(context, trial)
  if not trial.fresh then return end
  trial.fresh = nil
  table.insert(trials(context.sandbox, context.provider.id, context.mvpd.id), trial)
end

--- Decides whether a resource may be played.
-- @param consume true: starts the trial and counts the resource
-- @return true | nil, code
function temp_pass.permit(context, resource, consume)
  local trial, code, identity = open(context)
  if not trial then return nil, code end
  if not consume then return true end
  begin(context, trial)
  trial.devices[context.device] = true
  if identity then trial.identities[identity] = true end
  if context.mvpd.temp_pass.resources and not is_used(trial, resource) then
    table.insert(trial.used, resource)
  end
  return true
end

local function plain(value)
  return { value = value, state = "plain" }
end

local function attributes(context, trial)
  local result = {
    userID = plain("temppass_" .. users.device_hash(context.device)),
    expiration_date = plain(trial.not_after),
  }
  local left = remaining(context, trial)
  if left then
    result.remaining_resources = plain(left)
    local used = {}
    for i, name in ipairs(trial.used) do used[i] = name end
    result.used_assets = plain(json.array(used))
  end
  return result
end

--- Returns the documented profile of a trial.
-- @return profile | nil, code
function temp_pass.profile(context)
  local trial, code = open(context)
  if not trial then return nil, code end
  return {
    notBefore = trial.not_before, notAfter = trial.not_after,
    issuer = "Adobe", type = "temporary",
    attributes = attributes(context, trial),
  }
end

--- Deletes trials, so that they can start again.
-- @param by "devices" or "identities"
-- @param value a device or an identity; nil: all
function temp_pass.reset(sandbox, provider_id, mvpd_id, by, value)
  local list, kept = trials(sandbox, provider_id, mvpd_id), {}
  for _, trial in ipairs(list) do
    local hit = value == nil
    for name in pairs(trial[by]) do
      -- A trial may hold an unhashed identity; the hash of that identity
      -- matches as well.
      hit = hit or name == value or users.sha256_hex(name) == value
    end
    if not hit then kept[#kept + 1] = trial end
  end
  sandbox.state.temp_passes[provider_id .. "|" .. mvpd_id] = kept
end

return temp_pass
