--- Creates temporary certificates for loopback with the openssl command.
--
--   local files = certificates.make(folder, { hosts = { "localhost" } })
--   -> { ca = path, cert = path, key = path } | nil, message, code
--   certificates.find(folder, name) -> the files of an earlier call | nil
--   certificates.copy(files, folder, name) -> the copies | nil, message, code
--
-- options: hosts    names and addresses (default localhost, 127.0.0.1, ::1)
--          expired  true: the certificate expired yesterday
--          name     prefix of the file names (default "server")
--
-- The CA's key is deleted after it signed the certificate, and the CA is
-- constrained to these hosts (RFC 5280, 4.2.1.10). Trusting the CA therefore
-- affects no other host.
--
-- @module adobepass.sandbox.host.certificates

local shell = require "adobepass.util.shell"

local certificates = {}

local OPTIONS = { hosts = true, expired = true, name = true }
local LOOPBACK = { "localhost", "127.0.0.1", "::1" }

-- In every version of OpenSSL, `openssl ca` can set notBefore and notAfter; other
-- commands can do so only in some versions.
local CONFIG = [[
[req]
distinguished_name = subject
prompt = no
[subject]
CN = adobepass sandbox
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, @permitted
[permitted]
@PERMITTED@
[ca]
default_ca = here
[here]
new_certs_dir = @NAME@-issued
database = @NAME@-index
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
[names]
@NAMES@
]]

local COMMANDS = [[
set -e
umask 077
cd @FOLDER@
export OPENSSL_CONF=/dev/null
: > @NAME@-index
mkdir -p @NAME@-issued
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -config @NAME@.cnf -extensions authority -days 365 \
  -keyout @NAME@-ca.key -out @NAME@-ca.pem
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -config @NAME@.cnf -subj /CN=@HOST@ \
  -keyout @NAME@.key -out @NAME@.csr
openssl ca -batch -notext -config @NAME@.cnf -extensions leaf \
  -cert @NAME@-ca.pem -keyfile @NAME@-ca.key \
  -startdate @FROM@ -enddate @TO@ -in @NAME@.csr -out @NAME@.pem
rm -rf @NAME@-ca.key @NAME@.csr @NAME@.cnf @NAME@-index* @NAME@-issued
]]

local function is_address(host)
  return host:find(":", 1, true) ~= nil or host:find("^[%d.]+$") ~= nil
end

-- RFC 5280 represents an address constraint as a network with its mask.
local function constraint(host)
  if host:find(":", 1, true) then
    return host .. "/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
  end
  return is_address(host) and host .. "/255.255.255.255" or host
end

local function list(hosts, prefix, show)
  local lines = {}
  for index, host in ipairs(hosts) do
    lines[index] = ("%s%s.%d = %s"):format(prefix,
      is_address(host) and "IP" or "DNS", index, show(host))
  end
  return table.concat(lines, "\n")
end

local function same(host) return host end

local function date(days)
  return os.date("!%y%m%d%H%M%SZ", os.time() + days * 86400)
end

local function fill(template, values)
  return (template:gsub("@(%u+)@", values))
end

local function check(folder, options)
  if type(folder) ~= "string" then
    error("certificates.make: invalid folder: expected a string", 3)
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      error("certificates.make: unknown option '" .. tostring(name) .. "'", 3)
    end
  end
  for _, host in ipairs(options.hosts or {}) do
    if host:find("[^%w.:*-]") then
      error("certificates.make: invalid host: " .. host, 3)
    end
  end
  if (options.name or ""):find("[^%w_-]") then
    error("certificates.make: invalid file name: " .. options.name, 3)
  end
end

local function files_of(folder, name)
  local base = folder .. "/" .. name
  return { ca = base .. "-ca.pem", cert = base .. ".pem", key = base .. ".key" }
end

--- Creates a CA and one server certificate in an existing folder.
function certificates.make(folder, options)
  options = options or {}
  check(folder, options)
  local hosts, name = options.hosts or LOOPBACK, options.name or "server"
  local values = { NAME = name, FOLDER = shell.quote(folder),
    HOST = hosts[1], NAMES = list(hosts, "", same),
    PERMITTED = list(hosts, "permitted;", constraint),
    FROM = date(options.expired and -3 or -1),
    TO = date(options.expired and -1 or 365) }
  local written, message = shell.write_file(folder .. "/" .. name .. ".cnf",
    fill(CONFIG, values))
  if not written then return nil, message, "file" end
  local output, status = shell.read("(" .. fill(COMMANDS, values) .. ")")
  if status ~= 0 then return nil, "openssl: " .. output, "openssl" end
  return files_of(folder, name)
end

-- One day from now, the certificates must still be valid.
local FIND = [[
export OPENSSL_CONF=/dev/null
cd @FOLDER@ && openssl verify -CAfile @NAME@-ca.pem -attime @TIME@ @NAME@.pem &&
  public=$(openssl pkey -in @NAME@.key -pubout) &&
  [ "$(openssl x509 -in @NAME@.pem -noout -pubkey)" = "$public" ]
]]

--- Returns the files that certificates.make made; nil if one is missing, is of another
-- certificate or expires within a day.
-- @param name that of certificates.make
function certificates.find(folder, name)
  local _, status = shell.read("(" .. fill(FIND, { FOLDER = shell.quote(folder),
    NAME = name, TIME = ("%d"):format(os.time() + 86400) }) .. ")")
  return status == 0 and files_of(folder, name) or nil
end

--- Copies the files of certificates.make or certificates.find. The copies are private
-- and replace files with the same names.
-- @param name prefix of the new file names
function certificates.copy(files, folder, name)
  local copies, commands = files_of(folder, name), "umask 077"
  for kind, path in pairs(copies) do
    commands = ("%s && %s && %s"):format(commands, shell.line("rm", "-f", path),
      shell.line("cp", files[kind], path))
  end
  local output, status = shell.read(commands)
  if status ~= 0 then return nil, output, "file" end
  return copies
end

return certificates
