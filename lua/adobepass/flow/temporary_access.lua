--- TempPass: watching for a while without a login. Basic passes know the
-- device; promotional ones also the hash of who the viewer is.
-- @module adobepass.flow.temporary_access

local core = require "adobepass.core"
local options_of = require "adobepass.options"
local profiles = require "adobepass.flow.profile"

local temporary_access = {}

local FIELDS = { mvpd = "string or table", identity = "table?",
  hash = "string?", on_expiring = "function?", on_expired = "function?",
  expiring = "number?" }

local USED_UP = { temporary_access_duration_limit_exceeded = true,
  temporary_access_resources_limit_exceeded = true }

-- A minute before its end, unless the caller says else.
local USUAL_WARNING = 60

local function is_hash(text)
  return (#text == 64 or #text == 128) and not text:find("[^%x]")
end

-- Adobe keeps no personal data: the programmer hashes, and the same viewer has
-- to give the same hash however the address was typed.
local function hashed(text, hash)
  if is_hash(text) then return text:lower() end
  local plain = text:gsub("^%s+", ""):gsub("%s+$", ""):lower()
  return core.digest.hex(core.digest[hash](plain))
end

local function identity_of(options)
  if not options.identity then return nil end
  local identity = {}
  for name, value in pairs(options.identity) do
    if type(value) ~= "string" then
      error("client:temporary_access: identity should hold strings", 4)
    end
    identity[name] = hashed(value, options.hash or "sha256")
  end
  return identity
end

local function attribute(profile, name)
  return profile and profile.attributes[name]
end

-- --- a pass -----------------------------------------------------------------

local Pass = {}
Pass.__index = Pass

--- ms that are left, by the server's time; nil before the first playback.
function Pass:remaining_ms()
  local ends = self.profile and self.profile.not_after
  return ends and math.max(0, ends - self.client:now_ms())
end

--- Titles that are left, where the pass counts them.
function Pass:remaining_resources()
  return attribute(self.profile, "remaining_resources")
end

local function next_pass(self)
  local following = self.list[self.at + 1]
  if not following then return false end
  self.at, self.mvpd, self.profile = self.at + 1, following, nil
  return true
end

local function ask(self)
  local answer, err = self.client.api:profile { mvpd = self.mvpd,
    identity = self.identity }
  if not answer then return nil, err end
  self.profile = profiles.choose(profiles.list(self.client, answer, {}),
    { mvpd = self.mvpd })
  return true
end

--- Asks what is left: true; or nil and an error, with action "authentication"
-- when every pass is used up and it is time for a real login.
function Pass:refresh()
  while true do
    local fine, err = ask(self)
    if fine or not USED_UP[err.code] or not next_pass(self) then
      return fine, err
    end
  end
end

local function is_used_up(decision)
  return decision ~= nil and not decision.permitted
    and USED_UP[decision.error.code]
end

-- When a pass ends is known from its profile; how many titles are left
-- changes with each of them.
local function note_playback(self)
  if not self.profile or self:remaining_resources() then ask(self) end
end

--- May this be played with the pass? A decision as of client:authorize; the
-- next pass of the list is taken when one is used up.
function Pass:authorize(resource)
  while true do
    local decision, err = self.client:authorize(resource,
      { mvpd = self.mvpd, identity = self.identity })
    if decision and decision.permitted then note_playback(self) end
    if not is_used_up(decision) or not next_pass(self) then
      return decision, err
    end
  end
end

--- Call this now and then while something plays: the end of a pass during
-- playback is the programmer's to enforce. Answers "active", "expiring" or
-- "expired", and calls `on_expiring` and `on_expired` once each.
function Pass:check()
  local left = self:remaining_ms()
  if not left then return "active" end
  local state = left <= 0 and "expired"
    or left <= self.warning * 1000 and "expiring" or "active"
  local callback = self["on_" .. state]
  if callback then
    self["on_" .. state] = nil
    callback(self)
  end
  return state
end

-- --- which pass ---------------------------------------------------------

local function list_of(mvpd)
  if type(mvpd) ~= "table" then return { mvpd } end
  for index = 1, math.max(1, #mvpd) do
    if type(mvpd[index]) ~= "string" then
      error("client:temporary_access: mvpd should be a string, or a list of "
        .. "strings", 4)
    end
  end
  return mvpd
end

local function check_hash(hash)
  if hash == nil or hash == "sha256" or hash == "sha512" then return end
  error("client:temporary_access: hash should be sha256 or sha512", 4)
end

--- Temporary access without a login. No request is made before the first
-- playback.
--
-- `mvpd` is a TempPass, or a list of which the next is taken when one is used
-- up (four hours first, then ten minutes a day). `identity`, for promotional
-- passes, is hashed here (`hash` is "sha256" or "sha512"): it never leaves in
-- the clear. Answers a pass: `mvpd`, `authorize(resource)`, `refresh()`,
-- `remaining_ms()`, `remaining_resources()`, `profile`, and `check()` for
-- while something plays.
function temporary_access.temporary_access(client, options)
  options_of.check("client:temporary_access", options, FIELDS, 2)
  check_hash(options.hash)
  local list = list_of(options.mvpd)
  return setmetatable({ client = client, list = list, at = 1, mvpd = list[1],
    identity = identity_of(options),
    warning = options.expiring or USUAL_WARNING,
    on_expiring = options.on_expiring, on_expired = options.on_expired },
    Pass)
end

--- Gives somebody their pass back: `{ mvpd =, device = }`, `{ mvpd =, key = }`
-- or, for all there are, `{ mvpd =, everyone = true }` (with `by = "key"` for
-- promotional passes). Nothing resets everyone without the word.
function temporary_access.reset_temp_pass(client, options)
  options_of.check("client:reset_temp_pass", options, { mvpd = "string",
    device = "string?", key = "string?", everyone = "boolean?",
    by = "string?" }, 2)
  local by_key = options.key ~= nil or options.by == "key"
  local params = { mvpd = options.mvpd, everyone = options.everyone }
  if by_key then
    params.key = options.key
    return client.api:reset_temp_pass_key(params)
  end
  params.device = options.device
  return client.api:reset_temp_pass(params)
end

return temporary_access
