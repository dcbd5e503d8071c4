--- Logs the viewer out of every provider.
-- @module adobepass.flow.logout

local code_life = require "adobepass.flow.code_life"
local denials = require "adobepass.flow.denials"
local errors = require "adobepass.api.errors"
local identity = require "adobepass.util.identity"
local options_of = require "adobepass.util.options"

local logout = {}

local FIELDS = identity.fields({ mvpd = "string?", redirect_url = "string?",
  open_url = "function?", on_partner_logout = "function?" })

-- The viewer's browser must visit the provider's page (reference, "Logout is
-- the user's act"). Without `open_url`, or if it fails, the logout ends here.
local function interactive(context, entry, options)
  local url, err = context:absolute_url(entry.url or "", "interactive")
  if not url then return "refused", err end
  if not options.open_url or options.open_url(url, entry.mvpd) == false then
    return "no_browser", nil, url
  end
  return "opened", nil, url
end

-- This action has no URL: the viewer signs out in the system's settings.
local function partner_interactive(_, entry, options)
  if not options.on_partner_logout then return "viewer_to_be_told" end
  options.on_partner_logout(entry.mvpd)
  return "viewer_told"
end

local function none() return "complete" end

local ACTIONS = { interactive = interactive, none = none,
  partner_interactive = partner_interactive }

local function drive(context, mvpd, entry, options)
  entry.mvpd = entry.mvpd or mvpd
  local act = ACTIONS[entry.actionType]
  local outcome, err, url = "unknown", nil, entry.url
  if entry.actionName == "invalid" then outcome = "invalid"
  elseif act then outcome, err, url = act(context, entry, options) end
  return { mvpd = mvpd, action_name = entry.actionName,
    action_type = entry.actionType, outcome = outcome, url = url,
    error = err }
end

-- A TempPass is not a login and needs no logout.
local function known_to_service(context, options)
  local response, err = context.api:profiles(identity.pick(options))
  if not response then return {}, err end
  local list = {}
  for mvpd, item in pairs(response.profiles) do
    local is_pass = type(item) == "table" and item.type == "temporary"
    if not is_pass then list[#list + 1] = mvpd end
  end
  table.sort(list)
  return list
end

-- Returns the provider of the kept profile, then all others that the service
-- knows, because a remaining one would log the viewer in again. When the
-- request fails, returns the kept provider alone, and the error.
local function providers(context, options)
  if options.mvpd then return { options.mvpd } end
  local kept = context:recall("profile")
  local list, err = known_to_service(context, options)
  if kept then table.insert(list, 1, kept.mvpd) end
  return list, err
end

-- The profile of another provider than the named one stays.
local function is_kept_on(context, options)
  local kept = options.mvpd and context:recall("profile")
  return kept and kept.mvpd ~= options.mvpd
end

-- Deletes the viewer's data from the store, or with `mvpd` what concerns this provider.
-- The device's credentials stay.
local function forget_viewer(context, options)
  context:note_logout(options.mvpd)
  local good, err = true, nil
  if not is_kept_on(context, options) then
    good, err = context:forget("profile")
  end
  if not good then return nil, err end
  if options.mvpd then return denials.remove(context, options.mvpd) end
  if select(2, context:recall "provider") then context:forget("provider") end -- damaged
  return context:forget("denied")
end

local function add_outcomes(context, response, options, report)
  for mvpd, entry in pairs(response.logouts) do
    if type(entry) == "table" then
      report[#report + 1] = drive(context, mvpd, entry, options)
    end
  end
end

local function is_in(report, mvpd)
  for _, entry in ipairs(report) do
    if entry.mvpd == mvpd then return true end
  end
  return false
end

-- One response may list several providers (single logout).
local function one(context, mvpd, options, report)
  if is_in(report, mvpd) then return end
  local params = identity.pick(options)
  params.mvpd, params.redirect_url = mvpd, options.redirect_url
  local response, err = context.api:logout(params)
  if response then return add_outcomes(context, response, options, report) end
  report[#report + 1] = { mvpd = mvpd, outcome = "failed", error = err }
end

--- Signs the viewer out: of `mvpd`, or else of every provider that the service
-- knows for this device.
--
-- `redirect_url` is the address that the provider's page opens after the logout;
-- default: that of adobepass.new. Without both, nothing happens, and the error
-- `invalid_parameter_redirect_url` is returned.
-- `open_url(url, mvpd)` opens the provider's page in a browser; without it, or if
-- it returns false, the outcome is "no_browser". `on_partner_logout(mvpd)` tells the
-- viewer to sign out in the system's settings. Returns a report, one entry for each
-- provider: `mvpd`, `action_name`, `action_type`, `outcome` ("opened", "no_browser",
-- "complete", "viewer_told", "viewer_to_be_told", "invalid", "unknown",
-- "refused" or "failed"), `url`, `error`. Deletes the viewer's data on this
-- device in any case, and without `mvpd` ends the device's pending logins, in other
-- processes too; the error `store_failed` means that the store refused one of both.
function logout.logout(context, options)
  options = options_of.check("client:logout", options or {}, FIELDS, 3)
  local redirect_url = options.redirect_url or context:default "redirect_url"
  if (redirect_url or "") == "" then
    return nil, errors.missing_option("logout", "redirect_url")
  end
  local list, err = providers(context, options)
  local forgotten, why = forget_viewer(context, options)
  local ended, cause = true, nil
  if not options.mvpd then ended, cause = code_life.end_all(context) end
  local report = {}
  for _, mvpd in ipairs(list) do one(context, mvpd, options, report) end
  -- Another call may have stored a profile or permits during these requests.
  if forgotten then forgotten, why = forget_viewer(context, options) end
  if #report == 1 and report[1].outcome == "failed" then
    return nil, report[1].error
  end
  if err or not forgotten or not ended then return nil, err or why or cause end
  return report
end

return logout
