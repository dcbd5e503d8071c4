--- Runs functions concurrently in light threads of nginx, until all have ended.

-- luacheck: globals ngx

return function(list)
  local threads = {}
  for index, fn in ipairs(list) do threads[index] = ngx.thread.spawn(fn) end
  for _, thread in ipairs(threads) do assert(ngx.thread.wait(thread)) end
end
