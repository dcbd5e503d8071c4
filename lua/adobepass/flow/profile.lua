--- Profiles as a program wants them: mvpd, type, issuer, not_before, not_after
-- (ms), attributes; chosen, opened, remembered.
-- @module adobepass.flow.profile

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local profile = {}

-- One page of Adobe's speaks of JWE: five parts. Rather said than guessed.
local function is_jwe(text)
  return select(2, text:gsub("%.", "")) == 4
end

local function open_one(value, options)
  local sealed = type(value) == "string" and core.base64.decode(value)
  if not sealed or not options.metadata_key then return nil end
  return options.metadata_key:decrypt(sealed, options.metadata_padding)
end

-- A plain value is never decoded, whatever it looks like: reference,
-- "Encrypted user metadata".
local function attributes_of(given, options)
  local plain, encrypted = {}, nil
  for name, attribute in pairs(type(given) == "table" and given or {}) do
    if type(name) == "string" and type(attribute) == "table" then
      if attribute.state ~= "enc" then
        plain[name] = attribute.value
      else
        plain[name] = open_one(attribute.value, options)
        if plain[name] == nil then
          encrypted = encrypted or {}
          encrypted[name] = attribute.value
        end
      end
    end
  end
  return plain, encrypted
end

--- One profile of ours from one of Adobe's.
function profile.new(mvpd, given, options)
  local attributes, encrypted = attributes_of(given.attributes, options)
  return { mvpd = mvpd, type = given.type, issuer = given.issuer,
    not_before = json.number(given.notBefore),
    not_after = json.number(given.notAfter),
    attributes = attributes, encrypted = encrypted }
end

local function is_valid(client, item)
  return item.not_after ~= nil and item.not_after > client:now_ms()
end

-- Said aloud: the programmer would look for a wrong key.
local function warn_of_jwe(client, item, options)
  for _, value in pairs(options.metadata_key and item.encrypted or {}) do
    if type(value) == "string" and is_jwe(value) then
      client:emit { type = "warning", code = "metadata_jwe",
        message = "An encrypted attribute is a JWE, which is not supported." }
      return
    end
  end
end

--- All valid profiles of an answer, the one valid longest first.
function profile.list(client, answer, options)
  local list = {}
  for mvpd, given in pairs(answer.profiles) do
    local item = type(given) == "table" and profile.new(mvpd, given, options)
    if item and is_valid(client, item) then
      warn_of_jwe(client, item, options)
      list[#list + 1] = item
    end
  end
  table.sort(list, function(a, b)
    if a.not_after ~= b.not_after then return a.not_after > b.not_after end
    return a.mvpd < b.mvpd
  end)
  return list
end

--- The one to use: of the wanted mvpd, by the caller's choice, or the one
-- valid longest. TempPass and degraded access are no login.
function profile.choose(list, options)
  local candidates = {}
  for _, item in ipairs(list) do
    local wanted = not options.mvpd or options.mvpd == item.mvpd
    if wanted and (item.type ~= "temporary" or options.mvpd) then
      candidates[#candidates + 1] = item
    end
  end
  if #candidates > 1 and options.choose then
    return options.choose(candidates)
  end
  return candidates[1]
end

-- A pass lives beside a login, and takes neither its place nor that of the
-- provider whom the viewer chose.
local function is_in_the_way(client, item)
  local kept = item.type == "temporary" and client:recall("profile")
  return kept and kept.type ~= "temporary" and is_valid(client, kept)
end

local function keep(client, item)
  local seconds = (item.not_after - client:now_ms()) / 1000
  if seconds <= 0 or is_in_the_way(client, item) then return true end
  return client:remember("profile", item, seconds)
end

local function keep_provider(client, item)
  if item.type == "temporary" then return true end
  local provider = client:recall("provider")
  if provider and provider.id == item.mvpd then return true end
  return client:remember("provider", { id = item.mvpd })
end

--- Keeps a profile until its end, and the choice of provider for good: the
-- profile; or nil and an error where the store is broken.
function profile.remember(client, item)
  local good, err = keep(client, item)
  if good then good, err = keep_provider(client, item) end
  if not good then return nil, err end
  return item
end

-- It may have been kept before the key was at hand.
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

--- The profile that was kept, if it is still valid; nil and an error where the
-- store is broken.
function profile.recall(client, options)
  local item, err = client:recall("profile")
  if not item then return nil, err end
  if not is_wanted(item, options.mvpd) or not is_valid(client, item) then
    return nil
  end
  client:emit { type = "cache_hit", what = "profile" }
  return open_kept(item, options)
end

return profile
