--- The sandbox in nginx, and curl(1) as its client.
--
--   local h = curl_host.start { throttle = false }     -- options of host.start
--   local tv = h.device "tv-1"                         -- registers a client
--   h.curl(tv, "-d", "mvpd=Dish", h.api "/api/v2/REF30/sessions").json
--   h.stop()
local core = require "adobepass.core"
local host = require "adobepass.sandbox.host"
local json = require "adobepass.util.json"
local shell = require "adobepass.util.shell"

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local curl_host = {
  FORM = "Content-Type: application/x-www-form-urlencoded",
  JSON = "Content-Type: application/json",
}

-- Returns the arguments of curl; an argument may be a list of them.
local function flatten(...)
  local list = {}
  for index = 1, select("#", ...) do
    local item = select(index, ...)
    for _, word in ipairs(type(item) == "table" and item or { item }) do
      list[#list + 1] = word
    end
  end
  return list
end

local function parse(output)
  local head, body = output:match "^(.-)\r?\n\r?\n(.*)$"
  head = (head or output):gsub("\r", "")
  local response = { status = tonumber(head:match "^HTTP/%S+ (%d+)"),
                     body = body or "", headers = {} }
  for name, value in head:gmatch "\n([%w-]+): ([^\n]*)" do
    response.headers[name:lower()] = value
  end
  response.json = json.decode(response.body)
  return response
end

--- Starts the sandbox. @param options those of host.start
function curl_host.start(options)
  local running = assert(host.start(options))
  local h = { running = running }

  function h.stop() running:stop() end

  function h.api(path) return running.api .. path end

  --- Runs curl; returns its output.
  function h.output(...)
    local output, status = shell.read(shell.line("curl", "-s", "--max-time",
      "10", "--cacert", running.ca, unpack(flatten(...))))
    assert(status == 0, output)
    return output
  end

  --- Runs curl; returns { status, headers (lower case), body, json }.
  function h.curl(...) return parse(h.output("-i", ...)) end

  function h.control(path, body)
    return h.curl("-H", curl_host.JSON, "-d", body and json.encode(body) or "",
                  running.control .. "/sandbox/" .. path)
  end

  function h.register(...)
    return h.curl("-H", curl_host.JSON, "-d",
      json.encode { software_statement = running.statement },
      h.api "/o/client/register", ...)
  end

  --- Returns the form of a token request.
  function h.grant(credentials)
    return "grant_type=client_credentials&client_id=" .. credentials.client_id
      .. "&client_secret=" .. credentials.client_secret
  end

  function h.token(credentials, ...)
    return h.curl("-H", curl_host.FORM, "-d", h.grant(credentials),
                  h.api "/o/client/token", ...)
  end

  --- Returns a header with the access token of new or given credentials.
  function h.bearer(credentials)
    return "Authorization: Bearer "
      .. h.token(credentials or h.register().json).json.access_token
  end

  --- Registers a client; returns curl's options for a device that uses it.
  function h.device(id)
    return { "-H", h.bearer(), "-H", "AP-Device-Identifier: fingerprint "
      .. core.base64.encode(id) }
  end

  return h
end

return curl_host
