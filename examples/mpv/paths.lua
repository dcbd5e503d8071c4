--- Sets the paths of this checkout for the running Lua: `dofile(here .. "/paths.lua")`
-- returns a function of the folder of this file. An installed module has other paths.

return function(here)
  local tree = here .. "/../../"
  local lua = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d.%d"
  package.path = ("%s/?.lua;%slua/?.lua;%slua/?/init.lua;%s?.lua;"):format(here, tree,
    tree, tree) .. package.path
  package.cpath = ("%sbuild/%s/?.so;"):format(tree, lua) .. package.cpath
end
