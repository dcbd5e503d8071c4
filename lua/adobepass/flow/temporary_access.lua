--- TempPass: access for a limited time without a login. A basic pass identifies
-- the device; a promotional pass also sends a hash of the user.
-- @module adobepass.flow.temporary_access

local authorize = require "adobepass.flow.authorize"
local options_of = require "adobepass.util.options"
local preauthorize = require "adobepass.flow.preauthorize"
local profiles = require "adobepass.flow.profile"
local temp_pass = require "adobepass.util.temp_pass"

local temporary_access = {}

local FIELDS = { mvpd = "string or table", user = "table?",
  hash = "string?", on_expiring = "function?", on_expired = "function?",
  expiring = "number?" }

local OVER = "temporary_access_duration_limit_exceeded"
local USED_UP = { [OVER] = true,
  temporary_access_resources_limit_exceeded = true }

-- Seconds between two requests while the service fails.
local RETRY_SECONDS = 5

-- Seconds between two checks of a request that another coroutine has sent.
local POLL = 0.05

-- The default of `expiring`, in seconds.
local USUAL_WARNING = 60

local function hashed_user(options)
  if not options.user then return nil end
  local user = {}
  for name, value in pairs(options.user) do
    if type(value) ~= "string" or not value:find "%S" then
      error("client:temporary_access: user should hold strings that are "
        .. "not blank", 4)
    end
    user[name] = temp_pass.hash(value, options.hash)
  end
  if next(user) then return user end
  error("client:temporary_access: user is empty; give the name that Adobe configured "
    .. "and its value, such as { email = … }", 4)
end

-- --- a pass -----------------------------------------------------------------

local Pass = {}
Pass.__index = Pass

-- Switches to the pass after `from`; returns false when there is none, and true
-- also when another coroutine has already switched.
local function switch_pass(self, from)
  if self.mvpd ~= from then return true end
  local following = self.list[self.at + 1]
  if not following then return false end
  self.at, self.mvpd, self.profile = self.at + 1, following, nil
  self.is_over, self.titles, self.is_stale = nil, nil, nil
  return true
end

-- Records that the pass's time or titles are used up. The last title may
-- continue to play.
local function note_end(self, code)
  if code == OVER then self.is_over = true else self.titles = 0 end
  self.is_stale = false
end

local function note_profile(self, given)
  self.profile = type(given) == "table"
    and profiles.new(self.mvpd, given, {}) or nil
  self.titles = self.profile and self.profile.attributes.remaining_resources
  self.is_over = nil
end

local function request_profile(self)
  local mvpd, plays = self.mvpd, self.plays
  local response, err = self.context.api:profile { mvpd = mvpd,
    user = self.user }
  if self.mvpd ~= mvpd then return true end
  if response then
    note_profile(self, response.profiles[mvpd])
    self.is_stale = self.plays ~= plays -- another coroutine has begun a playback
    return true
  end
  if USED_UP[err.code] then note_end(self, err.code) end
  return nil, err
end

-- A pass begins with its first playback, and each playback may use up a title.
-- The remainder is requested when it is next needed. Until the request has failed,
-- other coroutines wait for it, RETRY_SECONDS at most: its task may be cancelled.
local function update_if_stale(self)
  while self.is_stale do
    local now = self.context:monotonic()
    if now >= (self.ask_at or now) then
      self.ask_at = now + RETRY_SECONDS
      local _, err = request_profile(self)
      self.last_error = err
    elseif self.last_error then
      return nil, self.last_error
    else
      self.context:sleep(POLL)
    end
  end
  self.ask_at, self.last_error = nil, nil
  return true
end

--- Returns the ms that are left, by the server's time; nil before the first
-- playback; nil and an error when the request failed.
function Pass:remaining_ms()
  local known, err = update_if_stale(self)
  if not known then return nil, err end
  if self.is_over then return 0 end
  local ends = self.profile and self.profile.not_after
  return ends and math.max(0, ends - self.context:now_ms())
end

--- Returns the titles that are left, when the pass counts titles.
function Pass:remaining_resources()
  local known, err = update_if_stale(self)
  if not known then return nil, err end
  return self.titles
end

--- Requests what is left. Returns true; nil and an error, with the code
-- `temporary_access_duration_limit_exceeded` or
-- `temporary_access_resources_limit_exceeded` when every pass is used up and a login is
-- needed.
function Pass:refresh()
  while true do
    local mvpd = self.mvpd
    local fine, err = request_profile(self)
    if fine or not USED_UP[err.code] or not switch_pass(self, mvpd) then
      return fine, err
    end
  end
end

-- Returns whether to repeat a request with the next pass: a denial or an error shows
-- that this one is used up. The end of the last pass is recorded.
local function continues(self, mvpd, decision, err)
  err = decision and decision.error or err
  if not err or not USED_UP[err.code] then return false end
  if switch_pass(self, mvpd) then return true end
  note_end(self, err.code)
  return false
end

