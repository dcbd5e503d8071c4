/* SPDX-License-Identifier: MIT */
/* Differences between the C APIs of Lua 5.1, LuaJIT, 5.2, 5.3 and 5.4. */
#ifndef AP_LUA_COMPAT_H
#define AP_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

/* Before 5.3 a user value must be a table. */
#define AP_ANCHOR_IN_TABLE (LUA_VERSION_NUM < 503)

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_getuservalue lua_getfenv
#define lua_setuservalue lua_setfenv
/* LuaJIT's luaL_newlib calls a function that Lua 5.1 does not have. Both search the same
** path, so each has to load the core that was built for the other. */
#undef luaL_newlib
#define luaL_newlib(L, functions) \
  (lua_newtable(L), luaL_register((L), NULL, (functions)))
#endif

#endif
