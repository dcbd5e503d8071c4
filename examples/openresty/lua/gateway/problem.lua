--- Errors as JSON: `code`, `message`, `action`, `retry_after`, and `viewer_text`, a
-- text for the screen.
-- @module gateway.problem

-- luacheck: globals ngx

local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"

local problem = {}

-- Seconds to wait, if the error gives no time.
local USUAL_WAIT = 2

local PLAY = { en = "Please start playback again.",
  es = "Vuelva a iniciar la reproducción." }
local NO_ACTION = errors.new { code = "gateway", action = "none" }

local client, language

--- @param given an adobepass client
-- @param config see gateway.config
function problem.start(given, config)
  client, language = given, config.language
end

--- Returns a problem.
-- @number status HTTP status
-- @string code
-- @string message
-- @string[opt] action what to do: none, retry, authentication, play, ...
-- @number[opt] retry_after
function problem.new(status, code, message, action, retry_after)
  return { status = status, code = code, message = message,
    action = action or "none", retry_after = retry_after,
    viewer_text = action == "play" and PLAY[language]
      or status >= 500 and client:viewer_text(NO_ACTION) or nil }
end

--- The store is unavailable. Requests that do not need it are served.
function problem.store(message)
  return problem.new(503, "store_failed", message, "retry", USUAL_WAIT)
end

-- Errors that the device's request causes. The cause of all other errors is the gateway
-- or Adobe.
local BY_REQUEST = { invalid_parameter_mvpd = true,
  invalid_integration = true, invalid_header_device_info = true }

local function is_passing(err)
  local status = err.http_status
  return not status or status >= 500 or status == 429
    or err.action == "retry"
end

local function status_of(err)
  if err.action == "authentication" then return 401 end
  if BY_REQUEST[err.code] then return 400 end
  return is_passing(err) and 503 or 502
end

-- Retry-After takes whole seconds.
local function wait_of(err)
  return math.ceil(math.max(err.retry_after or 0, USUAL_WAIT))
end

--- Converts an error of adobepass.
function problem.from(err)
  if err.code == "store_failed" then return problem.store(err.message) end
  local status = status_of(err)
  local made = problem.new(status, err.code, err.message, err.action,
    status == 503 and wait_of(err) or nil)
  made.viewer_text = client:viewer_text(err)
  return made
end

--- Converts an error of adobepass; returns a problem unchanged.
function problem.of(err)
  return errors.is(err) and problem.from(err) or err
end

--- Sends a problem and ends the request.
function problem.send(made)
  ngx.status = made.status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Retry-After"] = made.retry_after
  ngx.print(json.encode { code = made.code, message = made.message,
    action = made.action, retry_after = made.retry_after,
    viewer_text = made.viewer_text })
  return ngx.exit(ngx.HTTP_OK)
end

return problem
