--- Loaded before every spec. Under ADOBEPASS_GC=stress the collector runs all the
-- time (every ADOBEPASS_GC_EVERY instructions, default 997), to find pointers
-- that Lua does not keep alive.

if os.getenv("ADOBEPASS_GC") == "stress" then
  local every = tonumber(os.getenv("ADOBEPASS_GC_EVERY") or "997")
  collectgarbage("setpause", 100)
  if rawget(_G, "jit") then rawget(_G, "jit").off() end -- compiled code runs no hook
  debug.sethook(function() collectgarbage("step", 50) end, "", every)
end
