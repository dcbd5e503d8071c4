local child_process = require "spec.support.child_process"
local core = require "adobepass.core"
local folder = require "spec.support.folder"
local https_server = require "spec.support.https_server"

-- The program has its own Lua 5.4.
if child_process.interpreter() ~= "lua5.4" then return end

local PROGRAM = "build/lua5.4/alloc_failure"

describe("running out of memory", function()
  local nginx

  setup(function() nginx = https_server.start() end)
  teardown(function() nginx.stop() end)

  local function fail_each(place, option)
    local output = folder.run(
      ("%s %s spec/support/programs/alloc_failure.lua %s %s %s"):format(
      PROGRAM, option, nginx:url(place, "/echo"),
      nginx:url(place, "/silent"), folder.quote(nginx.files.good.ca)))
    print(output)
    assert.matches("no crash, no leak$", output)
    return tonumber(output:match("^%d+"))
  end

  it("[alloc-failure-survived] out of memory: no crash or leak at any "
    .. "allocation of a transport", function()
    if not io.open(PROGRAM) then return pending(PROGRAM .. " is not built") end
    assert.is_true(fail_each("HTTP", "") > 300)
  end)

  it("[alloc-failure-survived-tls] out of memory: no crash or leak at any "
    .. "allocation over TLS #thorough", function()
    if not os.getenv("ADOBEPASS_THOROUGH") or not io.open(PROGRAM) then
      return pending("ADOBEPASS_THOROUGH is not set")
    end
    if not core.features().libcurl:find "^7%." then
      return pending("libcurl 8.14 follows a null pointer in SSL_set0_rbio "
        .. "where OpenSSL got no memory")
    end
    assert.is_true(fail_each("GOOD", "--spare-libcurl") > 2000)
  end)
end)
