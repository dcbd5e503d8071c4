--- Runs the conformance specs on the driver in docs/drivers.md, in copas.

local core = require "adobepass.core"
local driver_conformance = require "spec.support.driver_conformance"
local https_server = require "spec.support.https_server"
local open_handles = require "spec.support.open_handles"

-- Debian has copas 1.2, for Lua 5.1 and 5.2 only.
local has_copas, copas = pcall(require, "copas")
if not has_copas then return end

describe("a driver of the documentation, for copas,", function()
  local nginx, source

  setup(function()
    nginx = https_server.start()
    local file = assert(io.open "docs/drivers.md")
    source = file:read("*a"):match "copas_driver.lua %-%->\n```lua\n(.-)```"
    file:close()
  end)
  teardown(function() nginx.stop() end)

  after_each(open_handles.assert_none)

  local function new_driver()
    local load_text = rawget(_G, "loadstring") or load
    return assert(load_text(source, "=copas_driver.lua"))()
  end

  local failure, is_running

  local function fail(message) failure, is_running = message, false end

  -- Runs a function as a thread of copas; raises its error.
  local function play(fn)
    failure, is_running = nil, true
    copas.addthread(function()
      copas.setErrorHandler(fail)
      fn()
      is_running = false
    end)
    local deadline = core.clock.monotonic() + 60
    while is_running and core.clock.monotonic() < deadline do copas.step(1) end
    if failure then error(failure, 0) end
    assert.is_false(is_running)
  end

  for _, name in ipairs(driver_conformance.names(true)) do
    -- tags: spec.support.driver_conformance
    it(name, function()
      local driver = new_driver()
      local transport = assert(core.http.new { ca_file = nginx.files.good.ca,
        timeout = 60 })
      local together = driver_conformance.together(function(fn)
        copas.addthread(function()
          copas.setErrorHandler(fail)
          fn()
        end)
      end, function() driver.sleep(0) end)
      play(function()
        driver_conformance.run(name, { driver = driver, transport = transport,
          together = together,
          url = function(place, rest) return nginx:url(place, rest) end })
        transport:close()
      end)
    end)
  end

  it("[driver-copas-length] driver: the documented driver has at most 40 "
    .. "lines that are not blank", function()
    assert.is_true(select(2, source:gsub("[^\n]+", "")) <= 40)
  end)
end)