--- Requests the decision for one playback with the pass; see client:authorize.
-- When a pass is used up, the next one of the list is used.
function Pass:authorize(resource)
  while true do
    local mvpd = self.mvpd
    local decision, err = authorize.authorize(self.context, resource,
      { mvpd = mvpd, user = self.user })
    if decision and decision.permitted and self.mvpd == mvpd then
      self.is_stale, self.plays = true, self.plays + 1
      self.ask_at, self.last_error = nil, nil
    end
    if not continues(self, mvpd, decision, err) then return decision, err end
  end
end

-- Returns when cached permits of the pass end. While its end is unknown, and if it
-- counts titles, no permit may be cached: 0.
local function permits_end(self)
  local left = self:remaining_ms()
  if not left or self.titles then return 0 end
  return self.context:now_ms() + left
end

--- Returns which resources the pass permits, for a catalog; see client:preauthorize.
-- Cached permits end with the pass. When a pass permits nothing because it is used up,
-- the next one of the list is used.
function Pass:preauthorize(resources)
  while true do
    local mvpd = self.mvpd
    local result, err = preauthorize.preauthorize(self.context, resources,
      { mvpd = mvpd, user = self.user }, permits_end(self))
    local denial = result and #result.permitted == 0 and result.denied[1] or nil
    if not continues(self, mvpd, denial, err) then return result, err end
  end
end

-- Calls the callback once for each expiry time: again for the next pass, and for a
-- pass that is renewed the next day.
local function notify(self, state)
  local callback = self["on_" .. state]
  local which = self.mvpd .. (self.profile and self.profile.not_after or "")
  if not callback or self.notified[state] == which then return end
  self.notified[state] = which
  callback(self)
end

--- Returns "active", "expiring" or "expired", and calls `on_expiring` and
-- `on_expired` once for each pass; nil and an error when the request failed.
--
-- Call it repeatedly during playback, where the driver may wait: the
-- application enforces the end of a pass. The first call of a playback sends a
-- request.
function Pass:check()
  local left, err = self:remaining_ms()
  if err then return nil, err end
  local state = not left and "active" or left <= 0 and "expired"
    or left <= self.warning * 1000 and "expiring" or "active"
  notify(self, state)
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

local function check_hash(where, hash)
  if hash == nil or hash == "sha256" or hash == "sha512" then return end
  error(where .. ": hash should be sha256 or sha512", 4)
end

--- Returns a pass: temporary access without a login. Sends no request before
-- the first playback.
--
-- `mvpd` is a TempPass, or a list: when one is used up, the next is used (for
-- example four hours first, then ten minutes a day). `user`, for promotional
-- passes, is a table such as `{ email = }`; its values are hashed here (`hash` is
-- "sha256" or "sha512") and never sent in the clear. A pass has `mvpd`,
-- `preauthorize(resources)`, `authorize(resource)`, `refresh()`, `remaining_ms()`,
-- `remaining_resources()`, `profile`, and `check()`, to be called during playback,
-- which calls `on_expiring` and `on_expired`.
-- `expiring` is the number of seconds before a pass's end at which
-- `on_expiring` is called (60).
function temporary_access.temporary_access(context, options)
  options_of.check("client:temporary_access", options, FIELDS, 3)
  check_hash("client:temporary_access", options.hash)
  local list = list_of(options.mvpd)
  return setmetatable({ context = context, list = list, at = 1, mvpd = list[1],
    plays = 0, notified = {}, user = hashed_user(options),
    warning = options.expiring or USUAL_WARNING,
    on_expiring = options.on_expiring, on_expired = options.on_expired },
    Pass)
end

local function check_whom(options)
  local named = 0
  for _, name in ipairs { "device", "key", "everyone" } do
    if options[name] ~= nil then named = named + 1 end
  end
  if named ~= 1 or options.everyone == false
      or temp_pass.means_everyone(options.device or options.key) then
    error("client:reset_temp_pass: give one of device, key and "
      .. "everyone = true", 4)
  end
  if options.by and (not options.everyone or options.by ~= "key"
      and options.by ~= "device") then
    error("client:reset_temp_pass: by should be device or key, together with "
      .. "everyone", 4)
  end
end

--- Resets a TempPass: `{ mvpd =, device = }`, `{ mvpd =, key = }` (the user,
-- hashed here as `user` of temporary_access is) or, for all users,
-- `{ mvpd =, everyone = true }` (with `by = "key"` for promotional passes).
-- Only the explicit `everyone = true` resets everyone.
function temporary_access.reset_temp_pass(context, options)
  options_of.check("client:reset_temp_pass", options, { mvpd = "string",
    device = "string?", key = "string?", hash = "string?",
    everyone = "boolean?", by = "string?" }, 3)
  check_hash("client:reset_temp_pass", options.hash)
  check_whom(options)
  local params = { mvpd = options.mvpd, everyone = options.everyone }
  if options.key or options.by == "key" then
    params.key = options.key and temp_pass.hash(options.key, options.hash)
    return context.api:reset_temp_pass_key(params)
  end
  params.device = options.device
  return context.api:reset_temp_pass(params)
end

return temporary_access
