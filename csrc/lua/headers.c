/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include "http/header_field.h"

#define REQUEST_HEADERS "adobepass.request_headers"

static ap_prepared_headers **to_box(lua_State *L) {
  return ap_check_handle(L, REQUEST_HEADERS);
}

static void check_name(lua_State *L, int arg, int index) {
  size_t length;
  const char *name;
  if (lua_type(L, index) != LUA_TSTRING)
    (void)ap_option_error(L, arg, "headers", "a table from name to value");
  name = lua_tolstring(L, index, &length);
  if (!ap_header_field_is_token(name, length) ||
      ap_header_field_is(name, length, "content-length") ||
      ap_header_field_is(name, length, "transfer-encoding"))
    (void)ap_option_error(
      L, arg, "headers",
      lua_pushfstring(
        L, "a table of headers that may be set, and '%s' may not", name));
}

static void check_value(lua_State *L, int arg, const char *name, int index) {
  /* The type first: to ask for its text would make a number a string. */
  int is_text = lua_type(L, index) == LUA_TSTRING;
  if (!is_text ||
      !ap_header_field_is_value(lua_tostring(L, index), lua_rawlen(L, index)))
    (void)ap_option_error(
      L, arg, "headers",
      lua_pushfstring(
        L, "a table of strings without control characters: see '%s'", name));
}

/* The value, or each of the values, on the top of the stack. */
static int add_values(lua_State *L, int arg, ap_header_list *lines,
                      const char *name, ap_failure *failure) {
  int i, length, done = 1;
  if (!lua_istable(L, -1)) {
    check_value(L, arg, name, -1);
    return ap_header_list_add(lines, name, lua_tostring(L, -1), failure);
  }
  length = (int)lua_rawlen(L, -1);
  for (i = 1; done && i <= length; i++) {
    lua_rawgeti(L, -1, i);
    check_value(L, arg, name, -1);
    done = ap_header_list_add(lines, name, lua_tostring(L, -1), failure);
    lua_pop(L, 1);
  }
  return done;
}

int ap_read_headers(lua_State *L, int arg, ap_header_list *lines,
                    ap_failure *failure) {
  int done = 1, top = lua_gettop(L);
  if (!lua_istable(L, top))
    return ap_option_error(L, arg, "headers", "a table from name to value");
  lua_pushnil(L);
  while (done && lua_next(L, top)) {
    check_name(L, arg, -2);
    done = add_values(L, arg, lines, lua_tostring(L, -2), failure);
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return done;
}

int ap_use_headers(lua_State *L, int arg, ap_transfer *transfer,
                   ap_failure *failure) {
  ap_prepared_headers **box = ap_to_handle(L, -1, REQUEST_HEADERS);
  if (box == NULL)
    return ap_option_error(L, arg, "headers",
                           "a table, or what core.http.headers made of one");
  if (*box == NULL)
    return ap_failure_set(failure, "closed", "The headers are closed.");
  ap_transfer_use_headers(transfer, *box);
  return 1;
}

/*** Headers that are the same for many requests.
@type headers */

/***
Headers looked at and laid out once, for `headers` of any number of requests:
that costs each of them next to nothing. What is in the table later changes
nothing.
@function http.headers
@tparam table headers name to value, or to a list of values
@treturn[1] headers
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `too_large` or `out_of_memory` */
int ap_make_headers(lua_State *L) {
  ap_prepared_headers **box;
  ap_failure failure;
  lua_settop(L, 1);
  box = ap_new_handle(L, REQUEST_HEADERS, sizeof *box);
  *box = ap_prepared_headers_new();
  if (*box == NULL) return ap_push_memory_failure(L);
  lua_pushvalue(L, 1);
  if (!ap_read_headers(L, 1, &(*box)->lines, &failure) ||
      !ap_prepared_headers_seal(*box, &failure))
    return ap_push_failure(L, &failure);
  lua_pop(L, 1);
  return 1;
}

/* Into the table on the top: a value, or one more in a list of them. */
static void add_line(lua_State *L, const char *line) {
  const char *end = line + strcspn(line, ":;");
  lua_pushlstring(L, line, (size_t)(end - line));
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushstring(L, *end == ':' ? end + 2 : "");
  } else {
    if (!lua_istable(L, -1)) {
      lua_createtable(L, 2, 0);
      lua_insert(L, -2);
      lua_rawseti(L, -2, 1);
    }
    lua_pushstring(L, *end == ':' ? end + 2 : "");
    lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
  }
  lua_rawset(L, -3);
}

/***
A table of what is inside, for whoever stands in for a transport in a test.
@function headers:table
@treturn table name to value, or to a list of values; empty once closed */
static int to_table(lua_State *L) {
  ap_prepared_headers **box = to_box(L);
  ap_prepared_headers **held = ap_new_handle(L, REQUEST_HEADERS, sizeof *held);
  const struct curl_slist *line;
  lua_newtable(L);
  if (*box == NULL) return 1;
  *held = ap_prepared_headers_use(*box);
  for (line = (*held)->list; line != NULL; line = line->next)
    add_line(L, line->data);
  return 1;
}

/***
Forget the headers. Requests that have them go on. Twice is well.
@function headers:close */
static int release(lua_State *L) {
  ap_prepared_headers **box = to_box(L);
  ap_prepared_headers_drop(*box);
  *box = NULL;
  return 0;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "adobepass.request_headers (%s)",
                  *to_box(L) == NULL ? "closed" : "ready");
  return 1;
}

static const luaL_Reg methods[] = {
  { "table", to_table },
  { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_headers(lua_State *L) {
  ap_new_type(L, REQUEST_HEADERS, metamethods, methods);
}
