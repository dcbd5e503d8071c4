--- The list of providers from which a viewer picks one.
-- @module adobepass.flow.providers

local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"

local providers = {}

-- Adobe: cache for about two minutes, per service provider and platform, never
-- per user.
local CACHE_SECONDS = 120

local FIELDS = { temporary = "boolean?", test = "boolean?",
  filter = "function?" }

local function by_name(a, b)
  local left, right = a.display_name:lower(), b.display_name:lower()
  if left ~= right then return left < right end
  return a.id < b.id
end

local function looks_like_a_test(id)
  return id:lower():find("%f[%a]test") ~= nil
end

-- Sorted once, before it is cached.
local function load_list(context)
  local response, err = context.api:configuration()
  if not response then return nil, err end
  local list = {}
  local mvpds = type(response.requestor.mvpds) == "table"
    and response.requestor.mvpds or {}
  for _, item in ipairs(mvpds) do
    if type(item) == "table" and type(item.id) == "string" then
      list[#list + 1] = { id = item.id, logo_url = json.text(item.logoUrl),
        display_name = json.text(item.displayName) or item.id,
        temporary = item.isTempPass == true, details = item,
        is_test = looks_like_a_test(item.id) }
    end
  end
  table.sort(list, by_name)
  context:learn_providers(list)
  return list
end

local function cached_list(context)
  local cache, key = context:shared_cache(), context:platform_key()
  local list = cache:get(key, context:monotonic())
  if list then
    context:emit { type = "cache_hit", what = "configuration" }
    return list
  end
  local fresh, err = load_list(context)
  if not fresh then return nil, err end
  cache:set(key, fresh, context:monotonic() + CACHE_SECONDS)
  return fresh
end

local function is_shown(item, options)
  if item.temporary and not options.temporary then return false end
  if item.is_test and not options.test then return false end
  return not options.filter or options.filter(item)
end

local function copy(item, remembered)
  return { id = item.id, display_name = item.display_name,
    logo_url = item.logo_url, temporary = item.temporary,
    details = item.details, remembered = item.id == remembered or nil }
end

--- Returns the providers to choose from, sorted by name: `id`, `display_name`,
-- `logo_url`, `remembered` (true for the last choice, which comes first),
-- `details` (Adobe's entry). TempPass and test entries are left out unless
-- `temporary` or `test` is true, and those for which `filter(item)` returns
-- false.
--
-- Call it only to show a picker, not while a viewer is logged in.
function providers.providers(context, options)
  options = options_of.check("client:providers", options or {}, FIELDS, 3)
  local list, err = cached_list(context)
  if not list then return nil, err end
  local last = context:recall("provider") or {}
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

--- Keeps the viewer's choice in the store, without an expiry time.
function providers.remember_provider(context, item)
  if type(item) ~= "table" or type(item.id) ~= "string" then
    error("client:remember_provider: the argument should be an entry of "
      .. "client:providers", 3)
  end
  return context:remember("provider", { id = item.id,
    display_name = item.display_name, logo_url = item.logo_url })
end

--- Returns the viewer's last choice; nil when there is none.
function providers.remembered_provider(context)
  return context:recall("provider")
end

return providers
