/* SPDX-License-Identifier: MIT */
#include "lua/handle.h"

#include <string.h>

/* Each method has its type's metatable as an upvalue to check its first argument
** with; a lookup by name would take longer than most methods. */
static void set_methods(lua_State *L, int metatable,
                        const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushvalue(L, metatable);
    lua_pushcclosure(L, functions->func, 1);
    lua_setfield(L, -2, functions->name);
  }
}

void ap_new_type(lua_State *L, const char *name, const luaL_Reg *metamethods,
                 const luaL_Reg *methods) {
  int metatable;
  luaL_newmetatable(L, name);
  metatable = lua_gettop(L);
  set_methods(L, metatable, metamethods);
  lua_newtable(L);
  set_methods(L, metatable, methods);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushstring(L, name); /* getmetatable() returns only the name */
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

void *ap_to_handle(lua_State *L, int index, const char *name) {
  void *handle = lua_touserdata(L, index);
  int same;
  if (handle == NULL || !lua_getmetatable(L, index)) return NULL;
  luaL_getmetatable(L, name);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? handle : NULL;
}

void *ap_check_handle(lua_State *L, const char *name) {
  void *handle = lua_touserdata(L, 1);
  if (handle != NULL && lua_getmetatable(L, 1)) {
    int is_own = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (is_own) return handle;
  }
  return luaL_checkudata(L, 1, name);
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
