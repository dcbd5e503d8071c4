--- The journal: requests as received, for tests to look at.
-- @module adobepass.sandbox.engine.journal

local state = require "adobepass.sandbox.engine.state"

local journal = {}

local KEEP = 500          -- requests
local KEEP_BODY = 16384   -- bytes of each body

local function trim(entries)
  while #entries > KEEP do table.remove(entries, 1) end
end

local function body_of(request)
  -- Somebody may type a real password into a page.
  local body = request.body:gsub("(password=)[^&]*", "%1***")
  if #body > KEEP_BODY then body = body:sub(1, KEEP_BODY) end
  return body
end

--- Opens an entry; the engine adds operation, status, unexpected (headers),
-- throttled, fault and failure (a bug of ours).
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

--- Notes something that is no request of the API.
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
