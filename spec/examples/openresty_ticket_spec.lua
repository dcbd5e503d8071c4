--- The gateway's signed texts: cookies of devices, and tickets.

package.path = "examples/openresty/lua/?.lua;" .. package.path
package.loaded["gateway.viewer"] = { set_cookie = function() end } -- needs nginx

local core = require "adobepass.core"
local play = require "gateway.play"
local sign = require "gateway.sign"
local ticket = require "gateway.ticket"
local viewer = require "gateway.viewer"

local OLD = { id = "old", secret = ("o"):rep(32) }
local NEW = { id = "new", secret = ("n"):rep(32) }

describe("gateway signer", function()
  local signer = sign.new { NEW, OLD }
  local sealed = signer:seal("device", "tv-1")

  it("[gateway-ticket-opens-sealed] gateway signer: opens a text for the "
    .. "purpose it was sealed for", function()
    assert.equal("tv-1", signer:open("device", sealed))
    assert.is_nil(signer:open("ticket-url", sealed))
  end)

  it("[gateway-ticket-opens-key] gateway signer: opens texts of a listed old "
    .. "key, not of an unknown key",
    function()
      local old = sign.new({ OLD }):seal("device", "tv-1")
      assert.equal("tv-1", signer:open("device", old))
      assert.is_nil(sign.new({ NEW }):open("device", old))
      local namesake = sign.new { { id = "new", secret = ("x"):rep(32) } }
      assert.is_nil(namesake:open("device", sealed))
    end)

  it("[gateway-ticket-not-open-bytes] gateway signer: refuses a text with one "
    .. "changed byte", function()
    for index = 1, #sealed do
      local byte = sealed:sub(index, index) == "A" and "B" or "A"
      local other = sealed:sub(1, index - 1) .. byte .. sealed:sub(index + 1)
      assert.is_nil(signer:open("device", other), other)
    end
  end)

  it("[gateway-ticket-not-open-cut] gateway signer: refuses a shortened, "
    .. "extended or empty text", function()
    for length = 0, #sealed - 1 do
      assert.is_nil(signer:open("device", sealed:sub(1, length)))
    end
    for _, other in ipairs { sealed .. "A", sealed .. ".", " " .. sealed,
      sealed .. "\n", sealed:gsub("^new", "none"), "new..", "..",
      sealed .. ("A"):rep(2000) } do
      assert.is_nil(signer:open("device", other))
    end
    assert.is_nil(signer:open("device", nil))
  end)

  it("[gateway-ticket-not-parts-cut] gateway signer: refuses a text that is "
    .. "split at another place", function()
    local one = sign.new { { id = "k", secret = OLD.secret } }
    local mac = core.digest.hmac_sha256(OLD.secret, "device\nk\nYQ")
    assert.equal("a", one:open("device", "k.YQ."
      .. core.base64.url_encode(mac)))
    assert.is_nil(one:open("device\nk", "YQ.YQ."
      .. core.base64.url_encode(mac)))
  end)
end)

describe("gateway ticket", function()
  local signer = sign.new { NEW }
  local fields = { channel = "late-night", expires = 1800000000,
    holder = ticket.holder "tv-1" }

  it("[gateway-ticket-issued-kind] gateway ticket: returns its fields for its "
    .. "own kind only", function()
    local text = ticket.issue(signer, "cookie", fields)
    assert.same(fields, ticket.open(signer, "cookie", text))
    assert.is_nil(ticket.open(signer, "url", text))
    assert.is_nil(signer:open("device", text))
    assert.truthy(text:find "^[%w._-]+$") -- valid in a path and in a cookie
  end)

  it("[gateway-ticket-not-device] gateway ticket: does not contain the "
    .. "device's identifier", function()
    local text = signer:open("ticket-url",
      ticket.issue(signer, "url", fields))
    assert.is_nil(text:find("tv-1", 1, true))
    assert.not_equal(ticket.holder "tv-1", ticket.holder "tv-2")
  end)

  it("[gateway-ticket-merely-signed] gateway ticket: refuses a signed text "
    .. "that is not a ticket", function()
    for _, text in ipairs { "", "soon cnn 00", "5 cnn", "5 c nn 00",
      "5  0" } do
      assert.is_nil(ticket.open(signer, "url",
        signer:seal("ticket-url", text)))
    end
  end)
end)

describe("gateway playback", function()
  local NOW = 1800000000

  -- Plays with a pass whose remaining_ms returns the given values.
  local function play_pass(left, err)
    _G.ngx = { time = function() return NOW end }
    finally(function() _G.ngx = nil end)
    local channel = { id = "cnn", resource = "CNN" }
    play.start({ channels = { by_id = { cnn = channel } }, passes = { "TempPass" },
      ticket_seconds = 300, cookie_ending = "" }, sign.new { NEW })
    local pass = { authorize = function() return { permitted = true } end,
      remaining_ms = function() return left, err end }
    viewer.client = function()
      return { temporary_access = function() return pass end }
    end
    return play.post { argument = "cnn", body = { pass = true }, who = { id = "tv" } }
  end

  it("[gateway-pass-end-unknown] gateway playback: a permit of a pass whose end is "
    .. "unknown gives a ticket for ticket_seconds", function()
    assert.equal((NOW + 300) * 1000, play_pass().expires_at)
    assert.equal((NOW + 20) * 1000, play_pass(19500).expires_at)
    assert.same({ nil, "failed" }, { play_pass(nil, "failed") })
  end)
end)
