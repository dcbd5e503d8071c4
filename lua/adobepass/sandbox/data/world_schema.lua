--- Completes a world with the defaults, and checks it as a whole.
--
-- docs/sandbox.md describes every field. The schema is a tree of kinds. A kind is a
-- table; each member is optional:
--   type    Lua type of the value
--   least, most, whole   limits of a number
--   read    function(value) -> any | nil, message
--   among   function(world) -> a table whose keys are the allowed strings
--   noun    what `among` lists, for the message
--   fields  record: name -> kind; `required` lists names that must be present
--   each    map: kind of every value; `names` is the kind of the keys
--   item    list: kind of every element; `filled`: at least one element
--   choose  function(value) -> the kind that applies to this value
--   check   function(value, world) -> name of a field, message | nil
-- @module adobepass.sandbox.data.world_schema

local core = require "adobepass.core"
local default_world = require "adobepass.sandbox.data.world"
local errors = require "adobepass.sandbox.engine.errors"
local leniency = require "adobepass.sandbox.data.leniency"
local options = require "adobepass.util.options"

local world_schema = {}

local CENTURY = 100 * 365 * 86400
local LARGEST_COUNT = 1000000

local ANY, TEXT, FLAG = {}, { type = "string" }, { type = "boolean" }
local PUBLIC_KEY = { type = "string", read = core.public_key }
local SECONDS = { type = "number", least = 0, most = CENTURY, whole = true }
local COUNT = { type = "number", least = 0, most = LARGEST_COUNT, whole = true }

local function record(fields, required, check)
  return { type = "table", fields = fields, required = required or {},
           check = check }
end

local function map(each, names)
  return { type = "table", each = each, names = names }
end

local function list(item, filled)
  return { type = "table", item = item, filled = filled }
end

-- @param source a set, or function(world) -> set
local function one_of(noun, source)
  return { type = "string", noun = noun,
    among = type(source) == "function" and source
      or function() return source end }
end

local function set_of(names)
  local set = {}
  for _, name in ipairs(type(names) == "table" and names or {}) do
    set[name] = true
  end
  return set
end

local function section(name)
  return function(world)
    return type(world[name]) == "table" and world[name] or {}
  end
end

-- Returns the set of the error codes with the given action, or of all codes.
local function codes(action)
  local set = {}
  for code, entry in pairs(errors.known) do
    if not action or entry.action == action then set[code] = true end
  end
  return set
end

local PROVIDER = one_of("provider", section "providers")
local MVPD = one_of("mvpd", section "mvpds")
local RATING = one_of("rating",
  function(world) return set_of(world.ratings) end)
local LIMITS = record { authorize = COUNT, preauthorize = COUNT }

local MODE = {
  word = one_of("mode", set_of { "strict", "lenient" }),
  names = list(one_of("leniency", leniency.NAMES)),
}

local function integrates(world, provider, mvpd)
  local row = section "providers"(world)[provider]
  local integrations = type(row) == "table" and row.integrations
  return type(integrations) ~= "table" or integrations[mvpd] ~= nil
end

-- A rule for a pair without an integration would never apply.
local function check_degradation(rule, world)
  if section "mvpds"(world)[rule.mvpd]
      and not integrates(world, rule.provider, rule.mvpd) then
    return "mvpd", ("%s has no integration with '%s'"):format(
      tostring(rule.provider), rule.mvpd)
  end
end

