--- The second screen: checks the code that a viewer typed, and continues its session.
-- @module adobepass.flow.second_screen

local json = require "adobepass.util.json"
local login_start = require "adobepass.flow.login_start"
local options_of = require "adobepass.util.options"

local second_screen = {}

--- Returns the session of a code that a viewer typed: `code`, `mvpd` when the
-- provider was chosen on the TV, `missing` (a list of parameters), `expires_at`;
-- nil and an error when the code is not valid.
-- Options: `visitor_id`.
function second_screen.check_code(context, code, options)
  options = options_of.check("client:check_code", options or {},
    { visitor_id = "string?" }, 3)
  if type(code) ~= "string" then
    error("client:check_code: the code should be a string, not " .. type(code), 3)
  end
  local response, err = context.api:session { code = code,
    visitor_id = options.visitor_id }
  if not response then return nil, err end
  local given = response.existingParameters
  return { code = code,
    mvpd = type(given) == "table" and json.text(given.mvpd) or nil,
    missing = login_start.missing(response),
    expires_at = json.number(response.notAfter) }
end

--- Sends the parameters that the TV left out (`mvpd`, `domain_name`,
-- `redirect_url`); the defaults of the last two are the options of adobepass.new.
-- Returns the URL for the viewer's browser; "" when no login is needed. `visitor_id`
-- replaces that of the device.
function second_screen.resume_login(context, options)
  options_of.check("client:resume_login", options, { code = "string",
    mvpd = "string?", domain_name = "string?", redirect_url = "string?",
    visitor_id = "string?" }, 3)
  local response, err = context.api:resume_session(
    context:with_defaults(options, { "domain_name", "redirect_url" }))
  if not response then return nil, err end
  if response.actionName == "authenticate" then
    return login_start.authenticate_url(context, response, options.code)
  end
  if response.actionName == "authorize" then return "" end
  return login_start.unknown_action(response)
end

return second_screen
