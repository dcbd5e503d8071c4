--- Profiles as a program wants them: mvpd, type, issuer, not_before, not_after
-- (ms), attributes; chosen, opened, remembered.
-- @module adobepass.flow.profile

local core = require "adobepass.core"

local profile = {}

-- One page of Adobe's speaks of JWE: five parts. Rather said than guessed.
local function is_jwe(text)
  return select(2, text:gsub("%.", "")) == 4
end

local function open_one(value, options)
  local sealed = type(value) == "string" and not is_jwe(value)
    and core.base64.decode(value)
  if not sealed or not options.metadata_key then return nil end
  return options.metadata_key:decrypt(sealed, options.metadata_padding)
end

-- A plain value is never decoded, whatever it looks like: reference,
-- "Encrypted user metadata".
local function attributes_of(given, options)
  local plain, encrypted = {}, nil
  for name, attribute in pairs(type(given) == "table" and given or {}) do
    if type(attribute) == "table" then
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
    not_before = tonumber(given.notBefore),
    not_after = tonumber(given.notAfter),
    attributes = attributes, encrypted = encrypted }
end

local function is_valid(client, item)
  return item.not_after ~= nil and item.not_after > client:now_ms()
end

--- All valid profiles of an answer, the one valid longest first.
function profile.list(client, answer, options)
  local list = {}
  for mvpd, given in pairs(answer.profiles) do
    local item = type(given) == "table" and profile.new(mvpd, given, options)
    if item and is_valid(client, item) then list[#list + 1] = item end
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

--- Keeps a profile until its end, and the choice of provider for good.
function profile.remember(client, item)
  local seconds = (item.not_after - client:now_ms()) / 1000
  if seconds > 0 then client:remember("profile", item, seconds) end
  local provider = client:recall("provider")
  if not provider or provider.id ~= item.mvpd then
    client:remember("provider", { id = item.mvpd })
  end
  return item
end

--- The profile that was kept, if it is still valid; nil and an error where the
-- store is broken.
function profile.recall(client, mvpd)
  local item, err = client:recall("profile")
  if err then return nil, err end
  if item and is_valid(client, item) and (not mvpd or item.mvpd == mvpd) then
    client:emit { type = "cache_hit", what = "profile" }
    return item
  end
end

return profile
