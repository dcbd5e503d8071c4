--- Stores profiles.
--
-- Regular profiles belong to client credentials and device: a client with new
-- credentials does not find them. Apple profiles belong to the device and its
-- partner status. Other single sign-on profiles belong to the subject of a token.
-- @module adobepass.sandbox.data.profile_store

local partner_status = require "adobepass.sandbox.data.partner_status"

local profile_store = {}

-- Single sign-on methods, in the order in which they are tried.
local METHODS = {
  { kind = "platform", type = "platformSSO" },
  { kind = "service", type = "serviceTokenSSO" },
}

local function index(sandbox, owner, identities)
  for kind, subject in pairs(identities) do
    local key = kind .. ":" .. subject
    sandbox.state.identities[key] = sandbox.state.identities[key] or {}
    sandbox.state.identities[key][owner] = true
  end
end

--- Stores a profile.
-- @param owner see `adobepass.sandbox.engine.state`
-- @param profile { mvpd, username, type, issuer, not_before, not_after,
--   identities, at_home }
function profile_store.save(sandbox, owner, profile)
  sandbox.state.profiles[owner] = sandbox.state.profiles[owner] or {}
  sandbox.state.profiles[owner][profile.mvpd] = profile
  index(sandbox, owner, profile.identities)
end

-- An Apple profile is visible only while the partner status confirms it.
local function is_visible(context, profile)
  if profile.type ~= "appleSSO" then return true end
  local status = context:header "ap-partner-framework-status"
  return partner_status.read(context.sandbox, status) == profile.mvpd
end

local function status_of(sandbox, profile)
  if profile.invalidated then return "invalidated" end
  if sandbox:now() >= profile.not_after then return "expired" end
  return "valid"
end

local function is_unlinked(context, kind, subject)
  local circle = kind == "service" and context.sandbox.state.circles[subject]
  return circle and circle.unlinked[context.device] or false
end

-- Returns a list of the valid profiles with the identity of a request, which may be of
-- other applications and devices.
local function shared(context, method)
  local subject = context:identities()[method.kind]
  local found = {}
  if not subject or is_unlinked(context, method.kind, subject) then
    return found
  end
  local owners = context.sandbox.state.identities[method.kind .. ":" .. subject]
  for owner in pairs(owners or {}) do
    for id, profile in pairs(context.sandbox.state.profiles[owner] or {}) do
      if profile.identities[method.kind] == subject
          and status_of(context.sandbox, profile) == "valid"
          and context.sandbox:integration(context.provider.id, id) then
        found[#found + 1] = { profile = profile, type = method.type, owner = owner }
      end
    end
  end
  return found
end

--- Returns the valid profiles of a request: mvpd -> { profile, type, owner }.
function profile_store.all(context)
  local result = {}
  for _, owner in ipairs { context:device_key(), context:owner() } do
    for id, profile in pairs(context.sandbox.state.profiles[owner] or {}) do
      if status_of(context.sandbox, profile) == "valid"
          and is_visible(context, profile) then
        result[id] = { profile = profile, type = profile.type, owner = owner }
      end
    end
  end
  for _, method in ipairs(METHODS) do
    for _, entry in ipairs(shared(context, method)) do
      local id = entry.profile.mvpd
      result[id] = result[id] or entry
    end
  end
  return result
end

--- Finds the profile of an mvpd.
-- @return { profile, type, owner } | nil, "missing" | "expired" |
--   "invalidated"
function profile_store.find(context, mvpd_id)
  local entry = profile_store.all(context)[mvpd_id]
  if entry then return entry end
  for _, owner in ipairs { context:owner(), context:device_key() } do
    local own = (context.sandbox.state.profiles[owner] or {})[mvpd_id]
    if own and is_visible(context, own) then
      return nil, status_of(context.sandbox, own)
    end
  end
  return nil, "missing"
end

local function remove(context, owner, mvpd_id)
  local profiles = context.sandbox.state.profiles[owner]
  if profiles then profiles[mvpd_id] = nil end
end

--- Deletes an entry of `profile_store.all`, the device's regular profile of its mvpd,
-- and each profile of the mvpd that the identity of the request finds (single logout).
function profile_store.remove_all(context, entry)
  local mvpd_id = entry.profile.mvpd
  remove(context, entry.owner, mvpd_id)
  remove(context, context:owner(), mvpd_id)
  for _, method in ipairs(METHODS) do
    for _, other in ipairs(shared(context, method)) do
      if other.profile.mvpd == mvpd_id then remove(context, other.owner, mvpd_id) end
    end
  end
end

--- Invalidates the profiles of a viewer at an mvpd, on all devices.
-- @param username nil: of all viewers
-- @return number of profiles
function profile_store.invalidate(sandbox, mvpd_id, username)
  local count = 0
  for _, profiles in pairs(sandbox.state.profiles) do
    local profile = profiles[mvpd_id]
    if profile and (username == nil or profile.username == username) then
      profile.invalidated, count = true, count + 1
    end
  end
  return count
end

return profile_store
