/* SPDX-License-Identifier: MIT */
#include "lua/bindings.h"

#include <string.h>

#include "http/header_field.h"

#define RESPONSE "adobepass.response"
#define HEADERS "adobepass.headers"
#define PACKED "adobepass.packed"

/* Most answers are read for status and body alone. The rest waits at [1],
** packed, and is laid out when somebody first asks for some of it. */
typedef struct {
  ap_transfer_info facts;
  size_t head_length;
  char head[];
} packed;

static void push_lower(lua_State *L, const char *text, size_t length) {
  luaL_Buffer out;
  size_t i;
  luaL_buffinit(L, &out);
  for (i = 0; i < length; i++) {
    char c = text[i];
    luaL_addchar(&out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
  }
  luaL_pushresult(&out);
}

/* headers["Content-Type"]: looked for in lower case when not found as is. */
static int headers_index(lua_State *L) {
  size_t length;
  const char *name;
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  name = lua_tolstring(L, 2, &length);
  push_lower(L, name, length);
  lua_rawget(L, 1);
  return 1;
}

/* headers[lower name] = value, or what stands there, ", " and value: RFC 9110
** section 5.3. */
static void add_header(lua_State *L, int headers,
                       const ap_header_field *header) {
  push_lower(L, header->name, header->name_length);
  lua_pushvalue(L, -1);
  lua_rawget(L, headers);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushlstring(L, header->value, header->value_length);
  } else {
    lua_pushliteral(L, ", ");
    lua_pushlstring(L, header->value, header->value_length);
    lua_concat(L, 3);
  }
  lua_rawset(L, headers);
}

static void add_to_list(lua_State *L, int list, int i,
                        const ap_header_field *header) {
  lua_createtable(L, 2, 0);
  lua_pushlstring(L, header->name, header->name_length);
  lua_rawseti(L, -2, 1);
  lua_pushlstring(L, header->value, header->value_length);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, list, i);
}

/* Both tables from the head's text, into the response. */
static void set_headers(lua_State *L, int response, const packed *p) {
  const char *at = p->head, *end = p->head + p->head_length;
  ap_header_field header;
  int i = 0, list, headers;
  lua_createtable(L, 8, 0);
  list = lua_gettop(L);
  lua_createtable(L, 0, 8);
  headers = lua_gettop(L);
  luaL_getmetatable(L, HEADERS);
  lua_setmetatable(L, headers);
  while (ap_header_field_next(&at, end, &header)) {
    add_to_list(L, list, ++i, &header);
    add_header(L, headers, &header);
  }
  lua_setfield(L, response, "headers");
  lua_setfield(L, response, "header_list");
}

static void set_number(lua_State *L, const char *name, double number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

static void set_facts(lua_State *L, int response,
                      const ap_transfer_info *facts) {
  lua_pushstring(L, facts->http_version);
  lua_setfield(L, response, "http_version");
  lua_pushboolean(L, facts->reused);
  lua_setfield(L, response, "reused");
  lua_createtable(L, 0, 5);
  set_number(L, "name", facts->name);
  set_number(L, "connect", facts->connect);
  set_number(L, "tls", facts->tls);
  set_number(L, "first_byte", facts->first_byte);
  set_number(L, "total", facts->total);
  lua_setfield(L, response, "timings");
}

static int response_index(lua_State *L) {
  const packed *p;
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  lua_rawgeti(L, 1, 1);
  p = ap_to_handle(L, -1, PACKED);
  if (p == NULL) return 0;
  set_facts(L, 1, &p->facts);
  set_headers(L, 1, p);
  lua_pushnil(L);
  lua_rawseti(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);
  return 1;
}

static void pack(lua_State *L, const ap_transfer *transfer) {
  size_t length = transfer->head.length;
  packed *p = lua_newuserdata(L, sizeof *p + length);
  luaL_getmetatable(L, PACKED);
  lua_setmetatable(L, -2);
  p->facts = transfer->facts;
  p->head_length = length;
  if (length > 0) memcpy(p->head, transfer->head.data, length);
}

void ap_push_response(lua_State *L, const ap_transfer *transfer) {
  const ap_buffer *body = &transfer->body;
  lua_createtable(L, 0, 3); /* one block for all of it, [1] as well */
  lua_pushinteger(L, transfer->facts.status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, body->length > 0 ? body->data : "", body->length);
  lua_setfield(L, -2, "body");
  pack(L, transfer);
  lua_rawseti(L, -2, 1);
  luaL_getmetatable(L, RESPONSE);
  lua_setmetatable(L, -2);
}

static void set_index(lua_State *L, const char *type, lua_CFunction index) {
  luaL_newmetatable(L, type);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void ap_open_response(lua_State *L) {
  set_index(L, HEADERS, headers_index);
  set_index(L, RESPONSE, response_index);
  luaL_newmetatable(L, PACKED);
  lua_pop(L, 1);
}
