function love.conf(t)
  t.identity = "adobepass-tv"
  t.version = "11.4"
  t.window.title = "adobepass: a TV app"
  t.window.width, t.window.height = 1280, 720
  t.modules.audio, t.modules.joystick, t.modules.physics = false, false, false
  t.modules.sound, t.modules.touch, t.modules.video = false, false, false
end
