-- SPDX-License-Identifier: MIT
-- Logs bob in for each code that is polled at the sandbox, whose addresses are in
-- the environment. Runs until it is killed.

local core = require "adobepass.core"
local json = require "adobepass.util.json"

local CONTROL = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox"

local transport = assert(core.http.new { ca_file = os.getenv "ADOBEPASS_CA" })

local function ask(method, path, body)
  local transfer = assert(transport:submit { method = method,
    url = CONTROL .. path, body = body,
    headers = { ["Content-Type"] = "application/json" } })
  while select(3, transfer:result()) == "pending" do transport:step(1) end
  local response = transfer:result()
  return response and json.decode(response.body)
end

-- The path of a poll contains the code.
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
