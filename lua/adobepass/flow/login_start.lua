--- Begins a login: uses a profile that exists, or opens an authentication session.
-- @module adobepass.flow.login_start

local code_life = require "adobepass.flow.code_life"
local denials = require "adobepass.flow.denials"
local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local json = require "adobepass.util.json"
local profiles = require "adobepass.flow.profile"
local tables = require "adobepass.util.tables"

local login_start = {}

local add, pick = tables.add, identity.pick

-- --- existing logins --------------------------------------

-- Returns the viewer's last provider, if a request for its profile alone may suffice;
-- nil when all profiles are needed, for example for `choose`; nil and an error.
local function returning_to(context, options)
  local last, err = context:recall("provider")
  if not last or options.choose or options.mvpd and options.mvpd ~= last.id then
    return nil, err
  end
  return last.id
end

-- Returns the profiles that no denial concerns, and the others, if the login may be
-- with their providers.
local function separate(context, list, options, denied)
  local allowed, refused = {}, {}
  for _, item in ipairs(list) do
    if not denials.concerns(context, denied, item) then allowed[#allowed + 1] = item
    elseif not options.mvpd or options.mvpd == item.mvpd then
      refused[#refused + 1] = item
    end
  end
  return allowed, refused
end

-- Requests one profile, or without `mvpd` all. Returns the one to use; nil, nil and
-- the profiles of providers that denied access; nil and an error. A request for one
-- provider may fail because of this provider, such as a TempPass that is used up.
local function request_profiles(context, mvpd, options, denied)
  local params = pick(options)
  local response, err
  if mvpd then
    response, err = context.api:profile(add(params, { mvpd = mvpd }))
  else
    response, err = context.api:profiles(params)
  end
  if response then
    local allowed, refused = separate(context,
      profiles.list(context, response, options), options, denied)
    return profiles.choose(allowed, options), nil, refused
  end
  if mvpd and not context:is_temporary(err) then return nil, nil, {} end
  return nil, err
end

-- Requests the profile of the last provider, then all profiles: another provider may
-- have logged the viewer in by single sign-on, or before the last one was chosen.
local function find_profile(context, options, denied)
  local mvpd, err = returning_to(context, options)
  if err then return nil, err end
  local found, why, refused = request_profiles(context, mvpd, options, denied)
  if found or why or not mvpd or options.mvpd then return found, why, refused end
  return request_profiles(context, nil, options, denied)
end

local function existing(context, options, denied)
  if not options.fresh then
    local kept, err = profiles.recall(context, options, denied)
    if kept or err then return kept, err end
  end
  local since = context:viewer_mark()
  local found, err, refused = find_profile(context, options, denied)
  if not found then return nil, err, refused end
  if denied[found.mvpd] then denials.remove(context, found.mvpd) end -- it is older
  return profiles.log_in(context, found, since)
end

-- --- a session ----------------------------------------

local WIRE_NAMES = { mvpd = "mvpd", domain = "domain_name",
  domainName = "domain_name", redirectUrl = "redirect_url" }

--- Returns the parameters that the service still needs, by their names here.
function login_start.missing(response)
  local given, list = response.missingParameters, {}
  for index, name in ipairs(type(given) == "table" and given or {}) do
    list[index] = WIRE_NAMES[name] or tostring(name)
  end
  return list
end

local PARAMETERS = { mvpd = true, domain_name = true, redirect_url = true }

-- Returns the parameters of a resume: those that the service needs and the
-- caller gave; false when there are none.
local function resume_params(response, options)
  local params, any = { code = response.code }, false
  for _, name in ipairs(login_start.missing(response)) do
    if PARAMETERS[name] and options[name] then
      params[name], any = options[name], true
    end
  end
  return any and add(params, pick(options))
end

local function open_session(context, options)
  local params = pick(options, { "mvpd", "domain_name", "redirect_url" })
  local response, err = context.api:create_session(
    add(params, pick(options)))
  if not response or response.actionName ~= "resume"
      or type(response.code) ~= "string" then
    return response, err
  end
  local more = resume_params(response, options)
  if not more then return response end
  return context.api:resume_session(more)
end

--- Returns the profile when the service requires no login (authenticated,
-- temporary, degraded or single sign-on). Without a profile the result has
-- only the provider and the type of access.
function login_start.without_login(context, response, options)
  local mvpd = json.text(response.mvpd) or options.mvpd
  if not mvpd then
    return nil, errors.malformed("create_session", "its mvpd is missing")
  end
  local since = context:viewer_mark()
  local found, err = context.api:profile(
    add({ mvpd = mvpd }, pick(options)))
  if not found then return nil, err end
  local chosen = profiles.choose(profiles.list(context, found, options),
    { choose = options.choose, mvpd = mvpd })
  if chosen then return profiles.log_in(context, chosen, since) end
  context:clear_permits()
  return { mvpd = mvpd, type = response.reasonType, attributes = {} }
end

--- Returns the URL for the viewer's browser, which a response with the action
-- `authenticate` may leave out; nil and an error.
function login_start.authenticate_url(context, response, code)
  if not response.url or response.url == json.null then
    return context.api:authenticate_url { code = code }
  end
  return context:absolute_url(response.url, response.actionType)
end

local function browser_url(context, response, options)
  if response.actionName ~= "authenticate" then return options.activation_url end
  return login_start.authenticate_url(context, response, response.code)
end

local function qr_text(response, options, url)
  local page = options.activation_url
  if not page then return url end
  return page .. (page:find("?", 1, true) and "&" or "?") .. "code="
    .. response.code
end

local function code_flow(context, response, options, number)
  local url, err = browser_url(context, response, options)
  if err then return nil, err end
  local flow = { state = "pending", code = response.code, url = url,
    qr = qr_text(response, options, url), session_id = json.text(response.sessionId),
    mvpd = json.text(response.mvpd) or options.mvpd,
    interval = options.interval,
    expires_at = code_life.expires_at(context, response) }
  local good, why = code_life.start(context, response, flow.expires_at, number)
  if not good then return nil, why or profiles.superseded() end
  return flow
end

--- Returns nil and the error of an unknown action.
function login_start.unknown_action(response)
  local missing = login_start.missing(response)
  return nil, errors.new { code = "unknown_action", action = "none",
    operation = "create_session",
    message = #missing > 0
      and ("The service requires more parameters: %s."):format(
        table.concat(missing, ", "))
      or ("The service returned the action '%s', which is not supported.")
        :format(tostring(response.actionName)) }
end

-- Continues by `actionName`. A session with an unknown action and a code can
-- still be polled.
local function continue_session(context, response, options, number)
  if response.actionName == "authorize" then
    local found, err = login_start.without_login(context, response, options)
    if not found then return nil, err end
    return { state = "done", profile = found, mvpd = found.mvpd,
      session_id = json.text(response.sessionId) }
  end
  if type(response.code) == "string" then
    return code_flow(context, response, options, number)
  end
  return login_start.unknown_action(response)
end

--- Begins a login.
-- @param context
-- @tparam table options of adobepass.flow.login, complete; changed
-- @return what client:start_login returns
function login_start.begin(context, options)
  local denied, broken = denials.recall(context)
  if not denied then return nil, broken end
  local found, err, refused = existing(context, options, denied)
  if err then return nil, err end
  if found then
    return { state = "done", profile = found, mvpd = found.mvpd }
  end
  denials.require_authentication(context, options, refused)
  local number = code_life.next_number(context)
  local response, why = open_session(context, options)
  if not response then return nil, why end
  return continue_session(context, response, options, number)
end

return login_start
