--- Scenarios of the TV app: functions of a fixture with `app`, `sandbox`,
-- `browser` and `take_picture(name)`.

local json = require "adobepass.util.json"
local tv_client = require "spec.support.tv_client"

local scenarios = {}

local CODE = "\t(%w+)$" -- on the code's screen, at the line's end

local function equal(expected, value)
  if expected == value then return end
  error(("%s instead of %s"):format(tostring(value), tostring(expected)), 2)
end

-- Sends a request to the sandbox's control API. Returns the result.
local function control(fixture, method, path, body)
  local response = assert(tv_client.fetch(fixture.transport, { method = method,
    url = fixture.sandbox.control .. "/sandbox" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = body and json.encode(body) or nil }))
  local result = assert(json.decode(response.body))
  return assert(result.result, result.error)
end

-- Restarts the app.
local function switch_on(fixture, is_new)
  fixture.app:switch_off()
  fixture.app:switch_on(fixture.service(fixture.sandbox), is_new)
end

-- Fills in the login page on the second screen.
local function fill_in(browser, username)
  browser:type("#username", username)
  browser:type("#password", "secret")
  browser:click "button[value=sign-in]"
  equal("You are signed in", browser:text "h1")
end

-- Selects Cablevision. Returns the code.
local function choose_cablevision(fixture)
  local app = fixture.app
  app:await "^picker\t\tAdobe Pass\t"
  app:focus("Cablevision", "Right")
  fixture.take_picture "picker"
  app:press "Return"
  return select(2, app:await("^code\tCablevision\t" .. CODE))
end

--- A viewer types the code on a second screen.
function scenarios.signs_in_with_a_typed_code(fixture)
  local browser = fixture.browser
  switch_on(fixture, true)
  local code = choose_cablevision(fixture)
  browser:go(fixture.sandbox.api .. "/activate")
  browser:type("#code", code:lower())
  browser:click "button"
  equal("Sign in to Cablevision", browser:text "h1")
  fixture.take_picture "code"
  fill_in(browser, "bob")
  fixture.app:await "^catalog\tsigned in\tNews Now\t"
  fixture.take_picture "catalog"
end

local function play(fixture)
  local app = fixture.app
  app:press "Return"
  app:await "^playing\tNews Now\t\tmedia token$"
  fixture.take_picture "playing"
  app:press "BackSpace"
  app:await "^catalog\tsigned in\tNews Now\t"
end

local function open_locked_titles(fixture)
  local app = fixture.app
  app:focus("Cinema One", "Right", "Right")
  app:press "Return"
  app:await "^message\tlocked\tBack\tCablevision says: .*not include Cinema"
  fixture.take_picture "locked"
  app:press "Return"
  app:await "^catalog\tsigned in\tCinema One\t"
  app:focus("Late Night", "Down")
  app:press "Return"
  app:await "^message\tlocked\tBack\tParental controls do not allow this%.$"
  app:press "Escape"
  app:await "^catalog\tsigned in\tLate Night\t"
end

local function sign_out(fixture)
  local app = fixture.app
  app:focus("Sign out", "Up", "Up", "Right", "Up")
  app:press "Return"
  app:await "^message\tsign out%?\tStay signed in\t"
  fixture.take_picture "sign-out"
  app:press "Return"
  app:await "^catalog\tsigned in\t"
  app:focus("Sign out", "Up", "Up", "Right", "Up")
  app:press "Return"
  app:focus("Sign out", "Left")
  app:press "Return"
  app:await "^message\tsigned out\tChoose a provider\tYou may still be signed in"
  fixture.take_picture "signed-out"
  app:press "Return"
  app:await "^picker\t\tCablevision\t" -- the last used provider comes first
end

--- Plays, opens locked titles and signs out, after a login.
function scenarios.plays_and_signs_out(fixture)
  play(fixture)
  open_locked_titles(fixture)
  sign_out(fixture)
end

--- A camera reads the QR code, and the page contains the code.
function scenarios.signs_in_with_the_qr_code(fixture)
  local app, browser = fixture.app, fixture.browser
  switch_on(fixture, true)
  local code = choose_cablevision(fixture)
  local url = app:scan()
  equal(fixture.sandbox.api .. "/activate?code=" .. code, url)
  browser:go(url)
  browser:click "button"
  fill_in(browser, "ann")
  app:await "^catalog\tsigned in\t"
end

--- The viewer is still signed in after a restart.
function scenarios.is_signed_in_after_a_restart(fixture)
  switch_on(fixture)
  fixture.app:await "^catalog\tsigned in\tNews Now\t"
end

--- The network fails and recovers.
function scenarios.retries_after_a_network_failure(fixture)
  local app = fixture.app
  control(fixture, "POST", "/faults", { kind = "reset_before", count = 100 })
  app:press "Return"
  app:await "^message\tfailed\tTry again\t"
  fixture.take_picture "no-connection"
  control(fixture, "DELETE", "/faults")
  app:press "Return"
  app:await "^playing\tNews Now\t"
end

