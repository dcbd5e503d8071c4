--- What every spec runs with. Under ADOBEPASS_GC=stress the collector runs
-- all the time, so that a pointer that Lua does not keep alive is met dead.

if os.getenv("ADOBEPASS_GC") == "stress" then
  local every = tonumber(os.getenv("ADOBEPASS_GC_EVERY") or "997")
  collectgarbage("setpause", 100)
  if rawget(_G, "jit") then rawget(_G, "jit").off() end -- or no hook runs
  debug.sethook(function() collectgarbage("step", 50) end, "", every)
end
