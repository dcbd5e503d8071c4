--- CORS headers of the API (Fetch standard), as in Adobe's 429 sample
-- (page throttling-mechanism), with the headers that the sample lacks and a page of an
-- operation lists, but not those that servers and RokuOS add. The pages and the control
-- API have none.
-- @module adobepass.sandbox.engine.cors

local http_response = require "adobepass.sandbox.engine.http_response"

local cors = {}

local HEADERS = {
  { "Access-Control-Allow-Credentials", "true" },
  { "Access-Control-Allow-Methods", "POST,GET,OPTIONS,DELETE" },
  { "Access-Control-Allow-Headers", "ap_11,ap_42,ap_z,ap_19,ap_21,ap_23,"
    .. "authorization,content-type,pass_sfp,AP-Session-Identifier,"
    .. "AP-Device-Identifier,AP-SDK-Identifier,X-Device-Info,"
    .. "AD-Service-Token,Adobe-Subject-Token,AP-Partner-Framework-Status,"
    .. "AP-TempPass-Identity,AP-Visitor-Identifier,X-SSO-ID,X-SSO-LINK" },
  { "Access-Control-Expose-Headers", "pass_sfp,Authzf-Error-Code,"
    .. "Authzf-Sub-Error-Code,Authzf-Error-Details" },
}

local function is_api(request)
  return request.host_role ~= "mgmt" and (request.plain_path:find "^/api/" ~= nil
    or request.plain_path:find "^/o/client/" ~= nil)
end

--- Returns the response to a preflight request for the API, else nil.
function cors.preflight(request)
  if request.method == "OPTIONS" and is_api(request) and request.headers.origin
      and request.headers["access-control-request-method"] then
    return http_response.empty(204)
  end
end

--- Adds the headers to a response of the API. The origin is echoed, because
-- `*` is not allowed together with credentials.
function cors.add(request, response)
  if not is_api(request) then return end
  for _, header in ipairs(HEADERS) do
    table.insert(response.headers, { header[1], header[2] })
  end
  local origin = request.headers.origin
  if origin and origin:find "^[%w_+.:/%[%]-]+$" then
    table.insert(response.headers, { "Access-Control-Allow-Origin", origin })
    table.insert(response.headers, { "Vary", "Origin" })
  end
end

return cors
