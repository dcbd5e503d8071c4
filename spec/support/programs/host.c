/* SPDX-License-Identifier: MIT */
/* A small Lua interpreter to build with a sanitizer; the system's interpreter
** cannot load such a module. `host file ...` or `host -e script ...`. */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static void set_arguments(lua_State *L, int argc, char **argv, int script) {
  int i;
  lua_newtable(L);
  for (i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

static int traceback(lua_State *L) {
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int run(lua_State *L, int argc, char **argv) {
  int inline_script = strcmp(argv[1], "-e") == 0 && argc > 2;
  int script = inline_script ? 2 : 1;
  int failed;
  luaL_openlibs(L);
  set_arguments(L, argc, argv, script);
  lua_pushcfunction(L, traceback);
  failed =
    inline_script ? luaL_loadstring(L, argv[2]) : luaL_loadfile(L, argv[1]);
  if (!failed) failed = lua_pcall(L, 0, 0, -2);
  if (failed) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  return failed != 0;
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  int status = L == NULL || argc < 2 ? 2 : run(L, argc, argv);
  if (L != NULL) lua_close(L);
  return status;
}
