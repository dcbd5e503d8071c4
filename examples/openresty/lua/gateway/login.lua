--- Login: the TV shows a code and polls. Adobe's cookbook, phase B.
-- @module gateway.login

local flows = require "gateway.flows"
local viewer = require "gateway.viewer"

local login = {}

-- The requests to Adobe of one login, one after another, at most: profile of the last
-- provider, all profiles, logout after a denial, session, its missing parameters,
-- profile. Each takes `timeout` at most.
local MOST_REQUESTS = 6

local config

function login.start(given) config = given end

local function shown(flow)
  return { state = flow.state, code = flow.code, url = flow.url, qr = flow.qr,
    mvpd = flow.mvpd, interval = flow.interval, expires_at = flow.expires_at }
end

-- The viewer's attributes are not sent.
local function signed_in(profile)
  return { state = "done", profile = { mvpd = profile.mvpd,
    type = profile.type, not_after = profile.not_after } }
end

local function begin(who, mvpd)
  local view = viewer.new_client(who)
  local flow, err = view:start_login { mvpd = mvpd, interval = config.interval,
    domain_name = config.domain_name, redirect_url = config.redirect_url,
    activation_url = config.activation_url }
  if not flow then return nil, err end
  if flow.state == "done" then return signed_in(flow.profile) end
  flow.asked_for = mvpd
  local kept, why = flows.save(who, flow, view:now_ms())
  return kept and shown(kept), why
end

--- POST /login { mvpd? }: returns a code, or "done" if a viewer is logged in. A
-- repeated request, after a lost response, returns the same code, because a new
-- code would invalidate the first.
function login.post(request)
  local who, mvpd = request.who, request.body.mvpd
  local timeout = config.timeout
  return flows.with_lock(who, 2 * timeout, MOST_REQUESTS * timeout, function()
    local flow, err = flows.load(who)
    if err then return nil, err end
    if flow and flow.asked_for == mvpd then return shown(flow) end
    return begin(who, mvpd)
  end)
end

local function standing(view)
  local profile, err = view:remembered_profile()
  if err then return nil, err end
  return profile and signed_in(profile) or { state = "none" }
end

-- Deletes this login only: the viewer may have started another one during the poll.
local function ended(who, flow, state)
  local good, err = flows.forget(who, flow)
  if not good then return nil, err end
  return { state = state }
end

local function ask(who, view, flow)
  local profile, state = view:poll_login(flow)
  if type(state) == "table" then return nil, state end
  if state == "pending" then return shown(flow) end
  if not profile then return ended(who, flow, state) end
  local good, err = flows.forget(who)
  if not good then return nil, err end
  return signed_in(profile)
end

--- GET /login/status: returns "pending", "done", "expired", "superseded", "denied"
-- or "none". Adobe is polled once per interval, however often the TV polls.
function login.status(request)
  local who, view = request.who, viewer.client(request.who)
  local flow, err = flows.load(who)
  if err then return nil, err end
  if not flow then return standing(view) end
  local reserved, why = flows.reserve_poll(flow)
  if reserved == nil then return nil, why end
  if reserved then return ask(who, view, flow) end
  local response = shown(flow)
  response.retry_after = why
  return response
end

return login
