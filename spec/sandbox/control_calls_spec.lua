-- The control calls: one name in Lua and over HTTP, documented, errors that name the
-- field. The command line is in spec/cli/sandbox_control_spec.lua.

local calls = require "adobepass.sandbox.control.calls"
local fixture = require "spec.sandbox.fixture"
local routes = require "adobepass.sandbox.engine.routes"
local folder = require "spec.support.folder"
local json = require "adobepass.util.json"

local JSON = { ["Content-Type"] = "application/json" }

local function post(h, path, fields)
  return h:send { method = "POST", path = "/sandbox/" .. path, headers = JSON,
    body = json.encode(json.object(fields)) }
end

describe("sandbox control calls", function()
  it("[control-calls-one-name] sandbox control: each call has one name in Lua and "
    .. "over HTTP", function()
    local h, count = fixture.new(), 0
    for name in pairs(h.control) do
      assert.truthy(calls.by_name[name], name)
      count = count + 1
    end
    assert.equal(#calls.list, count)
    for _, call in ipairs(calls.list) do
      local status = post(h, call.name, {}).status
      assert.is_true(status == 200 or status == 400, call.name)
      if call.alias then
        assert.equal(status, post(h, call.alias, {}).status, call.alias)
      end
    end
  end)

  it("[control-calls-documented] docs/sandbox.md: describes each control call with "
    .. "its fields", function()
    local text, count = folder.read "docs/sandbox.md", 0
    for _, call in ipairs(calls.list) do
      local section = text:match("\n### " .. call.name .. "\n(.-)\n##")
      assert.truthy(section, call.name)
      assert.truthy(section:find("\nReturns: ", 1, true), call.name)
      for _, field in ipairs(call.fields) do
        assert.truthy(section:find("\n| `" .. field.name .. "` | ", 1, true),
          call.name .. " " .. field.name)
        count = count + 1
      end
      for name in section:gmatch "\n| `([%l_]+)` | " do
        assert.truthy(call.by_field[name], call.name .. " " .. name)
      end
    end
    assert.is_true(count > 30)
    local fault = text:match "\n### fault\n(.-)\n##"
    for name in pairs(routes.by_name) do
      assert.truthy(fault:find("`" .. name .. "`", 1, true), name)
    end
  end)

  local function section_of(name)
    return folder.read "docs/sandbox.md":match("\n### " .. name .. "\n(.-)\n##")
  end

  it("[control-kinds-documented] docs/sandbox.md: describes each kind of fault",
    function()
      local h, section, count = fixture.new(), section_of "fault", 0
      for kind in calls.by_name.fault.by_field.kind.text:gmatch "[%l_]+" do
        if h.control.fault { kind = kind } then
          count = count + 1
          assert.truthy(section:find("\n- `" .. kind .. "`: ", 1, true), kind)
        end
      end
      assert.equal(13, count)
    end)

  it("[control-journal-documented] docs/sandbox.md: names each field of a journal "
    .. "entry", function()
    local h, section, found = fixture.new(), section_of "journal", {}
    local code = h:session().json.code
    h.control.fault { kind = "delay" }
    h:get("/api/v2/REF30/profiles?utm=1", { ["Adobe-Subject-Token"] = "x" })
    h:get("/api/v2/REF30/sessions/" .. code, { ["AP-Device-Identifier"] = "x" })
    h:send { method = "GET", path = "/mvpd/Cablevision/logout", host_role = "api" }
    for _, entry in ipairs(h.control.journal()) do
      for name in pairs(entry) do found[name] = true end
    end
    found.throttled, found.failure = true, true
    assert.is_true(found.ignored and found.unexpected and found.event
      and found.fault and found.query)
    for name in pairs(found) do
      assert.truthy(section:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("[control-calls-unknown-field] sandbox control: every call refuses an unknown "
    .. "field, with a suggestion", function()
    local h = fixture.new()
    for _, call in ipairs(calls.list) do
      local value, message, field = h.control[call.name] { zzz = 1 }
      assert.is_nil(value)
      assert.equal("zzz", field)
      assert.equal("unknown field 'zzz' of " .. call.name, message)
    end
    local response = post(h, "login", { usernam = "ann" })
    assert.same({ 400, "usernam",
      "unknown field 'usernam' of login: did you mean 'username'?" },
      { response.status, response.json.field, response.json.error })
  end)

  it("[control-calls-type] sandbox control: a field of another type is refused by "
    .. "its name", function()
    local h = fixture.new()
    for _, call in ipairs(calls.list) do
      for _, given in ipairs(call.fields) do
        local response = post(h, call.name,
          { [given.name] = given.kind == "string" and 5 or "text" })
        assert.same({ 400, given.name }, { response.status, response.json.field })
        assert.truthy(response.json.error:find("'" .. given.name .. "'", 1, true))
      end
    end
  end)

  it("[control-calls-names-field] sandbox control: the error of a wrong value names "
    .. "the field", function()
    local h = fixture.new()
    local code = h:session({ mvpd = "Dish" }).json.code
    for _, case in ipairs {
      { "login", { code = code, username = "anne" }, "username" },
      { "login", { code = code, username = "ann", device = "tv" }, "device" },
      { "login", { code = code, username = "ann", mvpd = "TempPass" }, "mvpd" },
      { "login", { service_provider = "REF31" }, "service_provider" },
      { "clock", { time = -1 }, "time" }, { "clock", { advance = 1e15 }, "advance" },
      { "clock", { time = 1, advance = 1 }, "time" },
      { "fault", {}, "kind" }, { "fault", { kind = "delay", bytes = 1 }, "bytes" },
      { "fault", { kind = "delay", seconds = 1e9 }, "seconds" },
      { "fault", { kind = "tls", operation = "profils" }, "operation" },
      { "fault", { kind = "error", code = "none" }, "code" },
      { "revoke", { client_id = "x" }, "client_id" },
      { "revoke", { mvpd = "Dish", token = "x" }, "mvpd" },
      { "degrade", {}, "service_provider" },
      { "degrade", { service_provider = "REF30", mvpd = "Dich", rule = "AuthNAll" },
        "mvpd" },
      { "degrade", { service_provider = "REF30", mvpd = "Dish", rule = "None" },
        "rule" },
      { "degrade", { service_provider = "REF30", mvpd = "Dish", rule = "AuthNAll",
        seconds = -1 }, "seconds" },
      { "degrade", { clear = true, mvpd = "Dish" }, "service_provider" },
      { "statement", { application = "none" }, "application" },
      { "statement", { service_provider = "NONE" }, "service_provider" },
      { "identity", { kind = "other", subject = "x" }, "kind" },
      { "identity", { kind = "service" }, "subject" },
      { "saml", { request = "x", mvpd = "none", username = "ann" }, "mvpd" },
      { "saml", { request = "x", mvpd = "Dish", username = "ann" }, "request" },
      { "saml", { request = "x", mvpd = "Dish", username = "none" }, "username" },
      { "snapshot", { restore = { version = 0 } }, "restore" },
    } do
      local value, message, field = h.control[case[1]](case[2])
      assert.is_nil(value, case[1] .. " " .. case[3])
      assert.equal(case[3], field, case[1])
      assert.truthy(message:find("'" .. case[3] .. "'", 1, true), message)
    end
    h.control.clock { advance = 31 * 60 * 1000 }
    local _, message = h.control.login { code = code, username = "ann" }
    assert.truthy(message:find('the code "' .. code .. '" is expired', 1, true))
  end)

  -- os.date depends on the locale, and raises after 2037 where time_t has 32 bits.
  it("[control-clock-2100] sandbox clock: dates responses until 2100, without os.date",
    function()
    local h, real = fixture.new(), os.date
    finally(function() os.date = real end) -- luacheck: ignore 122
    os.date = function() error "time out-of-bounds" end -- luacheck: ignore 122
    h.control.clock { time = 4102444800000 }
    assert.equal("Fri, 01 Jan 2100 00:00:00 GMT", fixture.header(post(h, "clock", {}),
      "Date"))
  end)
end)
