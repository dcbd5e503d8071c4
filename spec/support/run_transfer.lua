--- Steps a transport until a transfer is done. Its own timeout is what bounds
-- the wait; `meanwhile`, if given, pumps a peer that lives in this process.

local function finish(transport, transfer, meanwhile)
  while true do
    local result, message, code = transfer:result()
    if code ~= "pending" then return result, message, code end
    transport:step(meanwhile and 0 or 1)
    if meanwhile then meanwhile() end
  end
end

return finish
