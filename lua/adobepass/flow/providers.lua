--- The list from which a viewer picks a provider.
-- @module adobepass.flow.providers

local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"

local providers = {}

-- About two minutes, per service provider and platform, never per user.
local CACHE_SECONDS = 120

local FIELDS = { temporary = "boolean?", test = "boolean?",
  filter = "function?" }

local function by_name(a, b)
  local left, right = a.display_name:lower(), b.display_name:lower()
  if left ~= right then return left < right end
  return a.id < b.id
end

-- Sorted here, once for all who ask while it is cached.
local function load_list(client)
  local answer, err = client.api:configuration()
  if not answer then return nil, err end
  local list = {}
  local mvpds = type(answer.requestor.mvpds) == "table"
    and answer.requestor.mvpds or {}
  for _, item in ipairs(mvpds) do
    if type(item) == "table" and type(item.id) == "string" then
      list[#list + 1] = { id = item.id, logo_url = json.text(item.logoUrl),
        display_name = json.text(item.displayName) or item.id,
        temporary = item.isTempPass == true, details = item }
    end
  end
  table.sort(list, by_name)
  return list
end

local function cached_list(client)
  local cache, key = client:shared_cache(), client:platform_key()
  local list = cache:get(key, client:monotonic())
  if list then
    client:emit { type = "cache_hit", what = "configuration" }
    return list
  end
  local fresh, err = load_list(client)
  if not fresh then return nil, err end
  cache:set(key, fresh, client:monotonic() + CACHE_SECONDS)
  return fresh
end

local function looks_like_a_test(item)
  return item.id:lower():find("%f[%a]test") ~= nil
end

local function is_shown(item, options)
  if item.temporary and not options.temporary then return false end
  if looks_like_a_test(item) and not options.test then return false end
  return not options.filter or options.filter(item)
end

local function copy(item, remembered)
  return { id = item.id, display_name = item.display_name,
    logo_url = item.logo_url, temporary = item.temporary,
    details = item.details, remembered = item.id == remembered or nil }
end

--- The providers to choose from: `id`, `display_name`, `logo_url`,
-- `remembered` (the one of last time, which comes first), `details` (Adobe's
-- own entry); sorted by name. TempPass and test entries are left out unless
-- `temporary` or `test` is true; `filter(item)` leaves out more.
--
-- Ask for it only to show a picker: never when somebody is logged in.
function providers.providers(client, options)
  options = options_of.check("client:providers", options or {}, FIELDS, 2)
  local list, err = cached_list(client)
  if not list then return nil, err end
  local last = client:recall("provider") or {}
  local first, others = {}, {}
  for _, item in ipairs(list) do
    if is_shown(item, options) then
      table.insert(item.id == last.id and first or others,
        copy(item, last.id))
    end
  end
  for _, item in ipairs(others) do first[#first + 1] = item end
  return first
end

--- Keeps the viewer's choice for good, for the next time.
function providers.remember_provider(client, item)
  if type(item) ~= "table" or type(item.id) ~= "string" then
    error("client:remember_provider: an entry of client:providers expected", 2)
  end
  return client:remember("provider", { id = item.id,
    display_name = item.display_name, logo_url = item.logo_url })
end

--- The choice of last time, or nil.
function providers.remembered_provider(client)
  return client:recall("provider")
end

return providers