--- The kind of a complete world.
world_schema.SCHEMA = record {
  defaults = FLAG,
  mode = { choose = function(value)
    return type(value) == "table" and MODE.names or MODE.word
  end },
  lifetimes = record {
    code = SECONDS, access_token = SECONDS, profile = SECONDS,
    profile_unknown_platform = SECONDS, decision = SECONDS,
    media_token = SECONDS, service_token = SECONDS,
    service_token_refresh = SECONDS, link_code = SECONDS,
  },
  throttle = record { burst = COUNT, forget_after = SECONDS },
  limits = LIMITS,
  management = record { scope = TEXT },
  sso_service = record { token_field = TEXT, link_field = TEXT },
  applications = list(record({
    id = TEXT, name = TEXT, uri = TEXT, redirect_uri = TEXT,
    scopes = list(TEXT), providers = list(PROVIDER),
  }, { "id", "name", "scopes", "providers" }), true),
  providers = map(record({
    name = TEXT, domains = list(TEXT, true), certificate = FLAG,
    identity_keys = list(PUBLIC_KEY),
    integrations = map(record {
      enabled = FLAG, encrypt = list(TEXT), partner_sso = FLAG,
      misconfigured = one_of("error code", codes()),
    }, MVPD),
  }, { "name", "domains", "integrations" })),
  mvpds = map(record {
    display_name = TEXT, logo_url = TEXT, logout = FLAG, hidden = FLAG,
    proxy = TEXT, partner_id = TEXT, dummy = FLAG, limits = LIMITS,
    temp_pass = record({ ttl = SECONDS, resources = COUNT, identity = TEXT },
      { "ttl" }),
    picker = map(ANY),
  }),
  degradation = list(record({
    provider = PROVIDER, mvpd = MVPD, details = TEXT,
    rule = one_of("rule", set_of { "AuthNAll", "AuthZAll", "AuthZNone" }),
  }, { "provider", "mvpd", "rule" }, check_degradation)),
  viewers = map(record({
    password = TEXT, mvpds = list(MVPD), attributes = map(ANY),
    after_authorization = map(ANY), lacks = map(TEXT), max_rating = RATING,
    home = list(TEXT), refusal = one_of("error code", codes()),
  }, { "password" })),
  resources = map(record {
    rating = RATING, trouble = one_of("error code", codes "retry"),
    times = COUNT,
  }),
  ratings = list(TEXT),
  partners = map(record({ profile_type = TEXT }, { "profile_type" })),
}

-- Emptied by `defaults = false`.
local NAMED = { "applications", "providers", "mvpds", "degradation", "viewers",
                "resources" }

