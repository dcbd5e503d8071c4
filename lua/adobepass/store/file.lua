--- A store in a folder of private files: for one machine, all its processes.
--
--   store.file("/var/lib/app", { key = 32 bytes, now = function() -> seconds,
--                                lock_timeout = 5 })
--
-- Each key has one file. The file's name is the SHA-256 of the key, so a key may
-- contain any bytes. The file also contains the key: a file that was renamed is
-- reported as damaged and not read as the value of another key. Writes are atomic
-- (`core.file`): after kill -9, a crash or a full disk a file has its old content
-- or the new one.
--
-- Every write holds the lock of one lock file, so `add` and `replace` are atomic
-- between processes. The system releases the lock of a process that ends. `get`
-- does not wait for the lock.
--
-- To change the key, first add the new one at the end of the list in each process, then
-- move it to the front. From then on each entry is encrypted with it when it is written
-- or read. The old key is needed until every entry has been read: credentials are read
-- when the access token is renewed. A store that was used without a key cannot be read
-- with one.
--
-- Every call blocks the program for file I/O. A write also waits for the disk
-- (fsync) and for the lock, at most `lock_timeout` seconds.
--
-- Expiry times use the wall clock, because the monotonic clock starts again at a
-- reboot. After a jump forward an entry may expire early. An entry that was
-- written at a later time than now has expired; otherwise a clock that was set
-- back could keep it for years.
--
-- The file of an expired entry remains until the key is set again or deleted.
--
-- @module adobepass.store.file

local core = require "adobepass.core"
local interface = require "adobepass.store.interface"
local options = require "adobepass.util.options"

local failed = interface.failed

local MAX_LOCK_TIMEOUT = 5
local OPTIONS = { key = "string or table?", now = "function?",
  lock_timeout = options.number(0, MAX_LOCK_TIMEOUT) }
local LARGEST = 1024 * 1024 -- the default of core.file.read

-- The time of the write in ms since 1970, the lifetime in ms (0: no expiry), the
-- length of the key in bytes. Whole numbers, because string.format writes the
-- decimal point of the locale.
local HEAD = "adobepass-store 1 %.0f %.0f %d\n"
local HEAD_PATTERN = "^adobepass%-store 1 (%-?%d+) (%d+) (%d+)\n()"

local function milliseconds(self)
  return math.floor(self.now() * 1000)
end

local function path_of(self, key)
  return self.folder .. "/" .. core.digest.hex(core.digest.sha256(key))
end

