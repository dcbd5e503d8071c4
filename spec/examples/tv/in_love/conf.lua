function love.conf(t)
  for name in pairs(t.modules) do t.modules[name] = false end
  for _, name in ipairs { "data", "event", "system", "thread", "timer" } do
    t.modules[name] = true
  end
  t.window = nil
end
