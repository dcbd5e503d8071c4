/* SPDX-License-Identifier: MIT */
/* The one door through which failures of the world reach Lua, and the
** checks that raise when the programmer is wrong. */
#ifndef AP_LUA_FAILURE_H
#define AP_LUA_FAILURE_H

#include "lua/compat.h"
#include "base/failure.h"

/* nil, message, code */
int ap_push_failure(lua_State *L, const ap_failure *failure);
int ap_push_code(lua_State *L, const char *code, const char *message);
int ap_push_memory_failure(lua_State *L);

/* Strings alone: a number is not one, since 5.4 and LuaJIT would spell it
** differently. */
const char *ap_check_bytes(lua_State *L, int arg, size_t *length);
/* The same without a NUL. */
const char *ap_check_text(lua_State *L, int arg);
/* A number within bounds, or `fallback` for nil. */
double ap_check_number(lua_State *L, int arg, double fallback, double least,
                       double most);

/* The value on the top of the stack, which stays there: option `name` of
** argument `arg`. */
const char *ap_value_bytes(lua_State *L, int arg, const char *name,
                           size_t *length);
const char *ap_value_text(lua_State *L, int arg, const char *name);
double ap_value_number(lua_State *L, int arg, const char *name,
                       double fallback, double least, double most);
int ap_value_flag(lua_State *L, int arg, const char *name, int fallback);

/* Option tables: absent ones become empty, unknown keys raise. `known` ends
** with NULL. */
void ap_options_check(lua_State *L, int arg, const char *const known[]);
/* The strings stay valid as long as the table is left alone. */
const char *ap_option_bytes(lua_State *L, int arg, const char *name,
                            size_t *length);
const char *ap_option_text(lua_State *L, int arg, const char *name);
double ap_option_number(lua_State *L, int arg, const char *name,
                        double fallback, double least, double most);
int ap_option_flag(lua_State *L, int arg, const char *name, int fallback);
/* Pushes the option, nil or a list, and answers how long it is. */
int ap_option_list(lua_State *L, int arg, const char *name);
int ap_option_error(lua_State *L, int arg, const char *name,
                    const char *wanted);

#endif
