--- TempPass: watching for a while without a login. Basic passes know the
-- device; promotional ones also the hash of who the viewer is.
-- @module adobepass.flow.temporary_access

local core = require "adobepass.core"
local options_of = require "adobepass.util.options"
local profiles = require "adobepass.flow.profile"

local temporary_access = {}

local FIELDS = { mvpd = "string or table", identity = "table?",
  hash = "string?", on_expiring = "function?", on_expired = "function?",
  expiring = "number?" }

local OVER = "temporary_access_duration_limit_exceeded"
local USED_UP = { [OVER] = true,
  temporary_access_resources_limit_exceeded = true }

-- Seconds until a service that could not answer is asked again.
local PATIENCE = 5

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
  return core.digest.hex(core.digest[hash or "sha256"](plain))
end

local function identity_of(options)
  if not options.identity then return nil end
  local identity = {}
  for name, value in pairs(options.identity) do
    if type(value) ~= "string" or not value:find "%S" then
      error("client:temporary_access: identity should hold strings that are "
        .. "not blank", 3)
    end
    identity[name] = hashed(value, options.hash)
  end
  if next(identity) then return identity end
  error("client:temporary_access: identity is empty", 3)
end

-- --- a pass -----------------------------------------------------------------

local Pass = {}
Pass.__index = Pass

-- The pass after the one that was asked about; true as well where another
-- coroutine has gone on meanwhile.
local function go_on(self, from)
  if self.mvpd ~= from then return true end
  local following = self.list[self.at + 1]
  if not following then return false end
  self.at, self.mvpd, self.profile = self.at + 1, following, nil
  self.is_over, self.titles, self.is_stale = nil, nil, nil
  return true
end

-- Its time or its titles are at their end; the last title may play on.
local function note_end(self, code)
  if code == OVER then self.is_over = true else self.titles = 0 end
  self.is_stale = false
end

local function note_profile(self, given)
  self.profile = type(given) == "table"
    and profiles.new(self.mvpd, given, {}) or nil
  self.titles = self.profile and self.profile.attributes.remaining_resources
  self.is_over, self.is_stale = nil, false
end

local function ask(self)
  local mvpd = self.mvpd
  local answer, err = self.client.api:profile { mvpd = mvpd,
    identity = self.identity }
  if self.mvpd ~= mvpd then return true end
  if answer then
    note_profile(self, answer.profiles[mvpd])
    return true
  end
  if USED_UP[err.code] then note_end(self, err.code) end
  return nil, err
end

-- A pass begins with its first playback, and each may use up a title: what is
-- left is asked for after it, when somebody wants to know.
local function find_out(self)
  if not self.is_stale then return true end
  local now = self.client:monotonic()
  if now >= (self.ask_at or now) then
    self.ask_at = now + PATIENCE
    local fine, err = ask(self)
    if not fine and self.is_stale then self.trouble = err end
  end
  if self.is_stale then return nil, self.trouble end
  self.ask_at, self.trouble = nil, nil
  return true
end

--- ms that are left, by the server's time; nil before the first playback; nil
-- and an error where the service could not be asked.
function Pass:remaining_ms()
  local known, err = find_out(self)
  if not known then return nil, err end
  if self.is_over then return 0 end
  local ends = self.profile and self.profile.not_after
  return ends and math.max(0, ends - self.client:now_ms())
end

--- Titles that are left, where the pass counts them.
function Pass:remaining_resources()
  local known, err = find_out(self)
  if not known then return nil, err end
  return self.titles
end

--- Asks what is left: true; or nil and an error, with action "authentication"
-- when every pass is used up and it is time for a real login.
function Pass:refresh()
  while true do
    local mvpd = self.mvpd
    local fine, err = ask(self)
    if fine or not USED_UP[err.code] or not go_on(self, mvpd) then
      return fine, err
    end
  end
end

local function is_used_up(decision, err)
  err = decision and decision.error or err
  return err ~= nil and USED_UP[err.code]
end

--- May this be played with the pass? A decision as of client:authorize; the
-- next pass of the list is taken when one is used up.
function Pass:authorize(resource)
  while true do
    local mvpd = self.mvpd
    local decision, err = self.client:authorize(resource,
      { mvpd = mvpd, identity = self.identity })
    if decision and decision.permitted and self.mvpd == mvpd then
      self.is_stale, self.ask_at = true, nil
    end
    if not is_used_up(decision, err) or not go_on(self, mvpd) then
      return decision, err
    end
  end
