--- Playback: authorizes with Adobe each time, and issues a short-lived ticket for
-- the channel's files. Adobe's cookbook, phase D.
-- @module gateway.play

-- luacheck: globals ngx

local errors = require "adobepass.api.errors"
local media_token = require "adobepass.media_token"
local problem = require "gateway.problem"
local signed_uri = require "gateway.signed_uri"
local ticket = require "gateway.ticket"
local viewer = require "gateway.viewer"

local play = {}

local COOKIE = "gateway_ticket=%s; Path=/hls/%s/; Max-Age=%d%s"

local config, tickets, client, used_tokens

--- @param given see gateway.config
-- @param of_tickets see gateway.sign
-- @param of_gateway an adobepass client; its clock follows the server's
-- @param store where used media tokens are recorded
function play.start(given, of_tickets, of_gateway, store)
  config, tickets, client, used_tokens = given, of_tickets, of_gateway, store
end

local function find_channel(request)
  local channel = config.channels.by_id[request.argument]
  if channel then return channel end
  return nil, problem.new(404, "no_such_channel", "Unknown channel.")
end

local function denied(decision)
  local made = problem.from(decision.error)
  made.status = decision.error.action == "authentication" and 401 or 403
  made.retry_after = nil
  return nil, made
end

-- EXPERIMENTAL, as adobepass.media_token; skipped without a key. The token comes
-- directly from Adobe and is not passed on, so it is verified once here and needs
-- no check for reuse.
local function verify(view, decision)
  if not config.media_key then return true end
  local good, message = media_token.verify(decision.media_token, {
    key = config.media_key, resource = decision.resource,
    requestor = config.service_provider, now_ms = view:now_ms() })
  if good then return true end
  return nil, problem.new(502, "media_token_refused", message, "retry")
end

local function with_cookie(channel, text, seconds)
  viewer.set_cookie(COOKIE:format(text, channel.id, seconds, config.cookie_ending))
  return ("/hls/%s/index.m3u8"):format(channel.id)
end

local function with_url(channel, text)
  return ("/hls/%s/~%s/index.m3u8"):format(channel.id, text)
end

local function playlist_of(device_id, channel, kind, expires, seconds)
  if config.cdn then
    return signed_uri.issue(config.cdn, { channel = channel.id, expires = expires })
  end
  local text = ticket.issue(tickets, kind, { channel = channel.id,
    holder = ticket.holder(device_id), expires = expires })
  return (kind == "url" and with_url or with_cookie)(channel, text, seconds)
end

-- A ticket ends no later than the pass: files are served without a request to Adobe.
local function admit(device_id, channel, kind, pass_seconds)
  local seconds = math.min(config.ticket_seconds, math.ceil(pass_seconds or math.huge))
  local expires = ngx.time() + seconds
  return { channel = channel.id, expires_at = expires * 1000,
    playlist = playlist_of(device_id, channel, kind, expires, seconds) }
end

-- The pass of a decision, if the viewer chose it at the login or on the second screen;
-- nil and an error if the settings do not list it. Its time begins with the first
-- playback. The last title may play when the pass has no other.
local function pass_of(view, decision)
  if decision.source ~= "temppass" then return nil end
  if not config.is_pass[decision.mvpd] then
    return nil, problem.from(errors.new { code = "pass_not_offered",
      action = "authentication", message = "The gateway does not offer this pass: log "
        .. "in with another provider." })
  end
  local pass = view:temporary_access { mvpd = decision.mvpd }
  local known, err = pass:refresh()
  if known or err.code:find "^temporary_access_" then return pass end
  return nil, err
end

-- Returns the decision, nil, and the seconds that are left of a pass, if known; or nil
-- and an error.
local function decide(view, channel, with_pass)
  local pass = with_pass and view:temporary_access { mvpd = config.passes }
  local decision, err = (pass or view):authorize(channel.resource)
  if not decision or not decision.permitted then return decision, err end
  if not pass then pass, err = pass_of(view, decision) end
  if not pass then return not err and decision or nil, err end
  local left, why = pass:remaining_ms()
  if why then return nil, why end
  return decision, nil, left and left / 1000
end

--- POST /play/<channel> { ticket = "cookie" (default) or "url", pass = true for
-- temporary access }: returns the URL of the playlist. A request before `expires_at`
-- returns a new ticket. With the setting `cdn` the URL is signed for the CDN, for
-- either kind of ticket.
function play.post(request)
  local channel, missing = find_channel(request)
  if not channel then return nil, missing end
  local kind = request.body.ticket or "cookie"
  if kind ~= "cookie" and kind ~= "url" then
    return nil, problem.new(400, "bad_request",
      "invalid 'ticket': expected 'cookie' or 'url'")
  end
  local with_pass = request.body.pass
  if with_pass and not config.passes then
    return nil, problem.new(400, "bad_request",
      "invalid 'pass': the gateway has no passes")
  end
  local view = viewer.client(request.who)
  local decision, err, pass_seconds = decide(view, channel, with_pass)
  if not decision then return nil, err end
  if not decision.permitted then return denied(decision) end
  local good, why = verify(view, decision)
  if not good then return nil, why end
  return admit(request.who.id, channel, kind, pass_seconds)
end

-- The token comes from a TV, so each is accepted once.
local function verify_once(channel, token)
  local fields, message, code = media_token.verify(token, {
    key = config.media_key, resource = channel.resource,
    requestor = config.service_provider, now_ms = client:now_ms(),
    once = used_tokens })
  if fields then return fields end
  if code == "store_failed" then return nil, problem.store(message) end
  return nil, problem.new(403, "media_token_refused", message, "authorization")
end

--- POST /ticket/<channel> { media_token }: for a TV that authorizes with Adobe
-- itself. Returns the URL of the playlist, which contains a ticket.
function play.redeem(request)
  local channel, missing = find_channel(request)
  if not channel then return nil, missing end
  if not config.media_key then
    return nil, problem.new(404, "no_media_key",
      "The gateway has no key to verify media tokens.")
  end
  local fields, err = verify_once(channel, request.body.media_token)
  if not fields then return nil, err end
  return admit(fields.session_guid or "", channel, "url")
end

return play
