--- Preauthorization: filters a catalog by what the viewer may watch. Only
-- `authorize` gives the right to play.
-- @module adobepass.flow.preauthorize

local decisions = require "adobepass.flow.decisions"
local identity = require "adobepass.util.identity"
local options_of = require "adobepass.util.options"
local tables = require "adobepass.util.tables"

local preauthorize = {}

local USUAL_LIMIT = 5 -- Adobe: usually five resources in a request
local LONGEST_TIMEOUT = 3600
local FIELDS = identity.fields({ mvpd = "string?" }, identity.ALL)

-- Removes duplicates and keeps the caller's order.
local function unique(resources)
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

local function params_of(mvpd, batch, options)
  return tables.add({ mvpd = mvpd, resources = batch },
    identity.pick(options, identity.ALL))
end

local function request_decisions(context, mvpd, list, options)
  local batches = split(list, context:batch_limit(mvpd) or USUAL_LIMIT)
  -- Adobe accepts one request a second: each batch adds a second.
  local deadline = context:deadline(
    math.min(LONGEST_TIMEOUT, context:timeout() + #batches))
  local calls = {}
  for index, batch in ipairs(batches) do
    calls[index] = params_of(mvpd, batch, options)
  end
  return calls, context:call_all("preauthorize", calls, deadline)
end

local function is_too_many(err)
  return err ~= nil and err.code == "too_many_resources"
end

local function note_denied(context, found, batch, err)
  for _, resource in ipairs(batch) do
    found[resource] = { resource = resource, permitted = false, error = err,
      reason = context:viewer_text(err) }
  end
end

-- The service refuses a whole batch, or each of its items.
local function was_too_many(batch, outcome, read)
  if outcome.err then return is_too_many(outcome.err) end
  return is_too_many(read[batch[1]].error)
end

-- The next limit: half of the largest refused batch, and less than the
-- smallest.
local function learn_limit(context, mvpd, refused)
  local least, most = math.huge, 0
  for _, batch in ipairs(refused) do
    least, most = math.min(least, #batch), math.max(most, #batch)
  end
  context:learn_batch_limit(mvpd,
    math.min(math.floor(most / 2), least - 1))
end

local function joined(batches)
  local list = {}
  for _, batch in ipairs(batches) do
    for _, resource in ipairs(batch) do list[#list + 1] = resource end
  end
  return list
end

-- Adds decisions to `found`; returns the resources to request in smaller
-- batches.
local function collect(context, mvpd, calls, outcomes, found)
  local refused = {}
  for index, call in ipairs(calls) do
    local batch, outcome = call.resources, outcomes[index]
    local read = outcome.value
      and decisions.read(context, "preauthorize", call, outcome.value) or {}
    if was_too_many(batch, outcome, read) and #batch > 1 then
      refused[#refused + 1] = batch
    elseif outcome.err then
      note_denied(context, found, batch, outcome.err)
    end
    for resource, decision in pairs(read) do found[resource] = decision end
  end
  if #refused == 0 then return nil end
  learn_limit(context, mvpd, refused)
  return joined(refused)
end

-- Requests all decisions. A batch that was too large is requested again in
-- smaller ones, down to one resource each.
local function decide(context, mvpd, list, options, found)
  while list do
    local calls, outcomes = request_decisions(context, mvpd, list, options)
    list = collect(context, mvpd, calls, outcomes, found)
  end
end

local function take_permits(context, scope, list, found, ends)
  local missing, is_over = {}, ends ~= nil and ends <= context:now_ms()
  for _, resource in ipairs(list) do
    local known = not is_over and context:permit(scope, resource)
    if known then found[resource] = known
    else missing[#missing + 1] = resource end
  end
  return missing
end

-- A permit of a degradation ends with the rule, and that of a TempPass with the pass,
-- whose end may be unknown.
local function has_known_end(decision, ends)
  local source = decision.source
  return source ~= "degradation" and (source ~= "temppass" or ends ~= nil)
end

-- Caches permits in memory, but no denials, and no permit that may end at any time.
-- Returns the first error that ends the login; nil if there is none.
local function keep_permits(context, scope, list, found, since, ends)
  local first
  for _, resource in ipairs(list) do
    local decision = found[resource]
    if decision.permitted then
      if has_known_end(decision, ends) then
        context:keep_permit(scope, resource, decision, since, ends)
      end
    elseif decisions.ends_login(decision.error) then
      first = first or decision.error
    end
  end
  return first
end

local function result_of(list, found, mvpd)
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
    error(("client:preauthorize: resources should be a list, not %s"):format(
      type(resources)), 4)
  end
  for index, resource in ipairs(resources) do
    if type(resource) ~= "string" or resource == "" then
      error(("client:preauthorize: resources[%d] should be a string, not %s"):format(
        index, resource == "" and "empty" or type(resource)), 4)
    end
  end
end

-- When there is no decision at all, the result is an error, not a catalog in
-- which everything is denied.
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
-- Accepts any number of resources. Duplicates are removed and batches are sent
-- together. This client object caches permits in memory, for a day at most and
-- until its logout or next login. Decisions that the service marks "retry"
-- are requested again within `timeout`. The result has `permitted` (resources,
-- in the order given), `denied` (decisions, each with `reason`, a sentence for
-- the viewer, and `error`) and `decisions` (all of them). It is not a right to
-- play. `ends` is for a TempPass: when its permits end, in ms of the server's time.
function preauthorize.preauthorize(context, resources, options, ends)
  options = options_of.check("client:preauthorize", options or {}, FIELDS, 3)
  check_resources(resources)
  local mvpd, err = decisions.mvpd(context, options.mvpd, "preauthorize")
  if not mvpd then return nil, err end
  local deadline, attempt = context:deadline(), 1
  options, err = context:identify("preauthorize", options, deadline)
  if not options then return nil, err end
  local list, found = unique(resources), {}
  local scope = context:permit_scope(mvpd, options)
  local missing = take_permits(context, scope, list, found, ends)
  while #missing > 0 do
    local since = context:viewer_mark()
    decide(context, mvpd, missing, options, found)
    local denial = keep_permits(context, scope, missing, found, since, ends)
    decisions.note(context, mvpd, denial, since, options)
    local again, delay = decisions.to_repeat(context, found, missing, attempt,
      deadline)
    missing = again
    if #missing > 0 then context:sleep(delay) end
    attempt = attempt + 1
  end
  local result = result_of(list, found, mvpd)
  local broken = failure(result)
  if broken then return nil, broken end
  return result
end

return preauthorize
