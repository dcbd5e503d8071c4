--- Operations 11 and 12: decides whether a device may play resources.
-- Pages: rest-api-v2/apis/decisions-apis. A denial is an item of a 200 response.
-- @module adobepass.sandbox.operations.decisions

local degradation = require "adobepass.sandbox.data.degradation"
local errors = require "adobepass.sandbox.engine.errors"
local json = require "adobepass.util.json"
local media_token = require "adobepass.sandbox.data.media_token"
local profile_store = require "adobepass.sandbox.data.profile_store"
local http_response = require "adobepass.sandbox.engine.http_response"
local temp_pass = require "adobepass.sandbox.data.temp_pass"
local trim = require("adobepass.util.text").trim
local users = require "adobepass.sandbox.data.users"
local xml = require "adobepass.util.xml"

local decisions = {}

local DENIED = {
  authorize = "authorization_denied_by_mvpd",
  preauthorize = "preauthorization_denied_by_mvpd",
}

local function deny(source, code, details)
  return { source = source, code = code, details = details }
end

-- The rules by name; ORDER lists them in the order in which the service applies them.
-- Each returns a verdict { source, code? } or nil. A verdict without a code is a
-- permit.
local rules = {}

function rules.misconfigured(item)
  local code = item.context.integration.misconfigured
  if code then return deny(item.source, code) end
end

function rules.too_many(item)
  local context = item.context
  local own, general = context.mvpd.limits or {}, context.sandbox.world.limits
  local kind = item.kind
  if context.sandbox:is_lenient "many_resources" then kind = "preauthorize" end
  if #context.resources > (own[kind] or general[kind]) then
    return deny(item.source, "too_many_resources")
  end
end

function rules.degraded(item)
  local context = item.context
  local rule, entry =
    degradation.rule(context.sandbox, context.provider.id, context.mvpd.id)
  if rule == "AuthZNone" then
    return deny("degradation", "authorization_denied_by_degradation_rule",
                entry.details)
  end
  if rule then return { source = "degradation" } end
end

function rules.temporary(item)
  if not item.context.mvpd.temp_pass then return nil end
  local _, code =
    temp_pass.permit(item.context, item.resource, item.kind == "authorize")
  return { source = "temppass", code = code }
end

function rules.authenticated(item)
  local entry, why = profile_store.find(item.context, item.context.mvpd.id)
  if not entry then
    return deny("mvpd", "authenticated_profile_" .. why)
  end
  item.profile = entry.profile
  item.viewer = item.context.sandbox.world.viewers[entry.profile.username] or {}
end

function rules.dummy(item)
  if item.context.mvpd.dummy then return { source = "dummy" } end
end

function rules.recognized(item)
  if item.viewer.refusal then return deny("mvpd", item.viewer.refusal) end
end

function rules.at_home(item)
  if not item.profile.at_home then return nil end
  local here = { info = item.context.info, address = item.context:address() }
  if not item.context.sandbox:is_at_home(item.viewer, here) then
    return deny("mvpd", "authorization_denied_by_hba_policies")
  end
end

-- A permit of the mvpd is kept until its notAfter, so that the mvpd is not asked
-- again. It is stored in the profile and ends with it.
function rules.kept(item)
  local kept = (item.profile.decisions or {})[item.resource]
  if item.kind == "authorize" and kept
      and item.context.sandbox:now() < kept.not_after then
    return { source = "mvpd", kept = kept }
  end
end

-- A resource may be MRSS, which contains title and rating
-- (page features-standard/entitlements/decisions).
local function content_of(resource, name)
  local content = xml.content(resource, name)
  return content and trim(content)
end

local function title_of(resource)
  return content_of(resource, "title") or resource
end

function rules.reachable(item)
  local sandbox = item.context.sandbox
  local title = title_of(item.resource)
  local row = sandbox.world.resources[title]
  if not row or not row.trouble then return nil end
  local key = item.context.device .. "|" .. title
  local seen = sandbox.state.troubles[key] or 0
  if row.times and seen >= row.times then return nil end
  sandbox.state.troubles[key] = seen + 1
  return deny("mvpd", row.trouble)
end

-- MRSS contains ratings in lower case.
local function rank(world, rating)
  for i, name in ipairs(world.ratings) do
    if name:upper() == rating:upper() then return i end
  end
  return 0
end

function rules.parental(item)
  local world, limit = item.context.sandbox.world, item.viewer.max_rating
  if not limit then return nil end
  local row = world.resources[title_of(item.resource)]
  local rating = row and row.rating
    or content_of(item.resource, "media:rating")
  if rank(world, rating or "") > rank(world, limit) then
    return deny("mvpd", "authorization_denied_by_parental_controls")
  end
end

function rules.packaged(item)
  local details = (item.viewer.lacks or {})[title_of(item.resource)]
  if details then return deny("mvpd", DENIED[item.kind], details) end
end

local ORDER = {
  "misconfigured", "too_many", "degraded", "temporary", "authenticated",
  "dummy", "recognized", "at_home", "kept", "reachable", "parental", "packaged",
}

local function evaluate(context, kind, resource)
  local item = {
    context = context, kind = kind, resource = resource,
    source = context.mvpd.temp_pass and "temppass" or "mvpd",
  }
  for _, name in ipairs(ORDER) do
    local verdict = rules[name](item)
    if verdict then return verdict, item end
  end
  return { source = "mvpd" }, item
end

local function user_of(context, item)
  if item.profile then
    return users.id(item.profile.mvpd, item.profile.username)
  end
  return users.device_hash(context.device)
end

local function decision(context, resource, verdict)
  return {
    resource = resource, serviceProvider = context.provider.id,
    mvpd = context.mvpd.id, source = verdict.source,
    authorized = verdict.code == nil,
    error = verdict.code
      and errors.object(context.sandbox, verdict.code, verdict.details) or nil,
  }
end

-- A decision has its own validity, separate from its token's. Among denials
-- only those of the mvpd have one.
local function set_window(context, result, kept)
  if not result.authorized and result.source ~= "mvpd" then return end
  local now = context.sandbox:now()
  result.notBefore = kept and kept.not_before or now
  result.notAfter = kept and kept.not_after
    or now + context.sandbox.world.lifetimes.decision * 1000
end

local function keep(item, result)
  local profile = item.profile
  profile.authorized = true
  if result.source ~= "mvpd" then return end
  profile.decisions = profile.decisions or {}
  profile.decisions[result.resource] =
    { not_before = result.notBefore, not_after = result.notAfter }
end

local function grant(context, item, result)
  if not result.authorized then return end
  result.token = media_token.new(context.sandbox, {
    service_provider = context.provider.id, mvpd = context.mvpd,
    resource = result.resource, user = user_of(context, item),
  })
  if item.profile then keep(item, result) end
end

local function build_response(context, kind)
  local list = {}
  for i, resource in ipairs(context.resources) do
    local verdict, item = evaluate(context, kind, resource)
    list[i] = decision(context, resource, verdict)
    if kind == "authorize" then
      set_window(context, list[i], verdict.kept)
      grant(context, item, list[i])
    end
  end
  return http_response.json(200, { decisions = json.array(list) })
end

--- 11. Decides before each playback and returns the media token.
function decisions.authorize(context)
  return build_response(context, "authorize")
end

--- 12. Decides for filtering a catalog; returns no token.
function decisions.preauthorize(context)
  return build_response(context, "preauthorize")
end

return decisions
