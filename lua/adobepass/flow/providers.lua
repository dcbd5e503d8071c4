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

-- What the picker of a partner's framework needs (Adobe's page
-- apple-sso-cookbook-rest-api-v2), by name here and in the response.
local PARTNER_FIELDS = {
  platform_mapping_id = { "platformMappingId", "string" },
  boarding_status = { "boardingStatus", "string" },
  enable_platform_services = { "enablePlatformServices", "boolean" },
  display_in_platform_picker = { "displayInPlatformPicker", "boolean" },
  enforce_platform_permissions = { "enforcePlatformPermissions", "boolean" },
  required_metadata_fields = { "requiredMetadataFields", "table" },
}

local function looks_like_a_test(id)
  return id:lower():find("%f[%a]test") ~= nil
end

-- Returns nil if the entry has none of these fields.
local function partner_fields(given)
  local found
  for name, field in pairs(PARTNER_FIELDS) do
    local value = given[field[1]]
    if type(value) == field[2] then
      found = found or {}
      found[name] = value
    end
  end
  return found
end

local function new_item(given)
  return { id = given.id, logo_url = json.text(given.logoUrl),
    display_name = json.text(given.displayName) or given.id,
    temporary = given.isTempPass == true, details = given,
    is_test = looks_like_a_test(given.id), partner = partner_fields(given) }
end

local function by_name(a, b)
  local left, right = a.display_name:lower(), b.display_name:lower()
  if left ~= right then return left < right end
  return a.id < b.id
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
      list[#list + 1] = new_item(item)
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
  local result = { id = item.id, display_name = item.display_name,
    logo_url = item.logo_url, temporary = item.temporary,
    details = item.details, remembered = item.id == remembered or nil }
  if item.partner then
    for name, value in pairs(item.partner) do result[name] = value end
  end
  return result
end

--- Returns the providers to choose from, sorted by name: `id`, `display_name`,
-- `logo_url`, `remembered` (true for the last choice, which comes first),
-- `details` (Adobe's entry). On a device with a partner's single sign-on also what
-- Apple's picker needs: `platform_mapping_id` (the provider's id at the partner),
-- `enable_platform_services` (the provider supports the single sign-on),
-- `display_in_platform_picker`, `enforce_platform_permissions` (the viewer's permission
-- at the partner is binding), `boarding_status` ("SUPPORTED", or "PICKER" for a
-- provider that is only shown) and `required_metadata_fields` (a list).
--
-- TempPass and test entries are left out unless `temporary` or `test` is true, and
-- those for which `filter(item)` returns false.
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
  local provider, err = context:recall("provider")
  return provider, err
end

return providers
