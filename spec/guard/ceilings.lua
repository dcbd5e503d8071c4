--- The maximum cost of each operation and each flow. `make guards` prints each
-- measurement beside its ceiling; lower the ceiling when a cost has fallen.
--
-- Instructions and allocations of one repetition on Lua 5.4, at -O2 with Debian
-- 12's gcc and libraries, about a tenth above the measurement. The core request is
-- over plain http. Requests and handshakes of one flow are exact.

return {
  instructions = {
    ["core request"] = 72000,
    ["step of 200 waiting transfers"] = 6000, -- includes a call of libcurl every 50 ms
    ["token check"] = 1140,
    ["SHA-256 of 1 KiB"] = 36000,
    ["jws.verify"] = 450000,
    ["client.api:profiles"] = 80000,
    ["25 cached permits"] = 370000,
    ["2,000 providers from JSON"] = 52600000,
    ["2,000 providers from the cache"] = 17300000,
    ["a view of a device"] = 186000,
  },
  allocations = {
    ["core request"] = 53, -- 48 for a response in two parts
    ["step of 200 waiting transfers"] = 0.1,
    ["token check"] = 0.1,
    ["SHA-256 of 1 KiB"] = 1.1,
    ["jws.verify"] = 51,
    ["client.api:profiles"] = 35.5,
    ["25 cached permits"] = 106,
    ["2,000 providers from JSON"] = 24000,
    ["2,000 providers from the cache"] = 4430,
    ["a view of a device"] = 51,
  },
  requests = {
    ["first response of a new device"] = 3,
    ["a device after the first"] = 3,
    ["login, three polls"] = 7,
    ["login of a viewer who is known"] = 0,
    ["list of providers, twice"] = 1,
    ["catalog of 100"] = 20,
    ["the same catalog again"] = 0,
    ["play, twice"] = 2,
    ["50 requests at once"] = 52,
    ["logout"] = 2, -- the profiles and the logout
  },
  handshakes = {
    ["first response of a new device"] = 1,
    ["a device after the first"] = 1,
    ["login, three polls"] = 1,
    ["login of a viewer who is known"] = 0,
    ["list of providers, twice"] = 0,
    ["catalog of 100"] = 0,
    ["the same catalog again"] = 0,
    ["play, twice"] = 0,
    ["50 requests at once"] = 1,
    ["logout"] = 0,
  },
  -- Resident after a login and an authorize over HTTPS, on the Lua and the system that
  -- need most: Debian 13 on amd64, whose OpenSSL is larger. `make ports` measures it on
  -- each processor.
  ["KiB of memory"] = {
    ["a TV app"] = 18000,
    ["a TV app, private memory"] = 3900,
  },
}
