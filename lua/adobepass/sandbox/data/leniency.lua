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
  profiles_follow_device = "regular profiles outlive new client credentials",
  no_logout_redirect = "logout without redirectUrl",
  any_domain = "domainName and redirectUrl outside the provider's domains",
  many_resources = "several resources in one authorize request",
  unlisted_headers = "Adobe's headers where the page does not list them",
  unlisted_parameters = "Adobe's parameters where the page does not list them",
  repeated_parameters = "a parameter or member that is given twice",
  content_type = "a form without its content type",
  client_authentication = "two client authentication mechanisms at once",
  malformed_device_info = "malformed X-Device-Info at every operation",
}

local function names()
  local list = {}
  for name in pairs(leniency.NAMES) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function add(set, name)
  if not leniency.NAMES[name] then
    return nil, ("world.mode: unknown leniency '%s'; known: %s"):format(
      tostring(name), table.concat(names(), ", "))
  end
  set[name] = true
  return true
end

--- Parses the member `mode` of a world.
-- @param mode nil, "strict", "lenient" or a list of names
-- @return set of names | nil, message
function leniency.parse(mode)
  local set = {}
  if mode == nil or mode == "strict" then return set end
  local list = mode == "lenient" and names() or mode
  if type(list) ~= "table" then
    return nil, "world.mode: expected 'strict', 'lenient' or a list of names"
  end
  for _, name in pairs(list) do
    local ok, message = add(set, name)
    if not ok then return nil, message end
  end
  return set
end

return leniency
