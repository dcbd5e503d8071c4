std = "min"
max_line_length = 88
exclude_files = { "build" }

files["spec"] = { std = "+busted" }
files["examples/tv"] = { std = "min+love" }
files["examples/mpv"] = { read_globals = { "mp" } }
files["bench/mpv_drops.lua"] = { read_globals = { "mp" } }
files["bench/mpv_callbacks.lua"] = { globals = { "mp" } }
files["spec/examples/tv/in_love"] = { std = "min+love" }

-- Flows wait through the driver and know no scheduler, no clock of their own.
files["lua/adobepass/flow"] = {
  not_globals = { "coroutine", "pcall", "xpcall", "os", "io" },
}

-- Library code starts no process: that blocks and forks inside a game loop or
-- a worker of nginx. The sandbox and the command may, through util/shell.
local processes = { "os.execute", "io.popen" }
files["lua/adobepass"] = { not_globals = processes }
files["lua/adobepass/sandbox"] = { globals = processes }
files["lua/adobepass/cli"] = { globals = processes }
files["lua/adobepass/util/shell.lua"] = { globals = processes }
