--- adobepass inspect: shows the content of a token.
-- @module adobepass.cli.inspect

local core = require "adobepass.core"
local errors = require "adobepass.api.errors"
local json = require "adobepass.util.json"
local jws = require "adobepass.util.jws"
local jwt = require "adobepass.cli.jwt"
local media_token = require "adobepass.media_token"
local report = require "adobepass.cli.report"
local settings = require "adobepass.cli.settings"
local tables = require "adobepass.util.tables"
local terminal = require "adobepass.cli.terminal"
local cli_text = require "adobepass.cli.text"

local inspect = {
  name = "inspect",
  summary = "Show a JWT, a software statement or a media token.",
}

local DESCRIPTION = [[
Prints the kind of a token, its fields, and whether it has expired. Sends no
requests. Without --key the signature is not verified, and the fields are only
claims. The token itself is not printed.]]

local EPILOG = [[
Examples:
  adobepass inspect statement.txt
      Check that it is a software statement with the scope of the REST API v2.
  adobepass authorize CNN --token | adobepass inspect
  adobepass inspect --key adobe.pem token.txt

Exit status: 0 success; 1 not a token, or with --key: expired, or not signed by
that key; 2 usage error.]]

--- Declares the arguments and options.
function inspect.define(parser)
  parser:description(DESCRIPTION):epilog(EPILOG):help_max_width(79)
  parser:argument("file", "A file with the token; - (the default) reads "
    .. "standard input."):argname("<file>"):args("?")
  parser:option("--key", "Verify the signature with this public key or "
    .. "certificate (PEM)."):argname("<file>")
  parser:flag("--json", "Print one line of JSON, for errors too.")
end

-- --- kinds of tokens --------------------------------------------------------

local KINDS = { statement = "A software statement", access = "An access token",
  media = "A media token", token = "A JWT" }

local function milliseconds(seconds)
  local number = type(seconds) == "number" and seconds or nil
  return number and number * 1000
end

local function from_media(text)
  local fields = media_token.inspect(text)
  if not fields then return nil end
  return { kind = "media", claims = fields, ends = media_token.ends(fields) }
end

local function from_jwt(text)
  local token, message, code = jwt.read(text)
  if not token then
    return nil, errors.new { code = code, action = "none",
      message = code == "encrypted_token" and message
        or "The input is neither a JWT nor a media token." }
  end
  local claims = token.claims
  return { kind = jwt.kind(claims), header = token.header, claims = claims,
    ends = milliseconds(claims.exp), begins = milliseconds(claims.nbf),
    has_scope = jwt.has_scope(claims) }
end

local function read(arguments)
  local text, err = settings.read(arguments.file or "-")
  if not text then return nil, err end
  text = text:gsub("%s+", "")
  local found = from_media(text)
  if not found then found, err = from_jwt(text) end
  if not found then return nil, err end
  found.now = core.clock.wall() * 1000
  found.is_over = found.ends ~= nil and found.ends <= found.now
  return found, text
end

-- --- signature --------------------------------------------------------------

local function key_of(path)
  local pem, err = settings.read(path)
  if not pem then return nil, err end
  local key, message = core.public_key(pem)
  if key then return key end
  return nil, report.usage("--key: " .. message)
end

-- Verifies at a time at which the token was valid, because expiry is reported
-- separately.
local function verify_media(text, found, key)
  return media_token.verify(text, { key = key,
    now_ms = found.ends and found.ends - 1 or found.now })
end

local function verify(text, found, path)
  if not path then return true end
  local key, err = key_of(path)
  if not key then return nil, err end
  if found.kind == "media" then
    found.is_signed = verify_media(text, found, key) ~= nil
  else
    found.is_signed = jws.verify("RS256", key, text) ~= nil
  end
  key:close()
  return true
end

-- --- output -----------------------------------------------------------------

local DATES = { iat = true, exp = true, nbf = true, auth_time = true }

local function is_plain(value)
  return type(value) ~= "table" and value ~= json.null
