/* SPDX-License-Identifier: MIT */
#include "lua/failure.h"

#include <string.h>

int ap_push_code(lua_State *L, const char *code, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, code);
  return 3;
}

int ap_push_failure(lua_State *L, const ap_failure *failure) {
  return ap_push_code(L, failure->code, failure->message);
}

int ap_push_memory_failure(lua_State *L) {
  ap_failure failure;
  (void)ap_failure_no_memory(&failure);
  return ap_push_failure(L, &failure);
}

const char *ap_check_bytes(lua_State *L, int arg, size_t *length) {
  if (lua_type(L, arg) != LUA_TSTRING) luaL_checktype(L, arg, LUA_TSTRING);
  return lua_tolstring(L, arg, length);
}

const char *ap_check_text(lua_State *L, int arg) {
  size_t length;
  const char *text = ap_check_bytes(L, arg, &length);
  luaL_argcheck(L, strlen(text) == length, arg, "should hold no NUL");
  return text;
}

double ap_check_number(lua_State *L, int arg, double fallback, double least,
                       double most) {
  double number;
  if (lua_isnoneornil(L, arg)) return fallback;
  luaL_checktype(L, arg, LUA_TNUMBER);
  number = lua_tonumber(L, arg);
  luaL_argcheck(L, number >= least && number <= most, arg,
                lua_pushfstring(L, "should be from %f to %f", least, most));
  return number;
}

static int is_known(const char *name, const char *const known[]) {
  for (; *known != NULL; known++)
    if (strcmp(name, *known) == 0) return 1;
  return 0;
}

const char *ap_check_option_name(lua_State *L, int arg, int index) {
  const char *name;
  if (lua_type(L, index) != LUA_TSTRING)
    (void)luaL_argerror(L, arg, "option names should be strings");
  name = lua_tostring(L, index);
  if (strlen(name) != lua_rawlen(L, index))
    (void)luaL_argerror(L, arg, "option names should hold no NUL");
  return name;
}

/* Copies the options of argument `arg` to the table on the top of the stack. */
static void copy_options(lua_State *L, int arg, const char *const known[]) {
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    const char *name = ap_check_option_name(L, arg, -2);
    if (!is_known(name, known))
      luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", name));
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

void ap_options_check(lua_State *L, int arg, const char *const known[]) {
  if (lua_isnone(L, arg)) lua_settop(L, arg);
  lua_newtable(L);
  if (!lua_isnil(L, arg)) copy_options(L, arg, known);
  lua_replace(L, arg);
}

int ap_option_error(lua_State *L, int arg, const char *name,
                    const char *wanted) {
  return luaL_argerror(
    L, arg, lua_pushfstring(L, "option '%s' should be %s", name, wanted));
}

const char *ap_value_bytes(lua_State *L, int arg, const char *name,
                           size_t *length) {
  int type = lua_type(L, -1);
  if (type == LUA_TSTRING) return lua_tolstring(L, -1, length);
  if (type != LUA_TNIL) (void)ap_option_error(L, arg, name, "a string");
  return NULL;
}

const char *ap_value_text(lua_State *L, int arg, const char *name) {
  size_t length = 0;
  const char *text = ap_value_bytes(L, arg, name, &length);
  if (text != NULL && (length == 0 || strlen(text) != length))
    (void)ap_option_error(L, arg, name, "a string, not empty, without a NUL");
  return text;
}

double ap_value_number(lua_State *L, int arg, const char *name,
                       double fallback, double least, double most) {
  int type = lua_type(L, -1);
  double number = type == LUA_TNUMBER ? lua_tonumber(L, -1) : fallback;
  if ((type != LUA_TNUMBER && type != LUA_TNIL) ||
      !(number >= least && number <= most))
    (void)ap_option_error(
      L, arg, name, lua_pushfstring(L, "a number from %f to %f", least, most));
  return number;
}

int ap_value_flag(lua_State *L, int arg, const char *name, int fallback) {
  int type = lua_type(L, -1);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    (void)ap_option_error(L, arg, name, "true or false");
  return type == LUA_TNIL ? fallback : lua_toboolean(L, -1);
}

/* Pushes an option; returns its type. */
static int push_option(lua_State *L, int arg, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, arg);
  return lua_type(L, -1);
}

const char *ap_option_bytes(lua_State *L, int arg, const char *name,
                            size_t *length) {
  const char *bytes;
  (void)push_option(L, arg, name);
  bytes = ap_value_bytes(L, arg, name, length);
  lua_pop(L, 1);
  return bytes;
}

const char *ap_option_text(lua_State *L, int arg, const char *name) {
  const char *text;
  (void)push_option(L, arg, name);
  text = ap_value_text(L, arg, name);
  lua_pop(L, 1);
  return text;
}

double ap_option_number(lua_State *L, int arg, const char *name,
                        double fallback, double least, double most) {
  double number;
  (void)push_option(L, arg, name);
  number = ap_value_number(L, arg, name, fallback, least, most);
  lua_pop(L, 1);
  return number;
}

int ap_option_flag(lua_State *L, int arg, const char *name, int fallback) {
  int flag;
  (void)push_option(L, arg, name);
  flag = ap_value_flag(L, arg, name, fallback);
  lua_pop(L, 1);
  return flag;
}

int ap_option_list(lua_State *L, int arg, const char *name) {
  int type = push_option(L, arg, name), i, length;
  if (type == LUA_TNIL) return 0;
  if (type != LUA_TTABLE)
    return ap_option_error(L, arg, name, "a list of strings");
  length = (int)lua_rawlen(L, -1);
  lua_newtable(L);
  for (i = 1; i <= length; i++) {
    lua_rawgeti(L, -2, i);
    if (lua_type(L, -1) != LUA_TSTRING ||
        strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1))
      return ap_option_error(L, arg, name, "a list of strings");
    lua_rawseti(L, -2, i);
  }
  lua_remove(L, -2);
  return length;
}
