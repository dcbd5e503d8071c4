--- A small TV app whose memory is measured: it loads the module, logs in and sends one
-- request, to the sandbox in ADOBEPASS_*, over HTTPS.
--
-- Prints the resident KiB of its mappings: all, and those that it has written to
-- ("Anonymous": "Private_Dirty" has also the pages of a library's file that was written
-- a moment ago, such as in a new root). qemu-user shows a program's own addresses in
-- /proc/self/maps, and to another process its own: so mappings of qemu are not counted.

local adobepass = require "adobepass"
local core = require "adobepass.core"

local LOGIN = { mvpd = "Cablevision", domain_name = "adobe.com",
  redirect_url = "https://adobe.com" }

local function read(file)
  local text = assert(file):read "*a"
  file:close()
  return text
end

local function number(hexadecimal) return tonumber(hexadecimal, 16) end

-- Returns the mappings of the program: a list of { from, to }, and where libcrypto
-- starts.
local function own_mappings()
  local list, library = {}, nil
  for line in read(io.open "/proc/self/maps"):gmatch "[^\n]+" do
    local from, to = line:match "^(%x+)%-(%x+)"
    list[#list + 1] = { number(from), number(to) }
    if not library and line:find "libcrypto" then library = number(from) end
  end
  return list, library
end

local function contains(list, address)
  for _, range in ipairs(list) do
    if address >= range[1] and address < range[2] then return true end
  end
  return false
end

local function resident()
  local list, library = own_mappings()
  local text = read(io.popen "cat /proc/$PPID/smaps")
  local offset
  for line in text:gmatch "[^\n]+" do
    local from = line:match "^(%x+)%-%x+ "
    if from and line:find "libcrypto" then
      offset = number(from) - library
      break
    end
  end
  local all, written, counts = 0, 0, false
  for line in text:gmatch "[^\n]+" do
    local from = line:match "^(%x+)%-%x+ "
    if from then counts = contains(list, number(from) - offset) end
    local name, size = line:match "^([%w_]+): +(%d+) kB"
    if counts and name == "Rss" then all = all + size end
    if counts and name == "Anonymous" then written = written + size end
  end
  return all, written
end

local client = adobepass.new {
  service_provider = "REF30",
  environment = { api = os.getenv "ADOBEPASS_API", mgmt = os.getenv "ADOBEPASS_MGMT" },
  software_statement = os.getenv "ADOBEPASS_STATEMENT",
  http = { ca_file = os.getenv "ADOBEPASS_CA" },
  device = { id = "tv", info = adobepass.platform() },
}
local login = assert(client:start_login(LOGIN))
local control = assert(core.http.new {
  ca_file = os.getenv "ADOBEPASS_CA" })
local transfer = assert(control:submit { method = "POST",
  url = os.getenv "ADOBEPASS_CONTROL" .. "/sandbox/login",
  headers = { ["Content-Type"] = "application/json" },
  body = ('{"code":"%s","username":"ann"}'):format(login.code) })
while assert(control:step(1)) > 0 do end
assert(assert(transfer:result()).status == 200)
transfer:close()
control:close()
assert(client:poll_login(login))
assert(assert(client:authorize "CNN").permitted)
collectgarbage()
print(("%d %d"):format(resident()))
client:close()