end

local function is_list(value)
  if not json.is_array(value) then return false end
  for _, item in ipairs(value) do
    if not is_plain(item) then return false end
  end
  return true
end

local function value_of(found, name)
  local value = found.claims[name]
  if DATES[name] and type(value) == "number" then
    return cli_text.date(value * 1000, found.now)
  elseif is_plain(value) then
    return terminal.escape(value)
  elseif is_list(value) then
    return terminal.escape(table.concat(jwt.list(value), ", "))
  end
  return terminal.escape(json.encode(value))
end

local function table_of(found)
  local names = tables.sorted_keys(found.claims)
  local width = cli_text.widest(names)
  for _, name in ipairs(names) do
    terminal.print(("  %s  %s"):format(
      terminal.paint("DIM", cli_text.pad(terminal.escape(name), width)),
      value_of(found, name)))
  end
end

local function algorithm(found)
  if not found.header then return end
  local names, parts = tables.sorted_keys(found.header), {}
  for index, name in ipairs(names) do
    local value = found.header[name]
    parts[index] = ("%s %s"):format(terminal.escape(name),
      terminal.escape(type(value) == "table" and json.encode(value) or value))
  end
  terminal.print(terminal.paint("DIM", "  " .. table.concat(parts, ", ")))
end

local function time_sentence(found)
  if not found.ends and found.claims.exp ~= nil then
    return { "WARN", "Its expiry is not a time." }
  elseif not found.ends then
    return found.kind == "media" and { "WARN", "It has no expiry time." }
      or { "GOOD", "It does not expire." }
  end
  local date = cli_text.date(found.ends, found.now)
  if found.is_over then return { "BAD", "It expired on " .. date } end
  if found.begins and found.begins > found.now then
    return { "WARN", "It is not valid before " .. cli_text.date(found.begins,
      found.now) }
  end
  return { "GOOD", "It is valid until " .. date }
end

local function scope_sentence(found)
  if found.kind ~= "statement" and found.kind ~= "access" then return nil end
  if found.has_scope == nil then
    return { "DIM", "It does not list its scopes." }
  elseif found.has_scope then
    return { "GOOD", "It has the scope of the REST API v2." }
  end
  return { "BAD", ("It lacks %s, the scope of the REST API v2: have the "
    .. "application's scope changed in the TVE Dashboard."):format(jwt.SCOPE) }
end

local function signature_sentence(found)
  if found.header and found.header.alg == "none" then
    return { "BAD", "It is not signed, so its content cannot be trusted." }
  elseif found.is_signed == nil then
    return { "DIM", "Its signature was not verified (use --key)." }
  elseif found.is_signed then
    return { "GOOD", "Its signature is valid for this key." }
  end
  return { "BAD", "Its signature is not valid for this key." }
end

local function as_text(found)
  terminal.print(terminal.paint("BOLD", KINDS[found.kind]))
  algorithm(found)
  terminal.print()
  table_of(found)
  terminal.print()
  for _, make in ipairs { time_sentence, scope_sentence,
    signature_sentence } do
    local sentence = make(found)
    if sentence then
      terminal.print("  " .. terminal.paint(sentence[1], sentence[2]))
    end
  end
end

local function as_json(found)
  report.json { kind = found.kind, header = found.header,
    claims = json.object(found.claims), is_over = found.is_over,
    not_after = found.ends, has_v2_scope = found.has_scope,
    is_signed = found.is_signed }
end

--- Reads the token, verifies it if there is a key, and prints it. Returns the
-- exit status, or nil and an error.
function inspect.run(arguments)
  local found, text = read(arguments)
  if not found then return nil, text end
  local success, err = verify(text, found, arguments.key)
  if not success then return nil, err end
  if arguments.json then as_json(found) else as_text(found) end
  local is_refused = arguments.key and (found.is_over or not found.is_signed)
  return is_refused and report.FAILURE or report.SUCCESS
end

return inspect
