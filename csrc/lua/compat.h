/* SPDX-License-Identifier: MIT */
/* What differs between Lua 5.1, LuaJIT, 5.3 and 5.4, and nothing else. */
#ifndef AP_LUA_COMPAT_H
#define AP_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

/* Before 5.3 only a table can be kept with a userdata. */
#define AP_ANCHOR_IN_TABLE (LUA_VERSION_NUM < 503)

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
#ifndef luaL_newlib /* LuaJIT has it */
#define luaL_newlib(L, functions) \
  (lua_newtable(L), luaL_register((L), NULL, (functions)))
#endif
#endif

#endif
