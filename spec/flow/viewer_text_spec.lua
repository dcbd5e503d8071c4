--- Texts for viewers: the provider's, the application's, and the catalog's in
-- English and Spanish.

local adobepass = require "adobepass"
local assert_raises = require "spec.support.assert_raises"
local catalog = require "adobepass.api.error_catalog"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local spanish_texts = require "adobepass.api.spanish_texts"
local timeline = require "spec.support.timeline"
local valid_options = require "spec.support.valid_options"

local DENIED = "authorization_denied_by_mvpd"
local ADOBES = 'The MVPD has returned a "Deny" decision when requesting '
  .. "authorization for the specified resource"

describe("texts for viewers", function()
  -- Returns the decision of authorize for an item's error.
  local function decision_of(item, options)
    local scenario = timeline.new(options)
    scenario:signed_in("Cablevision", "ann")
    assert(scenario.client:login {})
    scenario:respond_with("authorize", { decisions = json.array { {
      resource = "CNN", authorized = false, error = item } } })
    return assert(scenario.client:authorize "CNN"), scenario
  end

  local function reason_of(item, options)
    return (decision_of(item, options)).reason
  end

  local function denied(fields)
    local item = { code = DENIED, action = "none", status = 403,
      message = ADOBES }
    for name, value in pairs(fields) do item[name] = value end
    return item
  end

  it("[viewer-text-both-languages] texts for viewers: every code and action of "
    .. "the catalog has a text in English and in Spanish", function()
    local count = 0
    local function check(name, english)
      local spanish = spanish_texts[english]
      assert.is_string(spanish, name)
      assert.are_not.equal(english, spanish, name)
      assert.matches("^[%u].*%.$", spanish)
      assert.is_true(#spanish <= 110, spanish)
      assert.is_nil(spanish:find("[_%d]"), spanish)
      count = count + 1
    end
    for code, entry in pairs(catalog.codes) do
      check(code, entry.viewer)
      assert.equal(spanish_texts[entry.viewer],
        errors.new { code = code }:viewer_text "es")
      assert.equal(entry.viewer, errors.new { code = code }:viewer_text())
    end
    for action, entry in pairs(catalog.actions) do check(action, entry.viewer) end
    assert.is_true(count > 90, tostring(count))
    print(("texts in two languages: %d"):format(count))
  end)

  it("[viewer-text-spanish-not-stale] texts for viewers: each Spanish text "
    .. "belongs to a sentence of the catalog", function()
    local known = {}
    for _, list in ipairs { catalog.codes, catalog.actions } do
      for _, entry in pairs(list) do known[entry.viewer] = true end
    end
    for english in pairs(spanish_texts) do assert.is_true(known[english], english) end
  end)

  it("[viewer-text-details] authorize: the reason of a denial is the provider's "
    .. "text in details", function()
    local text = "Your package does not include CNN. Call 555-0100."
    assert.equal(text, reason_of(denied { details = text }))
    assert.equal(text, reason_of(denied { details = text }, { language = "es" }))
  end)

  it("[viewer-text-message] authorize: the reason of a denial is the provider's "
    .. "text in message, but not Adobe's sentence for developers", function()
    local text = "Upgrade to the sports package to watch this."
    assert.equal(text, reason_of(denied { message = text }))
    assert.equal(catalog.codes[DENIED].viewer, reason_of(denied {}))
  end)

  it("[viewer-text-catalog-language] authorize: without a provider's text the "
    .. "reason is the catalog's sentence in the client's language", function()
    assert.equal("Your TV subscription does not include this.",
      reason_of(denied {}))
    assert.equal("Su suscripción de TV no incluye este contenido.",
      reason_of(denied {}, { language = "es" }))
  end)

  it("[viewer-text-clean] authorize: a provider's text reaches the viewer "
    .. "without control characters, and with at most 500 bytes", function()
    local reason = reason_of(denied {
      details = "A\27[31mred\0 word\194\155m\nand\tmore" })
    assert.equal("A [31mred word m and more", reason)
    local long = reason_of(denied { details = ("ñ"):rep(600) })
    assert.is_true(#long <= 500 and #long > 490, tostring(#long))
    assert.equal("ñ...", long:sub(-5))
  end)

  it("[viewer-text-blank-details] authorize: details without a visible character "
    .. "are no text of the provider", function()
    assert.equal(catalog.codes[DENIED].viewer, reason_of(denied { details = " \n" }))
    assert.equal(catalog.codes[DENIED].viewer, reason_of(denied { details = 5 }))
  end)

  it("[viewer-text-messages] adobepass.new: messages replace the provider's text "
    .. "and the catalog's sentence of a code", function()
    local messages = { [DENIED] = "Ask your uncle.", of_tomorrow = "Wait." }
    local options = { messages = messages, language = "es" }
    assert.equal("Ask your uncle.", reason_of(denied { details = "No." }, options))
    assert.equal("Wait.", reason_of({ code = "of_tomorrow", action = "none" }, options))
  end)

  it("[viewer-text-preauthorize] preauthorize: a denied item and a failed batch "
    .. "have texts in the client's language", function()
    local scenario = timeline.new { language = "es", retry = { attempts = 1 } }
    scenario:signed_in("Cablevision", "bob")
    assert(scenario.client:login {})
    local result = assert(scenario.client:preauthorize { "CNN", "HBO" })
    assert.equal(result.denied[1].error.details, result.denied[1].reason)
    scenario:set_responder(function(request, operation)
      if operation == "preauthorize" and request.body:find '"F"' then
        return { error = "timeout" }
      end
    end)
    result = assert(scenario.client:preauthorize { "A", "B", "C", "D", "E", "F" })
    assert.equal("No hay conexión. Compruebe su red.",
      result.decisions[6].reason)
  end)

  it("[viewer-text-device-inherits] client:device: a device has the client's "
    .. "language and messages", function()
    local given = valid_options()
    given.language, given.messages = "es", { timeout = "Espere." }
    local client = adobepass.new(given):device { id = "another-device" }
    assert.equal("Espere.", client:viewer_text(errors.new { code = "timeout" }))
    assert.equal("Inicie sesión con su proveedor de TV.",
      client:viewer_text(errors.new { code = "not_logged_in" }))
  end)

  it("[viewer-text-not-request-details] viewer_text: the details of an error "
    .. "about the request are not for viewers", function()
    local function text(status, fields)
      return errors.from_response("authorize", { status = status, headers = {} },
        fields):viewer_text()
    end
    local details = "Parameter resources: expected [string]"
    assert.equal(catalog.codes.invalid_parameter_resources.viewer, text(400,
      { code = "invalid_parameter_resources", details = details }))
    assert.equal(catalog.codes.too_many_resources.viewer, text(403,
      { code = "too_many_resources", action = "configuration", details = details }))
    assert.equal("No sports.", text(403, { code = DENIED, details = "No sports." }))
  end)

  it("[viewer-text-usage] client:viewer_text: raises for a value that is no "
    .. "error object", function()
    local client = adobepass.new(valid_options())
    for _, value in ipairs { "timeout", {}, 5, false } do
      assert_raises("client:viewer_text: the argument should be an error",
        function()
          local text = client:viewer_text(value)
          return text
        end)
    end
  end)

  it("[viewer-text-no-secret] authorize: a provider's text that repeats the "
    .. "token or the device's id is redacted", function()
    local scenario = timeline.new()
    scenario:signed_in("Cablevision", "ann")
    assert(scenario.client:login {})
    local seen
    scenario:set_responder(function(request, operation)
      if operation ~= "authorize" then return nil end
      seen = request.headers["AP-Device-Identifier"]:gsub("^fingerprint ", "")
      return { body = { decisions = json.array { { resource = "CNN",
        authorized = false, error = denied { details = "You are " .. seen } } } } }
    end)
    local reason = assert(scenario.client:authorize "CNN").reason
    assert.is_nil(reason:find(seen, 1, true))
    assert.equal("You are [redacted]", reason)
  end)
end)
