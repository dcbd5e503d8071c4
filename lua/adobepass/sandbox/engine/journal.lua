--- The journal: the requests that the sandbox received, for tests to inspect.
-- @module adobepass.sandbox.engine.journal

local state = require "adobepass.sandbox.engine.state"

local journal = {}

local KEEP = 500          -- requests
local KEEP_BODY = 16384   -- bytes of each body

local function trim(entries)
  while #entries > KEEP do table.remove(entries, 1) end
end

local function body_of(request)
  -- A user may type a real password into a login page.
  local body = request.body:gsub("(password=)[^&]*", "%1***")
  if #body > KEEP_BODY then body = body:sub(1, KEEP_BODY) end
  return body
end

--- Adds an entry and returns it. The engine sets `operation`, `status`,
-- `unexpected` (header names), `ignored` (header of a single sign-on token that gave
-- no identity -> "invalid" or "expired"), `throttled`, `fault` and `failure` (the
-- message of a Lua error inside the sandbox).
function journal.open(sandbox, request)
  local entries = sandbox.state.journal
  local entry = {
    time = sandbox:now(), method = request.method, path = request.path,
    query = request.query, headers = state.copy(request.headers),
    body = body_of(request), remote_addr = request.remote_addr,
    host_role = request.host_role,
  }
  entries[#entries + 1] = entry
  trim(entries)
  return entry
end

--- Records an event that is not a request of the API.
function journal.note(sandbox, event, detail)
  local entries = sandbox.state.journal
  entries[#entries + 1] =
    { time = sandbox:now(), event = event, detail = detail }
  trim(entries)
end

function journal.read(sandbox)
  return state.copy(sandbox.state.journal)
end

function journal.clear(sandbox)
  sandbox.state.journal = {}
end

return journal
