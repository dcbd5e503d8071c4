--- The access record of one device: the lock of a refresh, the access token and
-- the last failure, in one entry of the store (docs/credentials.md).
--
-- A lock ends when its owner releases it, or when its seconds have passed by the
-- monotonic clock. An owner's write succeeds only if the store still holds the
-- record that the owner wrote last, so an owner whose lock was taken over changes
-- nothing.
--
-- Within one process the lock is also in memory. A coroutine that was cancelled or
-- that raised an error may not release its lock; other coroutines of the process
-- detect this, because the owner's function is no longer on its stack.
-- @module adobepass.auth.refresh_lock

local core = require "adobepass.core"
local device_store = require "adobepass.store.device_store"
local errors = require "adobepass.api.errors"
local running_function = require "adobepass.util.running_function"
local timestamp = require "adobepass.policy.timestamp"

local refresh_lock = {}

local RefreshLock = {}
RefreshLock.__index = RefreshLock

local Holding = {}
Holding.__index = Holding

local RECORD = "access"
-- The maximum life of a lock, in seconds. Then another process may take it over.
local LONGEST_LOCK = 45
-- Seconds after which a watched lock is forgotten if its device makes no further call.
local WATCHED_SECONDS = 3600
-- The part of a lock's life that its requests may take.
local REQUESTS = 0.9

--- The seconds for which a failure is kept, at least: it lengthens the next pause.
refresh_lock.FAILURE_SECONDS = 60

--- The error of an owner whose lock was taken over: start again.
refresh_lock.LOST = { code = "lock_lost" }

--- Creates the lock of one device.
-- @param connection see adobepass.api.connection
-- @param store see adobepass.store.device_store
function refresh_lock.new(connection, store)
  return setmetatable({ connection = connection, store = store,
    key = store.key }, RefreshLock)
end

local function now_of(self) return self.connection.driver.now() end

--- Adds the current time to a record; see adobepass.policy.timestamp.
function RefreshLock:stamp(record)
  return timestamp.stamp(record, self.connection.driver.clock)
end

--- Returns the seconds since a record was stamped; huge when unknown.
function RefreshLock:age(record)
  return timestamp.age(record, self.connection.driver.clock)
end

-- The fields of the token and the failure, with their types.
local PARTS = {
  token = { access_token = "string", expires_in = "number" },
  failure = { code = "string", action = "string nil", message = "string nil",
    http_status = "number nil", operation = "string nil", pause = "number nil",
    retry_after = "number nil" },
}

--- Reads the record: the record and its text, which is nil when none is stored;
-- nil, nil and an error. A damaged token or failure is left out.
function RefreshLock:read()
  local record, text, err = self.store:read_record(RECORD)
  if err then return nil, nil, err end
  record = record or {}
  for name, fields in pairs(PARTS) do
    if not device_store.has_fields(record[name], fields) then record[name] = nil end
  end
  return record, text
end

-- --- the lock in memory ------------------------------------------------------

local function is_alive(holding)
  return now_of(holding.lock) < holding.ends and not holding.is_abandoned
    and holding.call:is_running()
end

--- Returns whether a coroutine of this process takes or holds the lock.
function RefreshLock:is_held_here()
  local holding = self.connection.refreshes[self.key]
  return holding ~= nil and is_alive(holding)
end

-- --- the lock in the store ---------------------------------------------------

local function lock_seconds(self)
  return math.min(LONGEST_LOCK, self.connection.timeout * 2 / 3)
end

-- Returns for how many seconds this process has seen the same text of the record.
-- This replaces the age of a lock from another machine or boot, whose monotonic
-- clock cannot be compared with this one. The connection keeps the time, because a
-- gateway creates a device's client for each request.
local function seconds_watched(self, text)
  local watched = self.connection.watched_locks
  local seen = watched[self.key]
  if not seen or seen.text ~= text then
    seen = { text = text, since = now_of(self) }
    watched[self.key] = seen
  end
  return now_of(self) - seen.since
end

-- Returns whether a lock that another process wrote is valid. A caller with a shorter
-- timeout watches the lock of another boot for less than `seconds`: a program that is
-- started for each call would never take it over.
local function is_valid(self, lock, text)
  local seconds = math.min(tonumber(lock.seconds) or LONGEST_LOCK, LONGEST_LOCK)
  local age = timestamp.monotonic_age(lock, self.connection.driver.clock)
  if age then return age < seconds end
  return seconds_watched(self, text) < math.min(seconds, lock_seconds(self))
end

--- Returns whether the lock in a record is held. If its owner is of this process, it
-- may have written the lock while the caller read the record.
function RefreshLock:is_held(record, text)
  local lock, latest = record.lock, self.connection.refreshes[self.key]
  local own = type(lock) == "table" and latest and latest.owners[lock.owner]
  if own then return is_alive(own) end
  if type(lock) == "table" and is_valid(self, lock, text) then return true end
  self.connection.watched_locks[self.key] = nil
  return false
end

-- --- an owner ----------------------------------------------------------------

-- Returns the owners of this process, without those whose lock in the store has
-- expired, too. They would accumulate while the store cannot be written.
local function recent_owners(self, now)
  local latest = self.connection.refreshes[self.key]
  local owners = latest and latest.owners or {}
  for owner, holding in pairs(owners) do
    if now >= holding.ends + holding.seconds then owners[owner] = nil end
  end
  return owners
end