end

-- Once for each end: of this pass, of the next one, of tomorrow's.
local function tell(self, state)
  local callback = self["on_" .. state]
  local which = self.mvpd .. (self.profile and self.profile.not_after or "")
  if not callback or self.told[state] == which then return end
  self.told[state] = which
  callback(self)
end

--- Call this now and then while something plays, where the driver may wait:
-- the end of a pass during playback is the programmer's to enforce, and the
-- first call of a playback asks the service for it. Answers "active",
-- "expiring" or "expired", and calls `on_expiring` and `on_expired`, once for
-- each pass; nil and an error where the service could not be asked.
function Pass:check()
  local left, err = self:remaining_ms()
  if err then return nil, err end
  local state = not left and "active" or left <= 0 and "expired"
    or left <= self.warning * 1000 and "expiring" or "active"
  tell(self, state)
  return state
end

-- --- which pass ---------------------------------------------------------

local function list_of(mvpd)
  if type(mvpd) ~= "table" then return { mvpd } end
  for index = 1, math.max(1, #mvpd) do
    if type(mvpd[index]) ~= "string" then
      error("client:temporary_access: mvpd should be a string, or a list of "
        .. "strings", 3)
    end
  end
  return mvpd
end

local function check_hash(where, hash)
  if hash == nil or hash == "sha256" or hash == "sha512" then return end
  error(where .. ": hash should be sha256 or sha512", 3)
end

--- Temporary access without a login. No request is made before the first
-- playback.
--
-- `mvpd` is a TempPass, or a list of which the next is taken when one is used
-- up (four hours first, then ten minutes a day). `identity`, for promotional
-- passes, is hashed here (`hash` is "sha256" or "sha512"): it never leaves in
-- the clear. Answers a pass: `mvpd`, `authorize(resource)`, `refresh()`,
-- `remaining_ms()`, `remaining_resources()`, `profile`, and `check()` for
-- while something plays, which calls `on_expiring` and `on_expired`;
-- `expiring` is how many seconds before a pass's end the first is called (60).
function temporary_access.temporary_access(client, options)
  options_of.check("client:temporary_access", options, FIELDS, 2)
  check_hash("client:temporary_access", options.hash)
  local list = list_of(options.mvpd)
  return setmetatable({ client = client, list = list, at = 1, mvpd = list[1],
    told = {}, identity = identity_of(options),
    warning = options.expiring or USUAL_WARNING,
    on_expiring = options.on_expiring, on_expired = options.on_expired },
    Pass)
end

-- Adobe takes these two for everybody.
local function means_all(text)
  local named = (text or "one"):lower():match "^%s*(.-)%s*$"
  return named == "" or named == "all"
end

local function check_whom(options)
  local named = 0
  for _, name in ipairs { "device", "key", "everyone" } do
    if options[name] ~= nil then named = named + 1 end
  end
  if named ~= 1 or options.everyone == false
      or means_all(options.device or options.key) then
    error("client:reset_temp_pass: give one of device, key and "
      .. "everyone = true", 3)
  end
  if options.by and (not options.everyone or options.by ~= "key"
      and options.by ~= "device") then
    error("client:reset_temp_pass: by is device or key, beside everyone", 3)
  end
end

--- Gives somebody their pass back: `{ mvpd =, device = }`, `{ mvpd =, key = }`
-- (who the viewer is, hashed here as `identity` is) or, for all there are,
-- `{ mvpd =, everyone = true }` (with `by = "key"` for promotional passes).
-- Nothing resets everyone without the word.
function temporary_access.reset_temp_pass(client, options)
  options_of.check("client:reset_temp_pass", options, { mvpd = "string",
    device = "string?", key = "string?", hash = "string?",
    everyone = "boolean?", by = "string?" }, 2)
  check_hash("client:reset_temp_pass", options.hash)
  check_whom(options)
  local params = { mvpd = options.mvpd, everyone = options.everyone }
  if options.key or options.by == "key" then
    params.key = options.key and hashed(options.key, options.hash)
    return client.api:reset_temp_pass_key(params)
  end
  params.device = options.device
  return client.api:reset_temp_pass(params)
end

return temporary_access
