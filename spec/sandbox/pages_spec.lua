local pages = require "adobepass.sandbox.pages.html"
local style = require "adobepass.sandbox.pages.style"

local HOSTILE = "\"><script>alert(1)</script><img src=x onerror='a()'>`&"

-- Renders every page with `value` in each slot that can hold external input.
local function all(value)
  local function page(fields)
    fields.nonce, fields.token = "nonce", value
    return fields
  end
  local who = { brand = value, channel = value, device = value, code = value,
    action = value, username = value, error = value,
    viewers = { { username = value, password = value } } }
  return {
    activate = pages.activate(page { code = value, error = value }),
    providers = pages.providers(page { code = value, channel = value,
      device = value, error = value,
      providers = { { id = value, display_name = value } } }),
    login = pages.login(page(who)),
    home = pages.home(page(who)),
    success = pages.success(page { note = value }),
    cancelled = pages.cancelled(page { brand = value, code = value,
      again = value }),
    signed_out = pages.signed_out(page { brand = value, redirect = value,
      redirect_name = value }),
    failure = pages.failure(page { heading = value, error = value,
      advice = value, link = { value, value } }),
  }
end

local function luminance(hex)
  local sum = 0
  for index, share in ipairs { 0.2126, 0.7152, 0.0722 } do
    local part = tonumber(hex:sub(index * 2, index * 2 + 1), 16) / 255
    part = part <= 0.04045 and part / 12.92 or ((part + 0.055) / 1.055) ^ 2.4
    sum = sum + part * share
  end
  return sum
end

-- Returns the contrast ratio of two colors, as WCAG 2.2 defines it.
local function contrast(one, other)
  local a, b = luminance(one), luminance(other)
  if a < b then a, b = b, a end
  return (a + 0.05) / (b + 0.05)
end

describe("the pages", function()
  it("[pages-escape-slot] sandbox pages: escape every value in every "
    .. "slot", function()
    for name, html in pairs(all(HOSTILE)) do
      assert.is_nil(html:find("<script", 1, true), name)
      assert.is_nil(html:find("<img", 1, true), name)
      assert.is_nil(html:find("onerror='", 1, true), name)
      assert.is_truthy(html:find("&lt;script&gt;", 1, true), name)
    end
  end)

  -- A backquote, which is not escaped, has a meaning in no quoted attribute.
  it("[pages-quoted-attributes] sandbox pages: quote every attribute that contains a "
    .. "value", function()
    for name, html in pairs(all("plain")) do
      assert.is_nil(html:find("=plain", 1, true), name)
      assert.is_nil(html:find("='", 1, true), name)
    end
  end)

  it("[pages-braces-text-not-slots] sandbox pages: treat braces in values "
    .. "as text", function()
    for name, html in pairs(all("{code}{!card}%1")) do
      assert.is_truthy(html:find("{code}{!card}%1", 1, true), name)
    end
  end)

  it("[pages-need-no-script-no-host] sandbox pages: contain no script, no "
    .. "inline style and no link to another host", function()
    for name, html in pairs(all("plain")) do
      assert.is_nil(html:find("<script", 1, true), name)
      assert.is_nil(html:find("%son%a+="), name)
      assert.is_nil(html:find("%sstyle="), name)
      assert.is_nil(html:find("%ssrc="), name)
      assert.is_nil(html:find("https?://[^w]"), name)
      assert.is_nil(html:find("@import", 1, true), name)
      assert.is_nil(html:find("url(", 1, true), name)
    end
  end)

  it("[pages-put-nonce-style] sandbox pages: put the nonce on the style "
    .. "sheet and the token in each form", function()
    for name, html in pairs(all("plain")) do
      local _, sheets = html:gsub("<style", "")
      local _, with_nonce = html:gsub('<style nonce="nonce">', "")
      assert.equal(1, sheets, name)
      assert.equal(1, with_nonce, name)
      local _, forms = html:gsub("<form", "")
      local _, tokens = html:gsub('name="token" value="plain"', "")
      assert.equal(forms, tokens, name)
    end
  end)

  it("[pages-language-title-heading] sandbox pages: have a language, a "
    .. "title, one heading and labels", function()
      for name, html in pairs(all("plain")) do
        assert.is_truthy(html:find('<html lang="en">', 1, true), name)
        assert.is_truthy(html:find("<title>%S"), name)
        local _, headings = html:gsub("<h1", "")
        assert.equal(1, headings, name)
        for id, kind in html:gmatch('<input[^>]-id="([^"]+)"([^>]*)') do
          assert.is_truthy(html:find('<label for="' .. id .. '"', 1, true),
            name .. " " .. kind)
        end
      end
    end)

  it("[pages-tie-error-field] sandbox pages: associate an error with its "
    .. "field for screen readers", function()
    local html = pages.activate { nonce = "n", token = "t", code = "A",
      error = "No such code." }
    assert.is_truthy(html:find('id="error" role="alert"', 1, true))
    assert.is_truthy(html:find('aria-invalid="true"', 1, true))
    assert.is_truthy(html:find('aria-describedby="error hint"', 1, true))
    local calm = pages.activate { nonce = "n", token = "t", code = "" }
    assert.is_nil(calm:find('role="alert"', 1, true))
    assert.is_nil(calm:find(" aria-invalid=", 1, true))
  end)

  it("[pages-refuse-leave-hole] sandbox pages: a missing value raises an "
    .. "error", function()
    assert.has_error(function() pages.login { nonce = "n", token = "t" } end)
    local fine, message = pcall(pages.activate, { nonce = "n", code = "" })
    assert.is_false(fine)
    assert.is_truthy(message:find("missing page field: token", 1, true))
  end)

  it("[pages-show-letter-alphabet] sandbox pages: show the first letter of a "
    .. "brand's name in any alphabet", function()
    local html = pages.signed_out { nonce = "n", token = "t",
      brand = "Österreich TV" }
    assert.is_truthy(html:find('aria-hidden="true">Ö</span>', 1, true))
  end)
end)

