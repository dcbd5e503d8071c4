/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <stdio.h>

#include <lauxlib.h>
#include <lualib.h>

int luaopen_adobepass_core(lua_State *L);

static int run(lua_State *L, char **argv, lua_CFunction given) {
  int count;
  luaL_openlibs(L);
  luaL_requiref(L, "adobepass.core", luaopen_adobepass_core, 0);
  lua_settop(L, 0);
  if (luaL_loadfile(L, argv[0]) != LUA_OK) return 0;
  lua_pushcfunction(L, given);
  for (count = 1; argv[count] != NULL; count++) lua_pushstring(L, argv[count]);
  return lua_pcall(L, count, 0, 0) == LUA_OK;
}

int script_run(char **argv, lua_CFunction given) {
  lua_State *L = argv[0] != NULL ? luaL_newstate() : NULL;
  int ok;
  if (L == NULL) return 2;
  ok = run(L, argv, given);
  if (!ok) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return ok ? 0 : 1;
}