-- Removes the entries of devices that make no further call, in the same case.
local function remove_expired(connection, now)
  if now < connection.refreshes_checked_at + LONGEST_LOCK then return end
  connection.refreshes_checked_at = now
  for key, holding in pairs(connection.refreshes) do
    if now >= holding.ends + holding.seconds then connection.refreshes[key] = nil end
  end
  for key, seen in pairs(connection.watched_locks) do
    if now >= seen.since + WATCHED_SECONDS then connection.watched_locks[key] = nil end
  end
end

local function new_holding(self, owner, latest)
  local now, seconds = now_of(self), lock_seconds(self)
  remove_expired(self.connection, now)
  local owners = recent_owners(self, now)
  owners[owner] = setmetatable({ lock = self, owner = owner, owners = owners,
    seconds = seconds, ends = now + seconds, latest = latest,
    deadline = math.min(latest, now + seconds * REQUESTS) }, Holding)
  return owners[owner]
end

-- Writes the record with this owner's lock.
local function write_lock(holding, record, expected)
  record.lock = holding.lock:stamp { owner = holding.owner,
    seconds = holding.seconds }
  local done, err, text = holding.lock.store:replace_record(RECORD, record,
    expected)
  if done then
    holding.record, holding.text = record, text
    holding.locked_at = now_of(holding.lock)
  end
  return done, err
end

-- Ends an owner. The entry in memory remains if the lock may still be in the
-- store, so that is_held recognizes that lock as one of this process.
local function forget(holding, is_released)
  local refreshes, key = holding.lock.connection.refreshes, holding.lock.key
  holding.lock.connection:remove_cleanup(holding.task, holding)
  holding.is_abandoned = true
  if is_released and refreshes[key] == holding then refreshes[key] = nil end
end

local function abandon(holding)
  holding:finish(holding.record and holding.record.token,
    holding.record and holding.record.failure)
end

-- Runs within `body`, whose presence on the stack shows that the owner runs.
local function hold(holding, record, text, work)
  local done, err = write_lock(holding, record, text)
  if not done then
    forget(holding, done == false)
    return nil, err or refresh_lock.LOST
  end
  local value, why = work(holding)
  return value, why
end

--- Takes the lock, calls `work(holding)`, which must end with holding:finish,
-- and returns its two results; nil and LOST when another owner wrote first; nil
-- and an error.
-- @tparam table record with its `text`, as read
-- @number latest when work must end, by the driver's clock
-- @func work
function RefreshLock:run(record, text, latest, work)
  local owner, message, code = core.random.uuid()
  if not owner then
    return nil, errors.from_transport("token", message, code)
  end
  local holding = new_holding(self, owner, latest)
  local function body() -- without a tail call: see running_function
    local value, err = hold(holding, record, text, work)
    return value, err
  end
  holding.call = running_function.new(body)
  self.connection.refreshes[self.key] = holding
  holding.task = self.connection:add_cleanup(holding, function() abandon(holding) end)
  local value, err = body()
  return value, err
end

--- Returns true while the record is the one that this owner wrote; nil and LOST,
-- or nil and an error.
function Holding:check()
  local _, text, err = self.lock:read()
  if err then return nil, err end
  if text ~= self.text then return nil, refresh_lock.LOST end
  return true
end

--- Adds the time of a wait for the rate limit. Returns the new deadline of this
-- owner's requests.
function Holding:extend(seconds)
  self.ends = self.ends + seconds
  self.deadline = math.min(self.latest, self.deadline + seconds)
  return self.deadline
end

--- Called before a request is sent: checks the lock, or renews it when more than a
-- tenth of its time has passed. Returns true; nil and LOST, or nil and an error.
function Holding:before_send()
  if now_of(self.lock) - self.locked_at < self.seconds * (1 - REQUESTS) then
    local good, err = self:check()
    if not good then return nil, err end
  else
    local done, err = write_lock(self, self.record, self.text)
    if not done then return nil, err or refresh_lock.LOST end
  end
  -- Without time left, the caller ends before it sends.
  if now_of(self.lock) < self.deadline then self.sent = self.lock:stamp {} end
  return true
end

local function record_seconds(self, token, failure)
  local seconds = failure and math.max(refresh_lock.FAILURE_SECONDS,
    failure.retry_after or 0) or 1
  if token then
    seconds = math.max(seconds, token.expires_in - self:age(token))
  end
  return seconds
end

--- Removes the failure, and an expired lock, from the record. Does nothing while the
-- lock is held, or if another process changes the record meanwhile. Returns true; nil
-- and an error.
function RefreshLock:forget_failure()
  local record, text, err = self:read()
  if err then return nil, err end
  if not record.failure or self:is_held(record, text) then return true end
  record.failure, record.lock = nil, nil
  local done
  done, err = self.store:replace_record(RECORD, record, text,
    record_seconds(self, record.token))
  if done == nil then return nil, err end
  return true
end

--- Releases the lock, and writes the token and the failure of the refresh.
-- Returns true; false: the lock was taken over, and nothing is written; nil and
-- an error of the store.
-- @tparam ?table token
-- @tparam ?table failure
function Holding:finish(token, failure)
  local done, err = false, nil
  if self.text then
    done, err = self.lock.store:replace_record(RECORD,
      { token = token, failure = failure }, self.text,
      record_seconds(self.lock, token, failure))
  end
  forget(self, done ~= nil and self.text ~= nil)
  return done, err
end

return refresh_lock
