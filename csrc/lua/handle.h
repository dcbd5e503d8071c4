/* SPDX-License-Identifier: MIT */
/* Creates and checks userdata, and anchors values that they keep alive.
**
** An allocation in Lua may run a finalizer, which may close any handle, even the
** one that a function is using. So a function allocates first and reads its
** handles afterwards, or protects them otherwise. */
#ifndef AP_LUA_HANDLE_H
#define AP_LUA_HANDLE_H

#include "lua/compat.h"

/* Creates a type: a metatable with metamethods, and methods in its __index. */
void ap_new_type(lua_State *L, const char *name, const luaL_Reg *metamethods,
                 const luaL_Reg *methods);
/* Pushes a userdata of that type, filled with zeros: a closed handle. */
void *ap_new_handle(lua_State *L, const char *name, size_t size);
/* Returns the userdata of that type at `index`, or NULL. */
void *ap_to_handle(lua_State *L, int index, const char *name);
/* Returns the first argument of a method; raises if it has another type. */
void *ap_check_handle(lua_State *L, const char *name);
/* Pops the value on the top of the stack; the userdata at `index` keeps it
** alive. */
void ap_anchor(lua_State *L, int index);
/* Pushes the value that the userdata at `index` keeps alive. */
void ap_push_anchored(lua_State *L, int index);

#endif
