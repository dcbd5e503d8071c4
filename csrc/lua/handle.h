/* SPDX-License-Identifier: MIT */
/* Userdata: their types, their birth, and what they keep alive.
**
** Whatever makes room in Lua may run a finalizer, and that may close any value
** that it reaches, one that a call is at work on, too. So a call makes its room
** first and looks at its values after that, or holds on to them. */
#ifndef AP_LUA_HANDLE_H
#define AP_LUA_HANDLE_H

#include "lua/compat.h"

/* Makes a metatable whose methods stand in `methods`. */
void ap_new_type(lua_State *L, const char *name, const luaL_Reg *metamethods,
                 const luaL_Reg *methods);
/* Pushes a userdata of that type, all zero: born closed. */
void *ap_new_handle(lua_State *L, const char *name, size_t size);
/* NULL where there is no userdata of that type at `index`. */
void *ap_to_handle(lua_State *L, int index, const char *name);
/* Of a method: its own value, the first argument; or raises. */
void *ap_check_handle(lua_State *L, const char *name);
/* Keeps the value on the top with the userdata at `index`; pops it. */
void ap_anchor(lua_State *L, int index);
void ap_push_anchored(lua_State *L, int index);

#endif
