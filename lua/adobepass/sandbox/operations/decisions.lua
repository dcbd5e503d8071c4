--- Operations 11 and 12: may this device play these resources?
-- Pages: rest-api-v2/apis/decisions-apis. A denial is an item of a 200.
-- @module adobepass.sandbox.operations.decisions

local degradation = require "adobepass.sandbox.data.degradation"
local errors = require "adobepass.sandbox.engine.errors"
local json = require "adobepass.util.json"
local media_token = require "adobepass.sandbox.data.media_token"
local profile_store = require "adobepass.sandbox.data.profile_store"
local respond = require "adobepass.sandbox.engine.respond"
local temp_pass = require "adobepass.sandbox.data.temp_pass"
local users = require "adobepass.sandbox.data.users"

local decisions = {}

local DENIED = {
  authorize = "authorization_denied_by_mvpd",
  preauthorize = "preauthorization_denied_by_mvpd",
}

local function deny(source, code, details)
  return { source = source, code = code, details = details }
end

-- The rules, in the order in which the service looks: each gives a verdict
-- { source, code? } or nil. No code: permitted.
local rules = {}

function rules.misconfigured(ask)
  local code = ask.call.integration.misconfigured
  if code then return deny(ask.source, code) end
end

function rules.too_many(ask)
  local call = ask.call
  local limits = call.mvpd.limits or call.box.world.limits
  if #call.resources > limits[ask.kind] then
    return deny(ask.source, "too_many_resources")
  end
end

function rules.degraded(ask)
  local call = ask.call
  local rule = degradation.rule(call.box, call.provider.id, call.mvpd.id)
  if rule == "AuthZNone" then
    return deny("degradation", "authorization_denied_by_degradation_rule")
  end
  if rule then return { source = "degradation" } end
end

function rules.temporary(ask)
  if not ask.call.mvpd.temp_pass then return nil end
  local _, code =
    temp_pass.permit(ask.call, ask.resource, ask.kind == "authorize")
  return { source = "temppass", code = code }
end

function rules.authenticated(ask)
  local entry, why = profile_store.find(ask.call, ask.call.mvpd.id)
  if not entry then
    return deny("mvpd", "authenticated_profile_" .. why)
  end
  ask.profile = entry.profile
  ask.viewer = ask.call.box.world.viewers[entry.profile.username] or {}
end

function rules.dummy(ask)
  if ask.call.mvpd.dummy then return { source = "dummy" } end
end

function rules.recognized(ask)
  if ask.viewer.refusal then return deny("mvpd", ask.viewer.refusal) end
end

function rules.at_home(ask)
  if not ask.profile.at_home then return nil end
  local here = { info = ask.call.info, address = ask.call:address() }
  if not ask.call.box:is_at_home(ask.viewer, here) then
    return deny("mvpd", "authorization_denied_by_hba_policies")
  end
end

-- A resource may come as MRSS, with title and rating inside
-- (page features-standard/entitlements/decisions).
local function title_of(resource)
  return resource:match "<title>%s*(.-)%s*</title>" or resource
end

function rules.reachable(ask)
  local box = ask.call.box
  local title = title_of(ask.resource)
  local row = box.world.resources[title]
  if not row or not row.trouble then return nil end
  local key = ask.call.device .. "|" .. title
  local seen = box.state.troubles[key] or 0
  if row.times and seen >= row.times then return nil end
  box.state.troubles[key] = seen + 1
  return deny("mvpd", row.trouble)
end

local function rank(world, rating)
  for i, name in ipairs(world.ratings) do
    if name == rating then return i end
  end
  return 0
end

function rules.parental(ask)
  local world, limit = ask.call.box.world, ask.viewer.max_rating
  if not limit then return nil end
  local row = world.resources[title_of(ask.resource)]
  local rating = row and row.rating
    or ask.resource:match "<media:rating[^>]*>%s*(.-)%s*</media:rating>"
  if rank(world, (rating or ""):upper()) > rank(world, limit) then
    return deny("mvpd", "authorization_denied_by_parental_controls")
  end
end

function rules.packaged(ask)
  local details = (ask.viewer.lacks or {})[title_of(ask.resource)]
  if details then return deny("mvpd", DENIED[ask.kind], details) end
end

local ORDER = {
  "misconfigured", "too_many", "degraded", "temporary", "authenticated",
  "dummy", "recognized", "at_home", "reachable", "parental", "packaged",
}

local function judge(call, kind, resource)
  local ask = {
    call = call, kind = kind, resource = resource,
    source = call.mvpd.temp_pass and "temppass" or "mvpd",
  }
  for _, name in ipairs(ORDER) do
    local verdict = rules[name](ask)
    if verdict then return verdict, ask end
  end
  return { source = "mvpd" }, ask
end

local function user_of(call, ask)
  if ask.profile then
    return users.id(ask.profile.mvpd, ask.profile.username)
  end
  return users.device_hash(call.device)
end

local function decision(call, resource, verdict)
  return {
    resource = resource, serviceProvider = call.provider.id,
    mvpd = call.mvpd.id, source = verdict.source,
    authorized = verdict.code == nil,
    error = verdict.code
      and errors.object(call.box, verdict.code, verdict.details) or nil,
  }
end

-- A decision has a window of its own, beside that of its token; of denials
-- only the mvpd's have one.
local function set_window(call, result)
  if not result.authorized and result.source ~= "mvpd" then return end
  result.notBefore = call.box:now()
  result.notAfter =
    result.notBefore + call.box.world.lifetimes.decision * 1000
end

local function grant(call, ask, result)
  if not result.authorized then return end
  result.token = media_token.new(call.box, {
    service_provider = call.provider.id, mvpd = call.mvpd,
    resource = result.resource, user = user_of(call, ask),
  })
  if ask.profile then ask.profile.authorized = true end
end

local function answer(call, kind)
  local list = {}
  for i, resource in ipairs(call.resources) do
    local verdict, ask = judge(call, kind, resource)
    list[i] = decision(call, resource, verdict)
    if kind == "authorize" then
      set_window(call, list[i])
      grant(call, ask, list[i])
    end
  end
  return respond.json(200, { decisions = json.array(list) })
end

--- 11. Before each playback: decides and gives the media token.
function decisions.authorize(call)
  return answer(call, "authorize")
end

--- 12. To filter a catalog: decides, gives no token.
function decisions.preauthorize(call)
  return answer(call, "preauthorize")
end

return decisions
