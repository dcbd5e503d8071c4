--- Which of many resources may the viewer watch? For filtering a catalog
-- alone: it is no right to play, which is what `authorize` is for.
-- @module adobepass.flow.preauthorize

local decisions = require "adobepass.flow.decisions"
local options_of = require "adobepass.util.options"

local preauthorize = {}

local USUAL_LIMIT = 5 -- Adobe: usually five resources in a request
local FIELDS = { mvpd = "string?", identity = "table?",
  service_token = "string?", subject_token = "string?",
  roku_token = "string?", visitor_id = "string?",
  partner_status = "table or string?" }

-- The order of the caller, each once.
local function folded(resources)
  local list, seen = {}, {}
  for _, resource in ipairs(resources) do
    if not seen[resource] then
      seen[resource] = true
      list[#list + 1] = resource
    end
  end
  return list
end

local function split(list, limit)
  local batches = {}
  for index, resource in ipairs(list) do
    local at = math.floor((index - 1) / limit) + 1
    batches[at] = batches[at] or {}
    table.insert(batches[at], resource)
  end
  return batches
end

local function params_of(mvpd, batch, options, timeout)
  local params = { mvpd = mvpd, resources = batch, timeout = timeout }
  for name in pairs(FIELDS) do params[name] = params[name] or options[name] end
  return params
end

local function ask(client, mvpd, list, options)
  local batches = split(list, client:batch_limit(mvpd) or USUAL_LIMIT)
  -- Adobe takes one request a second: many batches need their time.
  local timeout = math.min(3600, client:timeout() + #batches)
  local calls = {}
  for index, batch in ipairs(batches) do
    calls[index] = params_of(mvpd, batch, options, timeout)
  end
  return calls, client:call_all("preauthorize", calls)
end

local function is_too_many(err)
  return err ~= nil and err.code == "too_many_resources"
end

local function note_denied(found, batch, err)
  for _, resource in ipairs(batch) do
    found[resource] = { resource = resource, permitted = false, error = err,
      reason = err:viewer_text() }
  end
end

-- A whole batch can be refused, or each of its items.
local function was_too_many(batch, outcome, read)
  if outcome.err then return is_too_many(outcome.err) end
  return #batch > 1 and is_too_many(read[batch[1]].error)
end

-- Half of what was too much, and less than the least that was.
local function learn_limit(client, mvpd, refused)
  local least, most = math.huge, 0
  for _, batch in ipairs(refused) do
    least, most = math.min(least, #batch), math.max(most, #batch)
  end
  client:learn_batch_limit(mvpd,
    math.min(math.floor(most / 2), least - 1))
end

local function joined(batches)
  local list = {}
  for _, batch in ipairs(batches) do
    for _, resource in ipairs(batch) do list[#list + 1] = resource end
  end
  return list
end

-- Notes what was decided; answers what is to be asked for in smaller batches.
local function collect(client, mvpd, calls, outcomes, found)
  local refused = {}
  for index, call in ipairs(calls) do
    local batch, outcome = call.resources, outcomes[index]
    local read = outcome.value
      and decisions.read(client, "preauthorize", call, outcome.value) or {}
    if was_too_many(batch, outcome, read) and #batch > 1 then
      refused[#refused + 1] = batch
    elseif outcome.err then
      note_denied(found, batch, outcome.err)
    end
    for resource, decision in pairs(read) do found[resource] = decision end
  end
  if #refused == 0 then return nil end
  learn_limit(client, mvpd, refused)
  return joined(refused)
end

-- Asks for all; what was refused for being too many is asked for in smaller
-- batches, which ends at one resource each.
local function decide(client, mvpd, list, options, found)
  while list do
    local calls, outcomes = ask(client, mvpd, list, options)
    list = collect(client, mvpd, calls, outcomes, found)
  end
end

local function take_permits(client, scope, list, found)
  local missing = {}
  for _, resource in ipairs(list) do
    local known = client:permit(scope, resource)
    if known then found[resource] = known
    else missing[#missing + 1] = resource end
  end
  return missing
end

-- Permits alone are kept, in memory alone.
local function keep_permits(client, scope, mvpd, list, found)
  for _, resource in ipairs(list) do
    if found[resource].permitted then
      client:keep_permit(scope, resource, found[resource])
    end
    decisions.note(client, mvpd, found[resource].error)
  end
end

local function in_order(list, found, mvpd)
  local result = { mvpd = mvpd, permitted = {}, denied = {}, decisions = {},
    is_right_to_play = false }
  for index, resource in ipairs(list) do
    local decision = found[resource]
    result.decisions[index] = decision
    table.insert(decision.permitted and result.permitted or result.denied,
      decision.permitted and resource or decision)
  end
  return result
end

local function check_resources(resources)
  if type(resources) ~= "table" then
    error("client:preauthorize: a list of resources expected", 3)
  end
  for _, resource in ipairs(resources) do
    if type(resource) ~= "string" or resource == "" then
      error("client:preauthorize: resources should be strings", 3)
    end
  end
end

-- Nothing at all could be decided: that is an error, and not a catalog in
-- which all is locked.
local function failure(result)
  local first = result.denied[1]
  if #result.permitted > 0 or not first then return nil end
  for _, decision in ipairs(result.denied) do
    if decision.source or (decision.error.http_status or 0) == 200 then
      return nil
    end
  end
  return first.error
end

--- Filters a catalog.
--
-- Any number of resources: duplicates are folded, batches go together, permits
-- are cached by this client or view, in memory, for a day at the most and
-- until its logout or next login, and only what the service marks "retry" is
-- asked for again, if that is within `timeout`. The result has `permitted`
-- (resources, in your order), `denied` (decisions, each with `reason`, a
-- sentence for the viewer, and `error`) and `decisions` (all of them). It is
-- not a right to play.
function preauthorize.preauthorize(client, resources, options)
  options = options_of.check("client:preauthorize", options or {}, FIELDS, 2)
  check_resources(resources)
  local mvpd, err = decisions.mvpd(client, options.mvpd, "preauthorize")
  if not mvpd then return nil, err end
  local list, found = folded(resources), {}
  local scope = client:permit_scope(mvpd, options)
  local missing = take_permits(client, scope, list, found)
  local deadline = client:monotonic() + client:timeout()
  local attempt = 1
  while #missing > 0 do
    decide(client, mvpd, missing, options, found)
    keep_permits(client, scope, mvpd, missing, found)
    missing = decisions.to_repeat(found, missing, attempt)
    if #missing > 0 then client:pause(attempt) end
    if client:monotonic() >= deadline then break end
    attempt = attempt + 1
  end
  local result = in_order(list, found, mvpd)
  local broken = failure(result)
  if broken then return nil, broken end
  return result
end

return preauthorize
