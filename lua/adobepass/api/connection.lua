--- State that all devices of one client share: options, transport, clock, rate
-- limit, and short-lived caches.
-- @module adobepass.api.connection

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"

local connection = {}

local Connection = {}
Connection.__index = Connection

-- The server's Date is read at most once in this many seconds: reading it
-- makes the transfer parse all response headers.
local LEARN_EVERY = 60

-- An event names a device by this many characters of its key: enough to
-- distinguish devices, and not reversible to the device's id.
local EVENT_NAME_LENGTH = 12

--- Returns the name of a device in events; nil for a client without a device.
-- @tparam ?string key the device's key in the store
function connection.event_name(key)
  return key and key:sub(1, EVENT_NAME_LENGTH)
end

--- Calls the application's `on_event`. An event holds no secret: names, codes
-- and times.
-- @tparam table event
-- @tparam ?string key the key of the device in question
function Connection:emit(event, key)
  if not self.on_event then return end
  event.device = connection.event_name(key)
  self.on_event(event)
end

--- Returns the text of an error for the viewer: of the option `messages`, else
-- of the provider or the catalog, see adobepass.api.errors.
function Connection:viewer_text(err)
  return self.messages[err.code] or err:viewer_text(self.language)
end

-- Returns the transport that records exchanges, with the option `record`.
local function with_recorder(self, transport)
  if not self.recording then return transport end
  local recorder = require "adobepass.util.recorder"
  return recorder.wrap(transport, self.recording, function(message, code)
    self:emit { type = "warning", code = code, message = message }
  end)
end

--- Returns the transport; nil and an error when it cannot be created, or after `close`.
--
-- It is created at the first request, so that it is never created before nginx
-- forks its workers.
function Connection:open_transport()
  if self.transport then return self.transport end
  if self.is_closed then
    return nil, errors.from_transport(nil, "The client is closed.", "closed")
  end
  local transport, message, code = core.http.new(self.http)
  if not transport then
    return nil, errors.from_transport(nil, message, code)
  end
  self.transport = with_recorder(self, transport)
  return self.transport
end

--- Sets the server's clock from a response.
-- @param response
-- @number started when the request was sent, by the driver's clock
function Connection:learn_time(response, started)
  local arrived = self.driver.now()
  if self.learned_at and arrived - self.learned_at < LEARN_EVERY then
    return
  end
  if self.clock:learn(response.headers["date"], arrived, arrived - started) then
    self.learned_at = arrived
  end
end

--- Records the exchanges of the transport.
-- @param recording of adobepass.util.recording
function Connection:record(recording)
  self.recording = recording
  self.transport = self.transport and with_recorder(self, self.transport)
end

--- Registers a function that the driver's running task calls if it is cancelled or
-- fails. Returns the task, for remove_cleanup; nil for a driver without tasks.
-- @param key any value that is unique among the cleanups of the task
-- @func cleanup
function Connection:add_cleanup(key, cleanup)
  local task = self.driver.task and self.driver.task()
  if not task then return nil end
  task.cleanups = task.cleanups or {}
  task.cleanups[key] = cleanup
  return task
end

--- Removes a function of add_cleanup from its task, which may be nil.
function Connection.remove_cleanup(_, task, key)
  if task and task.cleanups then task.cleanups[key] = nil end
end

--- Closes the transport. Transfers in flight, and later ones, end with the code
-- `closed`.
function Connection:close()
  self.is_closed = true
  if self.transport then self.transport:close() end
end

--- Adds the state that devices share to the options of a client.
-- @tparam table options as adobepass.new has checked and completed them;
-- becomes the connection
function connection.new(options)
  -- Access tokens by device key. Weak: only the devices in use keep them.
  options.credentials = setmetatable({}, { __mode = "v" })
  options.unsaved, options.refreshes, options.addresses = {}, {}, {}
  options.refreshes_checked_at, options.watched_locks = -math.huge, {}
  return setmetatable(options, Connection)
end

return connection
