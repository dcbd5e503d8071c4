--- A transport of the core before a real server, for the specs about it.
--
--   local on = core_session.new()
--   setup(on.start)      before_each(on.open)
--   teardown(on.stop)    after_each(on.close)
--
--   on.nginx, on.transport, on.url(place, rest)
--   on.with { http2 = false }      the transport anew, with these options
--   on.send { url = ... }          a request to its end: result, or failure
--   on.get("HTTP", "/hello")       its response; both may be left out

local assert = require "luassert"
local core = require "adobepass.core"
local finish = require "spec.support.run_transfer"
local live = require "spec.support.open_handles"
local server = require "spec.support.https_server"

local core_session = {}

function core_session.new()
  local on = {}

  function on.start() on.nginx = server.start() end
  function on.stop() on.nginx.stop() end

  function on.url(place, rest) return on.nginx:url(place, rest) end

  --- Another transport, beside that of `on`.
  function on.another(change)
    local options = { ca_file = on.nginx.files.good.ca, timeout = 20 }
    for name, value in pairs(change or {}) do options[name] = value end
    return assert(core.http.new(options))
  end

  function on.open() on.transport = on.another() end

  function on.close()
    on.transport:close()
    live.assert_none()
  end

  function on.with(change)
    on.transport:close()
    on.transport = on.another(change)
  end

  function on.send(request)
    return finish(on.transport, assert(on.transport:submit(request)))
  end

  function on.get(place, rest)
    return assert(on.send { url = on.url(place or "GOOD", rest or "/hello") })
  end

  return on
end

return core_session