-- Returns the page's background, a mix of the accent and the ground.
local function mix(accent, ground)
  local share = tonumber(style.sheet(""):match
    "color%-mix%(in srgb,var%(%-%-accent%) (%d+)%%,var%(%-%-ground%)%)") / 100
  return (accent:gsub("()(%x%x)", function(at, hex)
    return ("%02x"):format(math.floor(share * tonumber(hex, 16)
      + (1 - share) * tonumber(ground:sub(at, at + 1), 16)))
  end))
end

describe("colors of the pages", function()
  local function check(colors, column, name)
    local on = { colors.card }
    for index, accent in ipairs(style.accents) do
      on[index + 1] = mix(accent[column], colors.ground)
    end
    for _, ground in ipairs(on) do
      for _, text in ipairs { "ink", "soft" } do
        assert.is_true(contrast(colors[text], ground) >= 4.5, name .. text)
      end
    end
    assert.is_true(contrast(colors.bad, colors.bad_ground) >= 4.5, name)
    assert.is_true(contrast(colors.good, colors.good_ground) >= 4.5, name)
    assert.is_true(contrast(colors.edge, colors.card) >= 3, name .. "edge")
    for index, accent in ipairs(style.accents) do
      local color = accent[column]
      local label = name .. " accent " .. index
      assert.is_true(contrast(color, colors.on_accent) >= 4.5, label)
      assert.is_true(contrast(color, colors.card) >= 4.5, label)
      assert.is_true(contrast(color, colors.ground) >= 3, label)
    end
  end

  it("[pages-read-light] sandbox pages: have enough contrast in light "
    .. "mode", function()
    check(style.light, 1, "light ")
  end)

  it("[pages-read-dark] sandbox pages: have enough contrast in dark "
    .. "mode", function()
    check(style.dark, 2, "dark ")
  end)

  it("[pages-colors-not-blended] sandbox pages: the style sheet blends no text with "
    .. "its background", function()
    local sheet = style.sheet ""
    for _, word in ipairs { "gradient", "filter", "transition", "background-image" } do
      assert.is_nil(sheet:find(word, 1, true), word)
    end
    for value in sheet:gmatch "opacity:([%d.]+)" do assert.equal("1", value) end
  end)

  it("[pages-belong-name] sandbox pages: a name always has the same "
    .. "color", function()
    assert.equal(style.accent("Cablevision"), style.accent("Cablevision"))
  end)
end)
