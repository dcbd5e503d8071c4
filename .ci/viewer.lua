-- SPDX-License-Identifier: MIT
-- Plays the viewer beside a sandbox (its addresses are in the environment):
-- whoever shows a code gets bob signed in, a moment later.

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local CONTROL = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox"

local transport = assert(core.http.new { ca_file = os.getenv "ADOBEPASS_CA" })

local function ask(method, path, body)
  local transfer = assert(transport:submit { method = method,
    url = CONTROL .. path, body = body,
    headers = { ["Content-Type"] = "application/json" } })
  while select(3, transfer:result()) == "pending" do transport:step(1) end
  local answer = transfer:result()
  return answer and json.decode(answer.body)
end

-- A television that polls shows its code to the service, too.
local seen = {}
while true do
  for _, entry in ipairs((ask("GET", "/journal") or {}).result or {}) do
    local code = (entry.path or ""):match "/profiles/code/(%w+)$"
    if code and not seen[code] then
      seen[code] = true
      ask("POST", "/login", json.encode { code = code, username = "bob" })
    end
  end
  core.clock.sleep(0.5)
end
