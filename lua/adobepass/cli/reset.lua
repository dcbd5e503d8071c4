--- adobepass reset: resets a TempPass.
-- @module adobepass.cli.reset

local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local temp_pass = require "adobepass.util.temp_pass"
local terminal = require "adobepass.cli.terminal"
local text = require "adobepass.util.text"

local reset = {
  name = "reset",
  summary = "Reset a TempPass for a device, a viewer or everyone.",
}

local DESCRIPTION = [[
Resets a TempPass, so that temporary access is available again: for one device,
for one viewer of a promotional TempPass, or with --everyone for all. The
service does not tell whether there was anything to reset.]]

local EPILOG = [[
Examples:
  adobepass reset --mvpd TempPass --this-device
  adobepass reset --mvpd TempPass --device-id ba23d141-d715-561c
  echo user@domain.com | adobepass reset --mvpd flexibleTempPass --key -
  adobepass reset --mvpd TempPass --everyone]]

--- Declares the options.
function reset.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG)
  local targets = {
    parser:flag("--this-device", "Reset it for this device."),
    parser:option("--device-id", "Reset it for the device with this identifier.")
      :argname("<id>"),
    parser:option("--key", "Reset a promotional TempPass for the viewer with "
      .. "this identity, whose SHA-256 is sent, or with this SHA-256 or SHA-512. "
      .. "Other users of this machine can read the arguments of a command; with -, "
      .. "the identity is read from standard input."):argname("<key>"),
    parser:flag("--everyone", "Reset it for all devices of all viewers."),
  }
  parser:mutex(targets[1], targets[2], targets[3], targets[4])
  local by = parser:flag("--by-key", "With --everyone: reset a promotional "
    .. "TempPass for all viewers.")
  local mvpd = settings.temp_pass_option(parser)
  settings.define(parser, mvpd, targets[1], targets[2], targets[3], targets[4], by)
end

-- Returns the value of --key, read from standard input if it is "-".
local function read_key(key)
  if key == "-" then key = settings.read "-" or "" end
  return key and text.trim(key)
end

-- Returns the options of client:reset_temp_pass that select whom to reset, and a
-- name for the output; nil if no option was given.
local function target_of(arguments, device_id)
  if arguments.this_device then
    return { device = device_id }, "this device"
  elseif arguments.device_id then
    return { device = arguments.device_id }, "the device"
  elseif arguments.key then
    return { key = arguments.key }, "the viewer"
  elseif arguments.everyone then
    return { everyone = true, by = arguments.by_key and "key" or nil },
      "everyone"
  end
end

-- Returns how --key names the viewer: any text that is not a hash is an identity.
local function key_text(key)
  if not key then return "" end
  return temp_pass.is_hash(key) and " with this hash" or " with this identity"
end

local NO_TARGET = "Use one of --this-device, --device-id, --key and "
  .. "--everyone."
local MEANS_ALL = "The service reads an empty name and 'all' as everyone. "
  .. "To reset everyone, use --everyone."

local NO_RESET = "%s has no TempPass reset: it is at the service's management "
  .. "address. Use --mgmt."

local BY_KEY_ALONE = "--by-key requires --everyone."

local function run_reset(client, arguments, device_id)
  local params, name = target_of(arguments, device_id)
  if not params then return nil, report.usage(NO_TARGET) end
  if arguments.by_key and not arguments.everyone then
    return nil, report.usage(BY_KEY_ALONE)
  end
  if temp_pass.means_everyone(params.device)
      or temp_pass.means_everyone(params.key) then
    return nil, report.usage(MEANS_ALL)
  end
  params.mvpd = arguments.mvpd
  local response, err = client:reset_temp_pass(params)
  if not response then return nil, err end
  return name
end

--- Runs the subcommand. Returns the exit status, or nil and an error.
function reset.run(arguments)
  local mvpd, missing = settings.temp_pass(arguments)
  if not mvpd then return nil, missing end
  arguments.key = read_key(arguments.key)
  local client, found = settings.client(arguments)
  if not client then return nil, found end
  local name, why = run_reset(client, arguments, found.device_id)
  if why and why.http_status == 404 and found.origins.mgmt == found.origins.api then
    why = report.usage(NO_RESET:format(found.origins.mgmt))
  end
  if not name then return nil, why end
  if arguments.json then
    report.json { reset = true, mvpd = mvpd, whom = name }
  else
    terminal.print(("%s: the service accepted the reset for %s%s. It does not tell "
      .. "whether there was anything to reset."):format(
      terminal.escape(mvpd), name, key_text(arguments.key)))
  end
  return report.SUCCESS
end

return reset
