/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lbind.h"

#include <string.h>

#include "header.h"
#include "live.h"
#include "session.h"

#define TRANSFER "adobepass.transfer"
#define HEADERS "adobepass.headers"
#define RESPONSE "adobepass.response"

/* A transfer keeps its session alive while it runs, and its result after. */
typedef struct {
  ap_transfer *transfer; /* first: ap_push_transfer gives its address */
  int cancelled, delivered;
} handle;

static handle *to_handle(lua_State *L) {
  return luaL_checkudata(L, 1, TRANSFER);
}

ap_transfer **ap_push_transfer(lua_State *L) {
  handle *h = ap_new_handle(L, TRANSFER, sizeof *h);
  ap_live_add(AP_LIVE_TRANSFER, 1);
  h->transfer = ap_transfer_new();
  return &h->transfer;
}

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
static void add_header(lua_State *L, int headers, const ap_header *header) {
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
                        const ap_header *header) {
  lua_createtable(L, 2, 0);
  lua_pushlstring(L, header->name, header->name_length);
  lua_rawseti(L, -2, 1);
  lua_pushlstring(L, header->value, header->value_length);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, list, i);
}

/* Both tables from the head's text, into the response. */
static void set_headers(lua_State *L, int response) {
  size_t length = 0;
  const char *at, *end;
  ap_header header;
  int i = 0, list, headers;
  lua_pushliteral(L, "head");
  lua_rawget(L, response);
  at = lua_tolstring(L, -1, &length);
  end = at + length;
  lua_createtable(L, 8, 0);
  list = lua_gettop(L);
  lua_createtable(L, 0, 8);
  headers = lua_gettop(L);
  luaL_getmetatable(L, HEADERS);
  lua_setmetatable(L, headers);
  while (ap_header_next(&at, end, &header)) {
    add_to_list(L, list, ++i, &header);
    add_header(L, headers, &header);
  }
  lua_setfield(L, response, "headers");
  lua_setfield(L, response, "header_list");
  lua_pop(L, 1);
}

/* Most answers are read for status and body alone: their headers are taken
** apart when somebody first asks. */
static int response_index(lua_State *L) {
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(name, "headers") != 0 && strcmp(name, "header_list") != 0)
    return 0;
  lua_pushliteral(L, "head");
  lua_rawget(L, 1);
  if (lua_type(L, -1) != LUA_TSTRING) return 0;
  set_headers(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);
  return 1;
}

static void set_number(lua_State *L, const char *name, double number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

static void set_timings(lua_State *L, int result, const ap_facts *facts) {
  lua_createtable(L, 0, 5);
  set_number(L, "name", facts->name);
  set_number(L, "connect", facts->connect);
  set_number(L, "tls", facts->tls);
  set_number(L, "first_byte", facts->first_byte);
  set_number(L, "total", facts->total);
  lua_setfield(L, result, "timings");
}

static void set_buf(lua_State *L, const char *name, const ap_buf *buf) {
  lua_pushlstring(L, buf->length > 0 ? buf->data : "", buf->length);
  lua_setfield(L, -2, name);
}

static void push_result(lua_State *L, const ap_transfer *transfer) {
  const ap_facts *facts = &transfer->facts;
  int result;
  lua_createtable(L, 0, 8);
  result = lua_gettop(L);
  lua_pushinteger(L, facts->status);
  lua_setfield(L, result, "status");
  lua_pushstring(L, facts->http_version);
  lua_setfield(L, result, "http_version");
  lua_pushboolean(L, facts->reused);
  lua_setfield(L, result, "reused");
  set_buf(L, "body", &transfer->body);
  set_buf(L, "head", &transfer->head);
  set_timings(L, result, facts);
  luaL_getmetatable(L, RESPONSE);
  lua_setmetatable(L, result);
}

/* The result is made once; then Lua's memory alone holds the answer. */
static int deliver(lua_State *L, handle *h) {
  if (!h->delivered) {
    push_result(L, h->transfer);
    ap_anchor(L, 1);
    ap_buf_free(&h->transfer->head);
    ap_buf_free(&h->transfer->body);
    h->delivered = 1;
  }
  ap_push_anchored(L, 1);
  return 1;
}

static int push_gone(lua_State *L, const handle *h) {
  if (h->cancelled)
    return ap_push_code(L, "cancelled", "The request was cancelled.");
  return ap_push_code(L, "closed", "The transfer is closed.");
}

/*** A request on its way.
@type transfer */

/***
What became of the request, as often as it is asked.

A response has `status`; `headers`, looked up in any case of letters, repeated
ones joined with a comma; `header_list`, every header as `{ name, value }` in
the order it came; `head`, the lines they stand in; `body`; `http_version`; `reused`, whether the connection
stood already; and `timings`: `name`, `connect`, `tls`, `first_byte` and
`total`, in seconds from the start.
@function transfer:result
@treturn[1] table the response
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `pending` while it runs; then `timeout`,
`resolve_failed`, `connect_failed`, `tls_failed`, `proxy_failed`,
`connection_lost`, `protocol_error`, `too_large`, `cancelled`, `closed`,
`out_of_memory` or `transfer_failed` */
static int result(lua_State *L) {
  handle *h = to_handle(L);
  if (h->transfer == NULL) return push_gone(L, h);
  switch (h->transfer->state) {
    case AP_TRANSFER_DONE: return deliver(L, h);
    case AP_TRANSFER_FAILED: return ap_push_failure(L, &h->transfer->failure);
    default: return ap_push_code(L, "pending", "pending");
  }
}

/***
Cancel a request that runs, and forget one that is done. Twice is well;
dropping the transfer does the same.
@function transfer:close */
static int release(lua_State *L) {
  handle *h = to_handle(L);
  ap_transfer *transfer = h->transfer;
  if (transfer == NULL) return 0;
  h->cancelled = transfer->state == AP_TRANSFER_RUNNING;
  h->transfer = NULL;
  ap_session_cancel(transfer);
  ap_transfer_free(transfer);
  ap_live_add(AP_LIVE_TRANSFER, -1);
  return 0;
}

static int to_string(lua_State *L) {
  static const char *const names[] = { "new", "running", "done", "failed" };
  const handle *h = to_handle(L);
  lua_pushfstring(L, "adobepass.transfer (%s)",
                  h->transfer == NULL ? "closed" : names[h->transfer->state]);
  return 1;
}

static const luaL_Reg methods[] = {
  { "result", result },
  { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

static void set_index(lua_State *L, const char *type, lua_CFunction index) {
  luaL_newmetatable(L, type);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void ap_open_transfer(lua_State *L) {
  ap_new_type(L, TRANSFER, metamethods, methods);
  set_index(L, HEADERS, headers_index);
  set_index(L, RESPONSE, response_index);
}
