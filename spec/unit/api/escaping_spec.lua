--- Any text in a path, a query or a body reaches the sandbox unchanged.

local sandbox_fixture = require "spec.sandbox.fixture"
local json = require "adobepass.util.json"
local seeded_random = require "spec.fault.seeded_random"
local client_fixture = require "spec.support.client_fixture"
local wire = require "adobepass.sandbox.engine.url_encoding"

local ALPHABET = { " ", "/", "%", "%2F", "?", "#", "&", "=", "+", ";", ":",
  "@", "é", "日", "\240\159\147\186", "a", "Z", "0", "~", ".", "-", "_",
  "\\", '"', "'", "<", "{", "|", "^", "`", "\255", "%00" }

local function random_words(seed, count)
  local bytes = sandbox_fixture.random(seed + seeded_random.before_first(100))
  local function word()
    local parts = { "x" } -- because a text of dots only is refused
    for _ = 1, bytes(1):byte() % 12 do
      parts[#parts + 1] = ALPHABET[bytes(1):byte() % #ALPHABET + 1]
    end
    return table.concat(parts)
  end
  local words = {}
  for index = 1, count do words[index] = word() end
  return words
end

describe("escaping", function()
  local ROUNDS = seeded_random.choose_count(100, 300)

  it("[client-escape-carry-mvpd-value] escaping: any mvpd and parameter "
    .. "reaches the sandbox unchanged", function()
    local fixture = client_fixture.new()
    fixture.client.api:profiles()
    for _, word in ipairs(random_words(7, ROUNDS)) do
      fixture.control.journal { clear = true }
      fixture.client.api:profile { mvpd = word }
      fixture.client.api:logout { mvpd = word, redirect_url = word }
      fixture.client.api:create_session { mvpd = word, domain_name = word,
        redirect_url = word }
      local journal = fixture.control.journal()
      assert.equal(3, #journal)
      assert.equal("profile", journal[1].operation)
      assert.equal(word, wire.unescape(
        journal[1].path:match "^/api/v2/REF30/profiles/([^/]+)$"))
      assert.equal("logout", journal[2].operation)
      assert.same({ redirectUrl = word }, (wire.form(journal[2].query)))
      assert.same({ mvpd = word, domainName = word, redirectUrl = word },
        (wire.form(journal[3].body)))
    end
    print(("escapes: %d of %d words"):format(ROUNDS, ROUNDS))
  end)

  it("[client-escape-service-provider] escaping: any service provider reaches the "
    .. "path unchanged", function()
    local fixture = client_fixture.new()
    for _, word in ipairs { "A&E", "REF 30", "café", "100%", "%1" } do
      local client = fixture:new_client { service_provider = word }
      fixture.control.journal { clear = true }
      client.api:profiles()
      client.api:profile { mvpd = "Cablevision" }
      local journal = fixture.control.journal()
      assert.equal(word, wire.unescape(journal[#journal].path
        :match "^/api/v2/([^/]+)/profiles/Cablevision$"))
    end
  end)

  it("[client-escape-carry-resource] escaping: any resource reaches the "
    .. "sandbox unchanged, and a list of one stays a list", function()
    local fixture = client_fixture.new()
    for _, word in ipairs(random_words(11, 50)) do
      if not word:find "\255" then
        fixture.control.journal { clear = true }
        fixture.client.api:authorize { mvpd = "Cablevision",
          resources = { word } }
        local journal = fixture.control.journal()
        local body = journal[#journal].body
        assert.equal("[", body:match '^{"resources":(.)')
        assert.same({ resources = { word } }, json.decode(body))
      end
    end
  end)
end)
