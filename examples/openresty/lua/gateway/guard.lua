--- Checks the tickets of requests for playlists and segments.
--
-- Sends no request to the store or to Adobe. The signature is checked once for each
-- ticket and worker; expiry, path and device each time.
-- @module gateway.guard

-- luacheck: globals ngx

local lrucache = require "resty.lrucache"
local metrics = require "gateway.metrics"
local problem = require "gateway.problem"
local ticket = require "gateway.ticket"

local guard = {}

-- Tickets in the cache, about 1 KiB each. The next request with an evicted ticket
-- computes one HMAC.
local MOST = 2000

local PLAY_AGAIN = "Request a new ticket: POST /play/<channel>."

local devices, tickets, opened

--- @param of_devices verifies device cookies; see gateway.sign
-- @param of_tickets verifies tickets
function guard.start(of_devices, of_tickets)
  devices, tickets, opened = of_devices, of_tickets, lrucache.new(MOST)
end

local function open(kind, text)
  local known = opened:get(text)
  if known and known.kind == kind then return known end
  local found = ticket.open(tickets, kind, text)
  if not found then return nil end
  found.kind = kind
  found.prefix = "/hls/" .. found.channel .. "/"
  opened:set(text, found)
  return found
end

-- The device cookie is stored with the ticket after the first check.
local function is_holder(found, cookie)
  if not cookie then return false end
  if found.cookie == cookie then return true end
  local id = devices:open("device", cookie)
  if not id or ticket.holder(id) ~= found.holder then return false end
  found.cookie = cookie
  return true
end

local function refuse(status, code, message)
  metrics.count_file "refused"
  return problem.send(problem.new(status, code, message, "play"))
end

local function check(kind, text, path)
  local found = text and open(kind, text)
  if not found then
    return refuse(401, "ticket_missing", PLAY_AGAIN)
  elseif found.expires <= ngx.time() then
    return refuse(401, "ticket_expired", PLAY_AGAIN)
  elseif path:sub(1, #found.prefix) ~= found.prefix then
    return refuse(403, "ticket_foreign", "The ticket is for another channel.")
  elseif kind == "cookie"
      and not is_holder(found, ngx.var.cookie_gateway_device) then
    return refuse(403, "ticket_foreign", "The ticket belongs to another device.")
  end
  metrics.count_file "served"
end

--- For access_by_lua: checks the ticket in the cookie.
function guard.cookie()
  return check("cookie", ngx.var.cookie_gateway_ticket, ngx.var.uri)
end

--- For access_by_lua: checks the ticket in the path, which gateway.conf has copied into
-- a variable.
function guard.url()
  return check("url", ngx.var.gateway_ticket, ngx.var.uri)
end

return guard
