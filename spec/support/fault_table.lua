--- The expected result of each fault of the sandbox, for the fault matrix.
--
--   { name, fault,
--     once = { ends, requests }, always = { ends, requests }, but = { ... } }
--
-- `ends` is "value" or an error's code, `requests` the number of requests.
-- `once`: the fault occurs in the first request, `always`: in each one. `but` has
-- different results for single operations, and for these groups:
--
--   unsafe  register and link: not idempotent, so they are not repeated
--   bare    register and token: sent without a bearer; errors have the format
--           of DCR
--   empty   the response has no body

local fault_table = {}

fault_table.UNSAFE = { register = true, link = true }
fault_table.BARE = { register = true, token = true }
fault_table.EMPTY = { reset_temp_pass = true, reset_temp_pass_key = true }

local list = {}

local function add(name, fault, once, always, but)
  list[#list + 1] = { name = name, fault = fault, once = once,
    always = always, but = but or {} }
end

local function both(ends, requests)
  return { once = { ends, requests }, always = { ends, requests } }
end

-- One request, no retry.
local function add_final(name, fault, ends, but)
  add(name, fault, { ends, 1 }, { ends, 1 }, but)
end

-- Succeeds at a retry, if the operation may be retried.
local function add_retried(name, fault, code, but)
  but = but or {}
  but.unsafe = but.unsafe or both(code, 1)
  add(name, fault, { "value", 2 }, { code, 3 }, but)
end

-- The server did not process the request: any operation may be retried.
local function add_unprocessed(name, fault, code)
  add(name, fault, { "value", 2 }, { code, 3 })
end

local EMPTY_SUCCEEDS = { empty = both("value", 1) }

add_final("a delay beyond the deadline", { kind = "delay", seconds = 31 },
  "timeout")
add_final("a delay within the deadline", { kind = "delay", seconds = 10 },
  "value")

for _, status in ipairs { 500, 502, 503, 504 } do
  add_retried("status " .. status, { kind = "status", status = status },
    "http_" .. status)
end
add_unprocessed("status 503, Retry-After 2",
  { kind = "status", status = 503, retry_after = 2 }, "http_503")
add_final("status 503, Retry-After beyond the deadline",
  { kind = "status", status = 503, retry_after = 60 }, "http_503")
for _, status in ipairs { 301, 302, 303, 307, 308, 400, 403, 404, 418 } do
  add_final("status " .. status, { kind = "status", status = status },
    "http_" .. status)
end
add_final("status 200 with a page", { kind = "status", status = 200 },
  "malformed_response")
add_final("status 204", { kind = "status", status = 204 }, "http_204", EMPTY_SUCCEEDS)
add("status 401", { kind = "status", status = 401 }, { "value", 2 },
  { "unauthorized", 2 }, { bare = both("unauthorized", 1) })

add_unprocessed("status 429", { kind = "too_many_requests" }, "too_many_requests")
add_unprocessed("status 429, Retry-After 3",
  { kind = "too_many_requests", retry_after = 3 }, "too_many_requests")
add_final("status 429, Retry-After beyond the deadline",
  { kind = "too_many_requests", retry_after = 60 }, "too_many_requests")

add_retried("a reset before the response", { kind = "reset_before" },
  "connection_lost")
-- A SAML response is valid once, and the first request consumed it.
add_retried("a reset within the response", { kind = "reset_within" },
  "connection_lost", { partner_profile = {
    once = { "invalid_parameter_saml_response", 2 },
    always = { "connection_lost", 3 } } })
add_final("a reset after the response", { kind = "reset_after" }, "value")

add_final("half of the JSON", { kind = "truncated" }, "malformed_response",
  EMPTY_SUCCEEDS)
add_final("garbage", { kind = "garbage" }, "malformed_response", EMPTY_SUCCEEDS)
add_final("another content type", { kind = "wrong_content_type" }, "value")
add_final("64 MiB of body", { kind = "huge" }, "too_large")
add_final("1 MiB of body", { kind = "huge", bytes = 1024 * 1024 }, "value")
add_final("a slow body", { kind = "drip", seconds = 0.1, bytes = 256 }, "value")
add_final("a body too slow", { kind = "drip", seconds = 4, bytes = 1 },
  "timeout", EMPTY_SUCCEEDS)
add_final("a failure of TLS", { kind = "tls" }, "tls_failed")

local function error_of(code) return { kind = "error", code = code } end

add_retried("an internal error", error_of "internal_server_error",
  "internal_server_error", { bare = both("internal_server_error", 1) })
add_retried("an error with the action retry",
  error_of "network_connection_timeout", "network_connection_timeout")
for _, code in ipairs { "authenticated_profile_missing",
  "too_many_resources", "invalid_configuration_platform",
  "invalid_integration" } do
  add_final("the error " .. code, error_of(code), code)
end
add("an unknown application",
  error_of "invalid_access_token_client_application", { "value", 2 },
  { "invalid_access_token_client_application", 3 },
  -- A refused management call never registers the viewer's application again.
  { empty = { once = { "value", 2 },
      always = { "invalid_access_token_client_application", 2 } },
    bare = both("invalid_access_token_client_application", 1) })

fault_table.list = list

--- Returns the expected result of one case, and its number of requests.
-- @param times "once" or "always"
function fault_table.expected(row, operation, times)
  local but = row.but
  local other = but[operation]
    or fault_table.EMPTY[operation] and but.empty
    or fault_table.BARE[operation] and but.bare
    or fault_table.UNSAFE[operation] and but.unsafe
  local ends = (other or row)[times]
  return ends[1], ends[2]
end

return fault_table
