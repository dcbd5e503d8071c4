/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <math.h>

#include "base/json.h"

/* So many fields are gathered before their table is made, which then has room
** for them. */
enum { GATHERED = 16 };

static int push_value(lua_State *L, ap_json *json, ap_json_event event);

static void push_text(lua_State *L, const ap_json *json) {
  char *text;
  if (!json->has_escapes) {
    lua_pushlstring(L, json->raw, json->raw_length);
    return;
  }
  text = lua_newuserdata(L, json->raw_length);
  lua_pushlstring(L, text, ap_json_unescape(json, text));
  lua_remove(L, -2);
}

#if LUA_VERSION_NUM >= 503

/* Up to here a double holds each whole number. */
static const double most_exact = 9007199254740992.0;

static void push_number(lua_State *L, double number) {
  if (fabs(number) <= most_exact && floor(number) == number)
    lua_pushinteger(L, (lua_Integer)number);
  else lua_pushnumber(L, number);
}

#else

#define push_number lua_pushnumber

#endif

static int push_array(lua_State *L, ap_json *json) {
  ap_json_event event;
  int i = 0;
  lua_newtable(L);
  while ((event = ap_json_next(json)) != AP_JSON_CLOSE) {
    if (!push_value(L, json, event)) return 0;
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/* From the top of the stack, `count` keys and values, into the table below
** them, which is made first where there is none. */
static void store(lua_State *L, int table, int count, int is_new) {
  int i;
  if (is_new) {
    lua_createtable(L, 0, count);
    lua_replace(L, table);
  }
  for (i = table + 1; i < table + 2 * count; i += 2) {
    lua_pushvalue(L, i);
    lua_pushvalue(L, i + 1);
    lua_rawset(L, table);
  }
  lua_settop(L, table);
}

static int push_object(lua_State *L, ap_json *json) {
  ap_json_event event;
  int table, count = 0, is_new = 1;
  lua_pushnil(L); /* the table's place */
  table = lua_gettop(L);
  while ((event = ap_json_next(json)) == AP_JSON_KEY) {
    push_text(L, json);
    if (!push_value(L, json, ap_json_next(json))) return 0;
    if (++count < GATHERED) continue;
    store(L, table, count, is_new);
    count = is_new = 0;
  }
  if (count > 0 || is_new) store(L, table, count, is_new);
  return event == AP_JSON_CLOSE;
}

static int push_value(lua_State *L, ap_json *json, ap_json_event event) {
  luaL_checkstack(L, 2 * GATHERED + 4, "not enough memory");
  switch (event) {
    case AP_JSON_NULL: lua_pushlightuserdata(L, NULL); return 1;
    case AP_JSON_FALSE: lua_pushboolean(L, 0); return 1;
    case AP_JSON_TRUE: lua_pushboolean(L, 1); return 1;
    case AP_JSON_NUMBER: push_number(L, json->number); return 1;
    case AP_JSON_STRING: push_text(L, json); return 1;
    case AP_JSON_ARRAY: return push_array(L, json);
    case AP_JSON_OBJECT: return push_object(L, json);
    default: return 0;
  }
}

/*** JSON.
@section json */

/***
What a JSON text says. Whole numbers up to 2^53 are integers where Lua has them; null is
a light userdata, as lua-cjson's is; of two equal keys the last one counts.
Deeper than 64, or with numbers that no double holds, it is refused.
@function json.decode
@string text
@return[1] the value
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, `malformed_json` */
static int decode(lua_State *L) {
  ap_json json;
  size_t length;
  const char *text = ap_check_bytes(L, 1, &length);
  ap_json_start(&json, text, length);
  if (push_value(L, &json, ap_json_next(&json)) &&
      ap_json_next(&json) == AP_JSON_DONE)
    return 1;
  return ap_push_code(L, "malformed_json", "malformed JSON");
}

static const luaL_Reg functions[] = {
  { "decode", decode },
  { NULL, NULL },
};

void ap_open_json(lua_State *L) {
  luaL_newlib(L, functions);
}
