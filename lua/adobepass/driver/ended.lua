--- Whether a transfer has ended, well or not.
-- @module adobepass.driver.ended
return function(transfer)
  local _, _, code = transfer:result()
  return code ~= "pending"
end
