--- The named leniencies: rules of Adobe's pages that a world can turn off.
--
-- The member `mode` of a world selects them:
--   mode = "strict"                    none; also without `mode`
--   mode = "lenient"                   all leniencies
--   mode = { "any_domain", ... }       the listed leniencies
-- @module adobepass.sandbox.data.leniency

local leniency = {}

--- name -> what the sandbox accepts when the leniency is on
leniency.NAMES = {
  profiles_follow_device = "regular profiles of earlier client credentials",
  no_logout_redirect = "logout without redirectUrl",
  any_domain = "domainName and redirectUrl outside the provider's domains",
  many_resources = "several resources in one authorize request",
  unlisted_headers = "Adobe's headers where the page does not list them",
  unlisted_parameters = "Adobe's parameters where the page does not list them",
  repeated_parameters = "a parameter or member that is given twice",
  content_type = "a form without its content type",
  client_authentication = "two client authentication mechanisms at once",
  two_platform_tokens = "the platform tokens of Amazon and Roku in one request",
  numeric_expiration_date = "expirationDate of the partner status as a number",
  malformed_device_info = "malformed X-Device-Info at every operation",
}

--- Returns the set of the leniencies that a world turns on.
-- @param mode the member `mode` of a valid world
function leniency.parse(mode)
  local set = {}
  if mode == "lenient" then
    for name in pairs(leniency.NAMES) do set[name] = true end
  elseif mode ~= "strict" then
    for _, name in ipairs(mode) do set[name] = true end
  end
  return set
end

return leniency