local function encode(self, key, value, seconds)
  local lifetime = seconds and math.ceil(seconds * 1000) or 0
  return HEAD:format(milliseconds(self), lifetime, #key) .. key .. value
end

-- Returns the key, the value and whether the entry is valid; nil if the file is
-- damaged.
local function decode(self, content)
  local set_at, lifetime, length, start = content:match(HEAD_PATTERN)
  if not set_at or #length > #tostring(LARGEST) then return nil end
  set_at, lifetime = tonumber(set_at), tonumber(lifetime)
  local middle = start + tonumber(length)
  local now = milliseconds(self)
  local lives = lifetime == 0
    or (set_at <= now and now < set_at + lifetime)
  return content:sub(start, middle - 1), content:sub(middle), lives
end

-- Creates and checks the folder before the first use. Later calls do not repeat
-- the check: it detects a wrong setup, not a change by the owner.
local function ready(self)
  if self.is_ready then return true end
  local good, message, code = core.file.make_folder(self.folder)
  self.is_ready = good
  if good or code == "insecure_file" then return good, message end
  return nil, "The store's folder cannot be used: " .. message
end

-- Returns the content of a file, decrypted with the first key that fits; nil, a message
-- and a code. The fourth result: whether the key is not the first one.
local function read_file(self, path)
  local content, message, code = core.file.read(path, self.sealing)
  if content or code ~= "decrypt_failed" then return content, message, code, false end
  for _, sealing in ipairs(self.older) do
    content, message, code = core.file.read(path, sealing)
    if content or code ~= "decrypt_failed" then break end
  end
  return content, message, code, true
end

-- Returns the value; nil if there is none; nil, a message and a code on failure. The
-- fourth result: whether the key is not the first one.
local function read(self, key)
  local path = path_of(self, key)
  local content, message, code, is_older = read_file(self, path)
  if code == "not_found" then return nil end
  if not content then return failed(message) end
  local own_key, value, lives = decode(self, content)
  if own_key ~= key then return failed(path .. " is damaged.") end
  return lives and value or nil, nil, nil, is_older
end

local function write(self, key, value, seconds)
  local content = encode(self, key, value, seconds)
  if #content > LARGEST then
    return failed("The entry is larger than 1 MiB.")
  end
  local done, message = core.file.write(path_of(self, key), content,
    self.sealing)
  if not done then return failed(message) end
  return true
end

local function remove(self, key)
  local done, message = core.file.remove(path_of(self, key))
  if not done then return failed(message) end
  return true
end

local function take_lock(self, seconds)
  local lock, message, code = core.file.lock(self.folder .. "/.lock", seconds)
  if lock then return lock end
  self.is_ready = false -- the folder may have been removed
  if code == "busy" then
    message = "The store is busy: another process holds its lock."
  end
  return nil, message
end

-- Returns a function that calls `work` while it holds the lock. If `work` raises,
-- which it does only when memory runs out, the garbage collector closes the lock.
local function changing(work)
  return function(self, ...)
    local good, message = ready(self)
    if not good then return failed(message) end
    local lock, reason = take_lock(self, self.lock_timeout)
    if not lock then return failed(reason) end
    local result, why, code = work(self, ...)
    lock:close()
    return result, why, code
  end
end

local function add(self, key, value, seconds)
  local there, message, code = read(self, key)
  if there then return false end
  if code then return nil, message, code end
  return write(self, key, value, seconds)
end

local function replace(self, key, value, expected, seconds)
  local there, message, code = read(self, key)
  if code then return nil, message, code end
  if there ~= expected then return false end
  return write(self, key, value, seconds)
end

local function delete(self, key, value)
  if value == nil then return remove(self, key) end
  local there, message, code = read(self, key)
  if code then return nil, message, code end
  if there ~= value then return true end
  return remove(self, key)
end

local file = { set = changing(write), add = changing(add),
  replace = changing(replace), delete = changing(delete) }

-- Encrypts an entry with the first key, so that the others can be removed one day: many
-- entries are written only once. Does not wait for the lock; a later `get` tries again.
local function seal_again(self, key)
  local lock = take_lock(self, 0)
  if not lock then return end
  local path = path_of(self, key)
  local content, _, _, is_older = read_file(self, path)
  if content and is_older then core.file.write(path, content, self.sealing) end
  lock:close()
end

function file.get(self, key)
  local good, message = ready(self)
  if not good then return failed(message) end
  local value, why, code, is_older = read(self, key)
  if code then return nil, why, code end
  if value and is_older then seal_again(self, key) end
  return value
end

local make = interface.class(file)

local KEY_SIZE = 32

local function is_key(value)
  return type(value) == "string" and #value == KEY_SIZE
end

-- The options of core.file for each key; none without a key.
local function sealings_of(keys)
  if type(keys) ~= "table" then keys = { keys } end
  local list = {}
  for index, key in ipairs(keys) do list[index] = { key = key } end
  return list
end

local function check_keys(keys)
  if keys == nil or is_key(keys) then return end
  local count = 0
  for index in pairs(type(keys) == "table" and keys or {}) do
    count = count + 1
    if not is_key(keys[count]) or type(index) ~= "number" then
      count = 0
      break
    end
  end
  if count == 0 then
    error("store.file: key should be 32 bytes, or a list of such keys", 4)
  end
end

local function check(folder, given)
  if type(folder) ~= "string" or folder == ""
      or folder:find("\0", 1, true) then
    error("store.file: folder should be the path of a folder", 3)
  end
  check_keys(given.key)
end

--- Creates a store in a folder. Raises for wrong arguments. The first call of the
-- store creates and checks the folder.
-- @function file
-- @string folder created with mode 0700 if missing
-- @tparam[opt] table options `key`: 32 bytes, to encrypt with AES-256-GCM; or a
-- list of keys, of which the first encrypts and all decrypt (see above);
-- `now`: a function that returns the seconds since 1970 (default: the wall clock);
-- `lock_timeout`: seconds to wait for the lock (default and maximum: 5)
return function(folder, given)
  given = options.check("store.file", given or {}, OPTIONS)
  check(folder, given)
  local sealings = sealings_of(given.key)
  return make { folder = folder:gsub("(.)/+$", "%1"),
    sealing = table.remove(sealings, 1), older = sealings,
    now = given.now or core.clock.wall,
    lock_timeout = given.lock_timeout or MAX_LOCK_TIMEOUT }
end
