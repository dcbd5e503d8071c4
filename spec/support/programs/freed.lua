--- The script of freed.c: uses and frees each object of the core that holds a
-- secret. Prints a line for each: name, blocks freed, blocks with the secret.

local core = require "adobepass.core"
local freed, server, silent, folder = ...

local SECRET = "a-secret-that-may-not-stay"

local function collect()
  collectgarbage()
  collectgarbage()
end

local function finish(transport, transfer)
  while not transfer:ended() do transport:step(1) end
  return transfer:result()
end

local function with_transport(body, options)
  local transport = assert(core.http.new(options or { timeout = 20 }))
  body(transport)
  transport:close()
end

local function token()
  return core.token { access_token = SECRET, expires_in = 60 }
end

local function cancelled(request)
  return function()
    with_transport(function(transport)
      local transfer = assert(transport:submit(request))
      transport:step(0)
      transfer:close()
    end)
  end
end

local function responded(request, code)
  return function()
    with_transport(function(transport)
      local transfer = assert(transport:submit(request))
      assert(select(3, finish(transport, transfer)) == code)
      transfer:close()
    end)
  end
end

local function in_file(key)
  return function()
    local path = folder .. "/kept"
    assert(core.file.write(path, SECRET, { key = key }))
    assert(core.file.read(path, { key = key }))
  end
end

local POST = { url = server, method = "POST", body = SECRET }

local scenarios = {
  { "a token that is closed", function() token():close() end },
  { "a token that is dropped", function() token() end },
  { "headers that are refused", function()
    with_transport(function(transport)
      assert(not pcall(transport.submit, transport, { url = server,
        headers = { ["X-Own"] = { SECRET, "b\r\n" } } }))
    end)
  end },
  { "a request and its response", responded(POST) },
  { "a response that is too large", responded({ url = server, max_body = 60,
    method = "POST", body = SECRET:rep(100) }, "too_large") },
  { "a request that is cancelled", cancelled { url = silent, method = "POST",
    body = SECRET, headers = { ["X-Own"] = SECRET } } },
  { "a token with a request", function()
    local bearer = token()
    cancelled { url = silent, bearer = bearer } ()
    bearer:close()
  end },
  { "a request whose transport closes", function()
    with_transport(function(transport)
      assert(transport:submit { url = silent, method = "POST", body = SECRET })
      transport:step(0)
    end)
  end },
  { "a key's passphrase", function()
    with_transport(function() end, { client_key_password = SECRET })
  end },
  { "a file", in_file(nil) },
  { "a file that is encrypted", in_file(("k"):rep(32)) },
}

for _, scenario in ipairs(scenarios) do
  collect()
  freed(SECRET)
  scenario[2]()
  collect()
  print(("%s: %d %d"):format(scenario[1], freed(SECRET)))
end