local function sorted_names(value)
  local names = {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local function join(path, name)
  if type(name) == "number" then return ("%s[%d]"):format(path, name) end
  name = tostring(name)
  if not name:find "^[%a_][%w_]*$" then return ('%s["%s"]'):format(path, name) end
  return path == "" and name or path .. "." .. name
end

local function with_article(noun)
  return (noun:find "^[aeiou]" and "an " or "a ") .. noun
end

local function type_of(value)
  local name = type(value)
  return name == "userdata" and "null" or name == "nil" and name
    or with_article(name)
end

local function number_fault(kind, value)
  if value >= kind.least and value <= kind.most
      and not (kind.whole and value % 1 ~= 0) then
    return nil
  end
  return ("expected a %snumber from %d to %.0f, got %s"):format(
    kind.whole and "whole " or "", kind.least, kind.most, tostring(value))
end

local function unknown(noun, name, known)
  return ("unknown %s '%s'%s"):format(noun, tostring(name),
    options.suggest(name, known))
end

local function list_fault(kind, value)
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  if count ~= #value then return "expected a list, got named fields" end
  if kind.filled and count == 0 then return "expected at least one element" end
end

-- Returns what is wrong with a value itself, not with its members; or nil.
local function fault_of(kind, value, world)
  if kind.type and type(value) ~= kind.type then
    return ("expected %s, got %s"):format(with_article(kind.type),
      type_of(value))
  elseif kind.least then
    return number_fault(kind, value)
  elseif kind.read then
    return select(2, kind.read(value))
  elseif kind.among then
    local known = kind.among(world)
    return known[value] == nil and unknown(kind.noun, value, known) or nil
  elseif kind.item then
    return list_fault(kind, value)
  end
end

-- Returns the kind of a member; nil and a message if there is no such member.
local function member_kind(kind, name, world)
  if kind.item then return kind.item end
  if kind.fields then
    if kind.fields[name] then return kind.fields[name] end
    return nil, unknown("field", name, kind.fields)
  end
  local fault = fault_of(kind.names or TEXT, name, world)
  if fault then return nil, fault end
  return kind.each
end

-- Returns the path of a member: its name after those of the tables around it. Only
-- a mistake needs it, and most worlds have none.
local function path_of(parent, name)
  if not parent then return "" end
  return join(path_of(parent.parent, parent.name), name)
end

local function report(self, parent, name, message)
  self[#self + 1] = ("%s: %s"):format(path_of(parent, name), message)
end

-- Checks the member `name` of `parent`, { parent =, name = }; a world has neither.
local function check(self, kind, value, parent, name)
  if kind.choose then kind = kind.choose(value) end
  local fault = fault_of(kind, value, self.world)
  if fault then return report(self, parent, name, fault) end
  if not (kind.fields or kind.each or kind.item) then return end
  local here = { parent = parent, name = name }
  for _, field in ipairs(sorted_names(value)) do
    local member, message = member_kind(kind, field, self.world)
    if member then
      check(self, member, value[field], here, field)
    else
      report(self, here, field, message)
    end
  end
  for _, field in ipairs(kind.required or {}) do
    if value[field] == nil then report(self, here, field, "missing") end
  end
  if kind.check then
    local field, message = kind.check(value, self.world)
    if field then report(self, here, field, message) end
  end
end

-- Records and maps are merged name by name; any other value replaces the default.
local function merge(kind, default, given)
  if given == nil then return default end
  if not (kind and (kind.fields or kind.each))
      or type(default) ~= "table" or type(given) ~= "table" then
    return given
  end
  local result = {}
  for name, value in pairs(given) do result[name] = value end
  for name, value in pairs(default) do
    result[name] = merge(kind.each or kind.fields[name], value, given[name])
  end
  return result
end

local function defaults_for(given)
  if given.defaults ~= false then return default_world end
  local result = {}
  for name, value in pairs(default_world) do result[name] = value end
  for _, name in ipairs(NAMED) do result[name] = {} end
  return result
end

--- Merges a world over the defaults, and checks the result.
-- @tparam ?table given nil: the default world itself, which is not checked
-- @tparam ?string source name of the file, for the message
-- @treturn ?table the complete world, which shares tables with `given`
-- @treturn ?string all mistakes, one a line, each with its path
function world_schema.complete(given, source)
  local title = "invalid world" .. (source and " " .. source or "")
  if given == nil then return default_world end
  if type(given) ~= "table" then
    return nil, ("%s: expected a table, got %s"):format(title, type_of(given))
  end
  local world = merge(world_schema.SCHEMA, defaults_for(given), given)
  local mistakes = { world = world }
  check(mistakes, world_schema.SCHEMA, world)
  if #mistakes == 0 then return world end
  return nil, ("%s: %d mistake%s\n  %s"):format(title, #mistakes,
    #mistakes == 1 and "" or "s", table.concat(mistakes, "\n  "))
end

local function listed_providers(applications)
  local listed = {}
  for _, application in ipairs(applications) do
    for _, id in ipairs(application.providers) do listed[id] = true end
  end
  return listed
end

--- Returns warnings of entries that may be meant, but with which a client is refused.
-- Providers of the default world are left out.
-- @tparam table world a complete world
-- @treturn {string,...} each with the path of its entry
function world_schema.warnings(world)
  local warnings, listed = {}, listed_providers(world.applications)
  local default = world.defaults == false and {} or default_world.providers
  for index, application in ipairs(world.applications) do
    if not application.redirect_uri then
      warnings[#warnings + 1] = ("applications[%d].redirect_uri: missing; a "
        .. "registration that sends none fails with invalid_redirect_uri"):format(index)
    end
  end
  for _, id in ipairs(sorted_names(world.providers)) do
    if not listed[id] and not default[id] then
      warnings[#warnings + 1] = join("providers", id) .. ": no application has this "
        .. "service provider; add it to applications[].providers"
    end
  end
  return warnings
end

return world_schema
