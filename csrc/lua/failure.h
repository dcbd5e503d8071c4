/* SPDX-License-Identifier: MIT */
/* Converts failures to Lua's nil, message, code; and checks arguments, raising
** usage errors. */
#ifndef AP_LUA_FAILURE_H
#define AP_LUA_FAILURE_H

#include "lua/compat.h"
#include "base/failure.h"

/* Push nil, a message and a code; return 3. */
int ap_push_failure(lua_State *L, const ap_failure *failure);
int ap_push_code(lua_State *L, const char *code, const char *message);
int ap_push_memory_failure(lua_State *L);

/* Returns a string argument; raises for other types. A number is refused, because
** Lua versions convert it differently. */
const char *ap_check_bytes(lua_State *L, int arg, size_t *length);
/* Returns a string argument; raises if it holds a NUL. */
const char *ap_check_text(lua_State *L, int arg);
/* Returns a number argument, `fallback` for nil; raises if out of bounds. */
double ap_check_number(lua_State *L, int arg, double fallback, double least,
                       double most);

/* Read the value on the top of the stack, which stays there, as option `name` of
** argument `arg`; raise for a wrong value. */
const char *ap_value_bytes(lua_State *L, int arg, const char *name,
                           size_t *length);
const char *ap_value_text(lua_State *L, int arg, const char *name);
double ap_value_number(lua_State *L, int arg, const char *name,
                       double fallback, double least, double most);
int ap_value_flag(lua_State *L, int arg, const char *name, int fallback);

/* Returns the option name at `index`, a key of argument `arg`; raises if it is not
** a string or holds a NUL. */
const char *ap_check_option_name(lua_State *L, int arg, int index);
/* Checks an option table, or nil, and replaces it with a copy, which no finalizer can
** change (see lua/handle.h); raises for an unknown option. `known` ends with NULL. */
void ap_options_check(lua_State *L, int arg, const char *const known[]);
/* Read option `name` of argument `arg`; raise for a wrong value. The strings are
** valid as long as the copy is argument `arg`. */
const char *ap_option_bytes(lua_State *L, int arg, const char *name,
                            size_t *length);
const char *ap_option_text(lua_State *L, int arg, const char *name);
double ap_option_number(lua_State *L, int arg, const char *name,
                        double fallback, double least, double most);
int ap_option_flag(lua_State *L, int arg, const char *name, int fallback);
/* Pushes the option, nil or a copy of a list of strings; returns its length. */
int ap_option_list(lua_State *L, int arg, const char *name);
int ap_option_error(lua_State *L, int arg, const char *name,
                    const char *wanted);

#endif
