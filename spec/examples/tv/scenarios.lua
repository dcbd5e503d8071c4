--- What happens before the television: each story a function of the stage,
-- on which stand a `set`, a `sandbox`, a `browser`; and `look(name)`, which
-- takes a picture, or does nothing.

local json = require "adobepass.util.json"
local tv = require "spec.support.tv_client"

local evening = {}

local CODE = "\t(%w+)$" -- on the code's screen, at the line's end

local function equal(expected, value)
  if expected == value then return end
  error(("%s instead of %s"):format(tostring(value), tostring(expected)), 2)
end

--- Asks the sandbox's control API.
local function control(stage, method, path, body)
  local response = assert(tv.fetch(stage.transport, { method = method,
    url = stage.sandbox.control .. "/sandbox" .. path,
    headers = { ["Content-Type"] = "application/json" },
    body = body and json.encode(body) or nil }))
  local answer = assert(json.decode(response.body))
  return assert(answer.result, answer.error)
end

-- Off and on again.
local function switch_on(stage, is_new)
  stage.set:switch_off()
  stage.set:switch_on(stage.service(stage.sandbox), is_new)
end

-- The second screen, from the page with the form for a name.
local function fill_in(browser, username)
  browser:type("#username", username)
  browser:type("#password", "secret")
  browser:click "button[value=sign-in]"
  equal("You are signed in", browser:text "h1")
end

-- To the code's screen of Cablevision, which stands second.
local function choose_cablevision(stage)
  local set = stage.set
  set:await "^picker\t\tAdobe Pass\t"
  set:focus("Cablevision", "Right")
  stage.look "picker"
  set:press "Return"
  return select(2, set:await("^code\tCablevision\t" .. CODE))
end

--- A viewer types the code on a second screen.
function evening.types_the_code(stage)
  local browser = stage.browser
  switch_on(stage, true)
  local code = choose_cablevision(stage)
  browser:go(stage.sandbox.api .. "/activate")
  browser:type("#code", code:lower())
  browser:click "button"
  equal("Sign in to Cablevision", browser:text "h1")
  stage.look "code"
  fill_in(browser, "bob")
  stage.set:await "^catalog\tsigned in\tNews Now\t"
  stage.look "catalog"
end

local function play(stage)
  local set = stage.set
  set:press "Return"
  set:await "^playing\tNews Now\t\tmedia token$"
  stage.look "playing"
  set:press "BackSpace"
  set:await "^catalog\tsigned in\tNews Now\t"
end

local function meet_locks(stage)
  local set = stage.set
  set:focus("Cinema One", "Right", "Right")
  set:press "Return"
  set:await "^message\tlocked\tBack\tCablevision says: .*not include Cinema"
  stage.look "locked"
  set:press "Return"
  set:await "^catalog\tsigned in\tCinema One\t"
  set:focus("Late Night", "Down")
  set:press "Return"
  set:await "^message\tlocked\tBack\t$"
  set:press "Escape"
  set:await "^catalog\tsigned in\tLate Night\t"
end

local function sign_out(stage)
  local set = stage.set
  set:focus("Sign out", "Up", "Up", "Right", "Up")
  set:press "Return"
  set:await "^message\tsign out%?\tSign out\t"
  stage.look "sign-out"
  set:press "Return"
  set:await "^message\tsigned out\tChoose a provider\tThe phone or computer"
  stage.look "signed-out"
  set:press "Return"
  set:await "^picker\t\tCablevision\t" -- the one of last time comes first
end

--- The whole cookbook, after a sign-in.
function evening.watches(stage)
  play(stage)
  meet_locks(stage)
  sign_out(stage)
end

--- A camera reads the code, and the page has it filled in.
function evening.scans_the_code(stage)
  local set, browser = stage.set, stage.browser
  switch_on(stage, true)
  local code = choose_cablevision(stage)
  local url = set:scan()
  equal(stage.sandbox.api .. "/activate?code=" .. code, url)
  browser:go(url)
  browser:click "button"
  fill_in(browser, "ann")
  set:await "^catalog\tsigned in\t"
end

--- Who was signed in is so after the night.
function evening.comes_back(stage)
  switch_on(stage)
  stage.set:await "^catalog\tsigned in\tNews Now\t"
end

--- The network goes, and comes back.
function evening.loses_the_network(stage)
  local set = stage.set
  control(stage, "POST", "/faults", { kind = "reset_before", count = 100 })
  set:press "Return"
  set:await "^message\tfailed\tTry again\t"
  stage.look "no-connection"
  control(stage, "DELETE", "/faults")
  set:press "Return"
  set:await "^playing\tNews Now\t"
end

--- Ten minutes without a sign-in, and their end.
function evening.watches_free(stage)
  local set = stage.set
  switch_on(stage, true)
  set:await "^picker\t"
  set:focus("Watch 10 minutes free", "Up")
  stage.look "picker-free"
  set:press "Return"
  set:await "^message\toffer\tStart watching\t"
  stage.look "offer"
  set:press "Return"
  set:await "^catalog\tfree\tNews Now\t"
  stage.look "free"
  set:press "Return"
  set:await "^playing\tNews Now\t\tmedia token$"
  stage.look "playing-free"
  control(stage, "POST", "/clock", { advance = 10 * 60 * 1000 })
  set:await "^message\tpass over\t"
  stage.look "pass-over"
  set:press "Return"
  set:await "^picker\t"
end

--- A code that runs out is followed by another.
function evening.lets_a_code_run_out(stage)
  local set = stage.set
  switch_on(stage, true)
  local code = choose_cablevision(stage)
  control(stage, "POST", "/clock", { advance = 31 * 60 * 1000 })
  set:await "^message\tcode over\tNew code\t"
  stage.look "code-over"
  set:press "Return"
  local _, new = set:await("^code\tCablevision\t" .. CODE)
  assert(new ~= code)
end

--- The service goes, and stays away.
function evening.finds_nobody(stage)
  local set, own = stage.set, stage.new_sandbox()
  set:switch_off()
  set:switch_on(stage.service(own), true)
  set:await "^picker\t"
  own:stop()
  set:press "Return"
  set:await "^message\tfailed\tTry again\t"
  set:press "Return"
  set:await "^code\t"
  set:await "^message\tfailed\tTry again\t"
end

--- Somebody starts the app alone.
function evening.has_no_service(stage)
  stage.set:switch_off()
  stage.set:switch_on({}, true)
  stage.set:await "^message\tno service\t.*bin/adobepass sandbox"
  stage.look "no-service"
end

--- In the order in which an evening may go: each goes on where the one before
-- has ended.
evening.order = { "types_the_code", "watches", "scans_the_code", "comes_back",
  "loses_the_network", "watches_free", "lets_a_code_run_out", "finds_nobody",
  "has_no_service" }

return evening
