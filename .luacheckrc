std = "min"
max_line_length = 88
exclude_files = { "build", ".ldoc.lua" }

files["spec"] = { std = "+busted" }
files["examples/tv"] = { std = "min+love" }
files["spec/examples/tv/in_love"] = { std = "min+love" }

-- Flows wait through the driver and know no scheduler, no clock of their own.
files["lua/adobepass/flow"] = {
  not_globals = { "coroutine", "pcall", "xpcall", "os", "io" },
}
