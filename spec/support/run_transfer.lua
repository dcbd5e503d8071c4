--- Steps a transport until a transfer is done; the transfer's timeout bounds the
-- wait. `meanwhile` is called after each step, to serve a peer in this process.
-- Returns what `transfer:result` returns.

local function run_transfer(transport, transfer, meanwhile)
  while true do
    local result, message, code = transfer:result()
    if code ~= "pending" then return result, message, code end
    transport:step(meanwhile and 0 or 1)
    if meanwhile then meanwhile() end
  end
end

return run_transfer
