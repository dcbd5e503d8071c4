--- Loaded before every spec. Under ADOBEPASS_GC=stress the collector runs all the
-- time (every ADOBEPASS_GC_EVERY instructions, default 997), to find pointers
-- that Lua does not keep alive.

if os.getenv("ADOBEPASS_GC") == "stress" then
  local every = tonumber(os.getenv("ADOBEPASS_GC_EVERY") or "997")
  collectgarbage("setpause", 100)
  -- A step of Lua 5.4's default size is a complete cycle, and each allocation would run
  -- one. With steps of 2 KB, a cycle runs after 4 KB or so, more often than on LuaJIT.
  if _VERSION == "Lua 5.4" then collectgarbage("incremental", 100, 100, 11) end
  if rawget(_G, "jit") then rawget(_G, "jit").off() end -- compiled code runs no hook
  debug.sethook(function() collectgarbage("step", 50) end, "", every)
end