--- Watches ten minutes without a login, until the pass ends.
function scenarios.watches_with_a_pass(fixture)
  local app = fixture.app
  switch_on(fixture, true)
  app:await "^picker\t"
  app:focus("Watch 10 minutes free", "Up")
  fixture.take_picture "picker-free"
  app:press "Return"
  app:await "^message\toffer\tStart watching\t"
  fixture.take_picture "offer"
  app:press "Return"
  app:await "^catalog\tfree\tNews Now\t"
  fixture.take_picture "free"
  app:press "Return"
  app:await "^playing\tNews Now\t\tmedia token$"
  fixture.take_picture "playing-free"
  control(fixture, "POST", "/clock", { advance = 10 * 60 * 1000 })
  app:await "^message\tpass over\t"
  fixture.take_picture "pass-over"
  app:press "Return"
  app:await "^picker\t"
end

--- An expired code is replaced by a new one.
function scenarios.gets_a_new_code_after_expiry(fixture)
  local app = fixture.app
  switch_on(fixture, true)
  local code = choose_cablevision(fixture)
  control(fixture, "POST", "/clock", { advance = 31 * 60 * 1000 })
  app:await "^message\tcode over\tNew code\t"
  fixture.take_picture "code-over"
  app:press "Return"
  local _, new = app:await("^code\tCablevision\t" .. CODE)
  assert(new ~= code)
end

--- The service stops and does not return.
function scenarios.sees_an_error_without_the_service(fixture)
  local app, own = fixture.app, fixture.new_sandbox()
  app:switch_off()
  app:switch_on(fixture.service(own), true)
  app:await "^picker\t"
  own:stop()
  app:press "Return"
  app:await "^message\tfailed\tTry again\t"
  app:press "Return"
  app:await "^code\t"
  app:await "^message\tfailed\tTry again\t"
end

--- The app is in Spanish.
function scenarios.reads_the_app_in_spanish(fixture)
  local app, browser, take_picture = fixture.app, fixture.browser,
    fixture.take_picture
  local function look(name) take_picture("es-" .. name) end
  local service = fixture.service(fixture.sandbox)
  service.language = "es"
  app:switch_off()
  app:switch_on(service, true)
  app:await "^picker\t\tAdobe Pass\t"
  app:focus("Vea 10 minutos gratis", "Up")
  look "picker"
  app:press "Return"
  app:await "^message\toffer\tEmpezar a ver\t"
  look "offer"
  app:press "Return"
  app:await "^catalog\tfree\t"
  look "free"
  app:press "Return"
  app:await "^playing\tNews Now\t\tmedia token$"
  look "playing"
  app:press "BackSpace"
  app:focus("Iniciar sesión", "Right", "Right", "Right", "Up")
  app:press "Return"
  app:await "^picker\t\tAdobe Pass\t"
  app:focus("Cablevision", "Right")
  app:press "Return"
  local code = select(2, app:await("^code\tCablevision\t" .. CODE))
  look "code"
  browser:go(fixture.sandbox.api .. "/activate?code=" .. code)
  browser:click "button"
  fill_in(browser, "bob")
  app:await "^catalog\tsigned in\tNews Now\t"
  look "catalog"
  app:focus("Cinema One", "Right", "Right")
  app:press "Return"
  app:await "^message\tlocked\tAtrás\tCablevision dice: .*not include Cinema"
  look "locked"
  app:press "Return"
  app:await "^catalog\tsigned in\tCinema One\t"
  app:focus("Live", "Right")
  app:press "Return"
  app:await "^message\tlocked\tAtrás\tCablevision dice: .*Concerts pack"
  look "locked-long"
  app:press "Return"
  app:await "^catalog\tsigned in\tLive\t"
  app:focus("Late Night", "Left", "Down")
  app:press "Return"
  app:await "^message\tlocked\tAtrás\tEl control parental no permite"
  look "parental"
  app:press "Return"
  app:await "^catalog\tsigned in\tLate Night\t"
  app:focus("Cerrar sesión", "Up", "Right", "Up")
  app:press "Return"
  app:await "^message\tsign out%?\tSeguir con la sesión\t"
  look "sign-out"
  app:focus("Cerrar sesión", "Left")
  app:press "Return"
  app:await "^message\tsigned out\tElegir proveedor\tPuede que su sesión"
  look "signed-out"
  control(fixture, "POST", "/faults", { kind = "reset_before", count = 100 })
  app:press "Return"
  app:await "^picker\t\tCablevision\t"
  app:press "Return"
  app:await "^message\tfailed\tReintentar\t"
  look "no-connection"
  control(fixture, "DELETE", "/faults")
end

--- The app is started without a service.
function scenarios.starts_without_a_service(fixture)
  fixture.app:switch_off()
  fixture.app:switch_on({}, true)
  fixture.app:await "^message\tno service\t.*bin/adobepass sandbox"
  fixture.take_picture "no-service"
end

--- In order: each scenario continues where the one before ended.
scenarios.order = { "signs_in_with_a_typed_code", "plays_and_signs_out",
  "signs_in_with_the_qr_code", "is_signed_in_after_a_restart",
  "retries_after_a_network_failure", "watches_with_a_pass",
  "gets_a_new_code_after_expiry", "reads_the_app_in_spanish",
  "sees_an_error_without_the_service", "starts_without_a_service" }

return scenarios
