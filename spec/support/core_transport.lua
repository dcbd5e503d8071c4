--- A transport of the core and a real HTTPS server.
--
--   local fixture = core_transport.new()
--   setup(fixture.start)      before_each(fixture.open)
--   teardown(fixture.stop)    after_each(fixture.close)
--
--   fixture.nginx, fixture.transport, fixture.url(server, path)
--   fixture.with { http2 = false }   replaces the transport by another one
--   fixture.send { url = ... }       sends a request; returns result or failure
--   fixture.get("HTTP", "/hello")    returns the response; both are optional

local assert = require "luassert"
local core = require "adobepass.core"
local run_transfer = require "spec.support.run_transfer"
local open_handles = require "spec.support.open_handles"
local https_server = require "spec.support.https_server"

local core_transport = {}

--- Whether transports have no epoll descriptor: the core that `make poll` builds.
core_transport.polls =
  (os.getenv "ADOBEPASS_BUILD" or ""):find "%-poll$" ~= nil

function core_transport.new()
  local fixture = {}

  function fixture.start() fixture.nginx = https_server.start() end
  function fixture.stop() fixture.nginx.stop() end

  function fixture.url(place, rest) return fixture.nginx:url(place, rest) end

  --- Returns a further transport.
  function fixture.another(change)
    local options = { ca_file = fixture.nginx.files.good.ca, timeout = 20 }
    for name, value in pairs(change or {}) do options[name] = value end
    return assert(core.http.new(options))
  end

  function fixture.open() fixture.transport = fixture.another() end

  function fixture.close()
    fixture.transport:close()
    open_handles.assert_none()
  end

  function fixture.with(change)
    fixture.transport:close()
    fixture.transport = fixture.another(change)
  end

  function fixture.send(request)
    return run_transfer(fixture.transport,
      assert(fixture.transport:submit(request)))
  end

  function fixture.get(place, rest)
    return assert(fixture.send {
      url = fixture.url(place or "GOOD", rest or "/hello") })
  end

  return fixture
end

return core_transport
