/* SPDX-License-Identifier: MIT */
#include "lhandle.h"

#include <string.h>

/* 5.1 has no luaL_setfuncs. */
static void set_functions(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

void ap_new_type(lua_State *L, const char *name, const luaL_Reg *metamethods,
                 const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  set_functions(L, metamethods);
  lua_newtable(L);
  set_functions(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushstring(L, name); /* getmetatable() gives the name, no more */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void *ap_new_handle(lua_State *L, const char *name, size_t size) {
  void *handle = lua_newuserdata(L, size);
  memset(handle, 0, size);
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return handle;
}

#if AP_ANCHOR_IN_TABLE

void ap_anchor(lua_State *L, int index) {
  lua_createtable(L, 1, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_setuservalue(L, index);
}

void ap_push_anchored(lua_State *L, int index) {
  lua_getuservalue(L, index);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

#else

void ap_anchor(lua_State *L, int index) {
  lua_setuservalue(L, index);
}

void ap_push_anchored(lua_State *L, int index) {
  lua_getuservalue(L, index);
}

#endif
