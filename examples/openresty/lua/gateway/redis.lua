--- The way to Redis, for the store and for the rate limit.
-- @module gateway.redis

local redis = {}

local function load_client()
  for _, name in ipairs { "resty.redis", "nginx.redis" } do
    local found, client = pcall(require, name)
    if found then return client end
  end
  error "install lua-resty-redis (Debian: lua-nginx-redis)"
end

local function dial(client, settings)
  if settings.socket then return client:connect("unix:" .. settings.socket) end
  return client:connect(settings.host, settings.port, { pool = ("gateway:%s:%d"
    .. ":%d"):format(settings.host, settings.port, settings.database) })
end

-- Once for each connection; it keeps what it was told.
local function introduce(client, settings)
  if client:get_reused_times() ~= 0 then return true end
  if settings.password and not client:auth(settings.password) then
    return nil, "it refused the password"
  end
  if settings.database ~= 0 and not client:select(settings.database) then
    return nil, "it refused the database"
  end
  return true
end

--- A function that answers a connected client, or nil and a sentence.
function redis.connector(settings)
  local module = load_client()
  return function()
    local client = module:new()
    client:set_timeout(settings.timeout * 1000)
    local done, reason = dial(client, settings)
    if done then done, reason = introduce(client, settings) end
    if done then return client end
    return nil, ("Redis cannot be reached: %s."):format(tostring(reason))
  end
end

return redis
