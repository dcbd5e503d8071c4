/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <locale.h>
#include <math.h>

/* The maximum depth that adobepass.util.json sets for lua-cjson. */
enum { MAX_DEPTH = 64 };

static int is_table_normal(lua_State *L, int depth);

/* Returns 0 for a number that is not finite. Otherwise the number, or its
** replacement, stays on top of the stack. */
static int is_number_normal(lua_State *L) {
  lua_Number number = lua_tonumber(L, -1);
  if (!isfinite(number)) return 0;
#if LUA_VERSION_NUM >= 503
  /* Up to 2^53 a double holds every whole number. */
  if (!lua_isinteger(L, -1) && fabs(number) <= 9007199254740992.0 &&
      floor(number) == number) {
    lua_pushinteger(L, (lua_Integer)number);
    lua_replace(L, -2);
  }
#endif
  return 1;
}

static int is_value_normal(lua_State *L, int depth) {
  switch (lua_type(L, -1)) {
    case LUA_TNUMBER: return is_number_normal(L);
    case LUA_TTABLE: return is_table_normal(L, depth);
    default: return 1;
  }
}

/* Assigning to an existing field is allowed during lua_next. */
static int is_table_normal(lua_State *L, int depth) {
  if (depth == MAX_DEPTH) return 0;
  luaL_checkstack(L, 4, "not enough memory");
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    if (!is_value_normal(L, depth + 1)) return 0;
#if LUA_VERSION_NUM >= 503
    if (lua_type(L, -1) == LUA_TNUMBER) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
      continue;
    }
#endif
    lua_pop(L, 1);
  }
  return 1;
}

/*** JSON.
@section json */

/***
Normalizes the numbers of a value that lua-cjson decoded, in place. Where Lua
has integers, whole numbers up to 2^53 become integers. A value that holds a
number that is not finite, or that is nested deeper than 64, is refused.
@function json.normalize_numbers
@param value
@return[1] the value
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, `malformed_json` */
static int normalize_numbers(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (is_value_normal(L, 0)) return 1;
  return ap_push_code(L, "malformed_json", "malformed JSON");
}

/***
Returns the decimal point of the process's locale, as strtod(3) expects it.
string.format of LuaJIT does not follow the locale.
@function json.decimal_point
@treturn string one byte or more */
static int decimal_point(lua_State *L) {
  lua_pushstring(L, localeconv()->decimal_point);
  return 1;
}

static const luaL_Reg functions[] = {
  { "decimal_point", decimal_point },
  { "normalize_numbers", normalize_numbers },
  { NULL, NULL },
};

void ap_open_json(lua_State *L) {
  luaL_newlib(L, functions);
}
