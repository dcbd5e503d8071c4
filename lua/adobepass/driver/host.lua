--- Errors of a driver that is used in the wrong host. Each is one sentence, without
-- a position, that names the mistake and the remedy.
-- @module adobepass.driver.host

local host = {}

--- Returns the module of an event loop; raises if it cannot be loaded.
-- @tparam string driver name for the message, such as `driver.luv`
-- @tparam string name of the module
-- @tparam function load requires the module
-- @tparam string remedy how to install it
function host.load(driver, name, load, remedy)
  local fine, module = pcall(load)
  if fine then return module end
  error(("%s: the module '%s' cannot be loaded; %s"):format(driver, name, remedy), 0)
end

--- Returns the running coroutine; raises outside of one.
-- @tparam string what names the driver's function for the message
-- @tparam string remedy how to start a coroutine with this driver
function host.check_coroutine(what, remedy)
  local thread, is_main = coroutine.running()
  if thread and not is_main then return thread end
  error(("%s was called outside of a coroutine; %s"):format(what, remedy), 0)
end

return host
