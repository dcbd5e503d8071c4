--- Headers that an application adds to a request: of client:request and of the
-- option `on_request`.
-- @module adobepass.api.added_headers

local added_headers = {}

-- The client sets these headers, or libcurl does.
local REFUSED = { authorization = true, ["proxy-authorization"] = true,
  host = true, connection = true, ["content-length"] = true,
  ["transfer-encoding"] = true }

local function complain(where, format, ...)
  error(where .. ": " .. format:format(...))
end

local function check_header(where, name, value)
  if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    complain(where, "headers should be a table from name to value")
  elseif REFUSED[name:lower()] then
    complain(where, "the header '%s' may not be set", name)
  elseif type(value) ~= "string" or value:find "[%z\1-\31\127]" then
    complain(where, "the header '%s' should be a string without control characters",
      name)
  end
end

--- Raises a usage error for a header that may not be set.
-- @string where the option or method, for the message
-- @tparam table headers from name to value
function added_headers.check(where, headers)
  if type(headers) ~= "table" then
    complain(where, "headers should be a table from name to value")
  end
  for name, value in pairs(headers) do check_header(where, name, value) end
end

--- Returns a request with added headers. A header that the request has is not
-- replaced. The given request stays as it is, because its headers may be shared.
-- @string where see check
-- @tparam table built of adobepass.api.request
-- @tparam table headers from name to value; a wrong one raises a usage error
function added_headers.apply(where, built, headers)
  added_headers.check(where, headers)
  if next(headers) == nil then return built end
  local copy, all, known = {}, {}, {}
  for name, value in pairs(built.headers or {}) do
    all[name], known[name:lower()] = value, true
  end
  for name, value in pairs(headers) do
    if not known[name:lower()] then all[name] = value end
  end
  for name, value in pairs(built) do copy[name] = value end
  copy.headers = all
  return copy
end

return added_headers
