--- Converts, decrypts and selects the profiles of Adobe's responses, and keeps
-- one in the store.
--
-- A profile has `mvpd`, `type`, `issuer`, `not_before` and `not_after` (ms),
-- `attributes`, `encrypted` (attributes that could not be decrypted), and
-- `attribute_errors` (error codes of attributes that the service could not return).
-- @module adobepass.flow.profile

local denials = require "adobepass.flow.denials"
local encoding = require "adobepass.util.encoding"
local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local json = require "adobepass.util.json"
local options_of = require "adobepass.util.options"
local tables = require "adobepass.util.tables"

local profile = {}

-- One of Adobe's pages mentions JWE, whose compact form has five parts.
local function is_jwe(text)
  return select(2, text:gsub("%.", "")) == 4
end

local UTF8 = { "[\194-\223][\128-\191]", "[\224-\239][\128-\191][\128-\191]",
  "[\240-\244][\128-\191][\128-\191][\128-\191]" }

local function is_text(bytes)
  for _, pattern in ipairs(UTF8) do bytes = bytes:gsub(pattern, "") end
  return not bytes:find "[^\t\r\n\32-\126]"
end

-- Tries every key: two certificates may be active. A wrong key may return meaningless
-- bytes (see key:decrypt), so the longest result that is text is used.
local function open_one(value, options)
  local sealed, plain = type(value) == "string"
    and encoding.base64_decode(value), nil
  if not sealed or not options.metadata_key then return nil end
  for _, key in ipairs(options_of.list(options.metadata_key)) do
    local text = key:decrypt(sealed, options.metadata_padding)
    if text and is_text(text) and (not plain or #text > #plain) then
      plain = text
    end
  end
  return plain
end

local function put(item, field, name, value)
  if value == nil or value == json.null then return end
  item[field] = item[field] or {}
  item[field][name] = value
end

local LONGEST_CODE = 100

-- Returns the error code of an attribute; nil if it has none. Other text of the server
-- might contain a secret.
local function error_code_of(attribute)
  local code = json.text(attribute.error)
  if not code or #code <= LONGEST_CODE and code:find "^[%w_.-]+$" then return code end
  return "unknown_error"
end

-- Reference, "Encrypted user metadata": a plain value is never decoded, even
-- when it looks like base64.
local function put_attribute(item, name, attribute, options)
  local value = attribute.value
  if attribute.state == "enc" then
    value = open_one(attribute.value, options)
    if value == nil then put(item, "encrypted", name, attribute.value) end
  end
  put(item, "attributes", name, value)
  put(item, "attribute_errors", name, error_code_of(attribute))
end

--- Converts a profile of Adobe's response.
function profile.new(mvpd, given, options)
  local item = { mvpd = mvpd, type = given.type, issuer = given.issuer,
    not_before = json.number(given.notBefore),
    not_after = json.number(given.notAfter), attributes = {} }
  local attributes = type(given.attributes) == "table" and given.attributes or {}
  for name, attribute in pairs(attributes) do
    if type(name) == "string" and type(attribute) == "table" then
      put_attribute(item, name, attribute, options)
    end
  end
  return item
end

local function is_valid(context, item)
  return item.not_after ~= nil and item.not_after > context:now_ms()
end

-- Without this warning the key would seem to be wrong.
local function warn_of_jwe(context, item, options)
  for _, value in pairs(options.metadata_key and item.encrypted or {}) do
    if type(value) == "string" and is_jwe(value) then
      context:emit { type = "warning", code = "metadata_jwe",
        message = "An encrypted attribute is a JWE, which is not supported." }
      return
    end
  end
end

--- Returns the valid profiles of a response, the one valid longest first.
function profile.list(context, response, options)
  local list = {}
  for mvpd, given in pairs(response.profiles) do
    local item = type(given) == "table" and profile.new(mvpd, given, options)
    if item and is_valid(context, item) then
      warn_of_jwe(context, item, options)
      list[#list + 1] = item
    end
  end
  table.sort(list, function(a, b)
    if a.not_after ~= b.not_after then return a.not_after > b.not_after end
    return a.mvpd < b.mvpd
  end)
  return list
end

--- Returns the profile to use of a list: by `choose`, or the one valid longest.
function profile.pick(list, choose)
  if #list > 1 and choose then return choose(list) end
  return list[1]
end

--- Returns the profile to use: of `options.mvpd`, by `options.choose`, or the
-- one valid longest. A TempPass is not a login: it is used only when its mvpd
-- is named.
function profile.choose(list, options)
  local candidates = {}
  for _, item in ipairs(list) do
    local wanted = not options.mvpd or options.mvpd == item.mvpd
    if wanted and (item.type ~= "temporary" or options.mvpd) then
      candidates[#candidates + 1] = item
    end
  end
  return profile.pick(candidates, options.choose)
end

-- A TempPass exists beside a login. It replaces neither the login's profile nor
-- the provider that the viewer chose. The records are read before they are replaced,
-- because one of a newer version must stay.
local function keep(context, item)
  local kept, err = context:recall("profile")
  if err then return nil, err end
  local seconds = (item.not_after - context:now_ms()) / 1000
  local is_beside_login = item.type == "temporary" and kept
    and kept.type ~= "temporary" and is_valid(context, kept)
  if seconds <= 0 or is_beside_login then return true end
  return context:remember("profile", item, seconds)
end

local function keep_provider(context, item)
  if item.type == "temporary" then return true end
  local provider, err = context:recall("provider")
  if err then return nil, err end
  local known = context:known_provider(item.mvpd)
  if provider and provider.id == item.mvpd
      and (provider.display_name or not known) then
    return true
  end
  return context:remember("provider", known or { id = item.mvpd })
end

-- Keeps a profile in the store until it expires. Also keeps the choice of provider,
-- without an expiry time, with its name and logo if the client has requested the
-- configuration. Returns the profile; nil and an error when the store fails.
local function remember(context, item)
  local good, err = keep(context, item)
  if good then good, err = keep_provider(context, item) end
  if not good then return nil, err end
  return item
end

--- Keeps the profile of a login, and drops the permits of the previous viewer. Fails if
-- the device has logged out of the provider since the request: the profile may be that
-- of the viewer who has logged out.
-- @param context
-- @tparam table item
-- @tparam table since the result of context:viewer_mark() before the request
-- @return the profile; nil and an error
function profile.log_in(context, item, since)
  if context:has_logged_out(since, item.mvpd) then
    return nil, profile.superseded()
  end
  context:clear_permits()
  return remember(context, item)
end

-- Decrypts attributes of a profile that was kept before the key was available.
local function open_kept(item, options)
  for name, value in pairs(item.encrypted or {}) do
    local plain = open_one(value, options)
    item.attributes[name] = plain
    if plain ~= nil then item.encrypted[name] = nil end
  end
  if item.encrypted and not next(item.encrypted) then item.encrypted = nil end
  return item
end

local function is_wanted(item, mvpd)
  if mvpd then return item.mvpd == mvpd end
  return item.type ~= "temporary"
end

--- Returns whether a request of this device with these options shows a profile: the
-- service shows an Apple profile only with the partner's status.
function profile.is_visible(context, item, options)
  return item.type ~= "appleSSO" or options.partner_status ~= nil
    or context:has_identity "partner_status"
end

--- Returns the kept profile while it is valid; nil and an error when the store
-- fails.
-- @param context
-- @tparam table options of a login
-- @tparam table denied the providers that denied access, of
-- adobepass.flow.denials.recall
function profile.recall(context, options, denied)
  local item, err = context:recall("profile")
  if not item then return nil, err end
  if not is_wanted(item, options.mvpd) or not is_valid(context, item)
      or denials.concerns(context, denied, item) then
    return nil
  end
  context:emit { type = "cache_hit", what = "profile" }
  return open_kept(item, options)
end

--- Returns the profile kept by the last login while it is valid, without a
-- request; nil when there is none; nil and an error when the store fails.
function profile.remembered_profile(context)
  local item, err = context:recall("profile")
  if not item then return nil, err end
  return is_valid(context, item) and item or nil
end

local FIELDS = identity.fields {}

--- Requests the device's profiles: a list, the one valid longest first. The options
-- are the fields of adobepass.util.identity.
function profile.profiles(context, options)
  options = options_of.check("client:profiles", options or {}, FIELDS, 3)
  local response, err = context.api:profiles(identity.pick(options))
  if not response then return nil, err end
  return profile.list(context, response, {})
end

local REFRESH = identity.fields({ mvpd = "string?",
  metadata_key = options_of.one_or_more("userdata", true),
  metadata_padding = "string?" })

--- Requests the profile again: some attributes change after authorization.
-- Options, all of them optional: `mvpd` (default: that of the login), and as in
-- `login` `metadata_key`, `metadata_padding` and the fields of the identity.
function profile.refresh_profile(context, options)
  options = options_of.check("client:refresh_profile", options or {}, REFRESH,
    3)
  local kept, broken, text = context:recall("profile")
  if broken then return nil, broken end
  local mvpd = options.mvpd or kept and kept.mvpd
  if not mvpd then return nil, profile.not_logged_in("refresh_profile") end
  local since = context:viewer_mark()
  local response, err = context.api:profile(
    tables.add({ mvpd = mvpd }, identity.pick(options)))
  if not response then return nil, err end
  local found = profile.choose(profile.list(context, response, options),
    { mvpd = mvpd })
  if found and not context:is_current(since) then return found end
  if found then return remember(context, found) end
  if kept and kept.mvpd == mvpd and profile.is_visible(context, kept, options) then
    context:forget("profile", text)
  end
  return nil, profile.not_logged_in("refresh_profile")
end

--- Returns the error of a login that a newer one, or a logout, has ended.
function profile.superseded()
  return errors.new { code = "login_superseded", action = "none", operation = "login",
    message = "The device has begun a newer login, or has logged out." }
end

--- Returns the error of a flow that needs a login first.
function profile.not_logged_in(operation)
  return errors.new { code = "not_logged_in", action = "authentication",
    operation = operation,
    message = "No viewer is logged in on this device, and no mvpd was given." }
end

return profile
