/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include "base/handle_count.h"
#include "http/header_field.h"
#include "http/transport.h"

#define TRANSFER "adobepass.transfer"
#define RESPONSE "adobepass.response"
#define HEADERS "adobepass.headers"
#define PACKED "adobepass.packed"

/* The user value is the transport, later the response. */
typedef struct {
  ap_transfer *transfer; /* first: ap_push_transfer returns its address */
  int cancelled, delivered;
  int delivering; /* calls that are building the response */
  int closing;    /* close once they have returned */
} handle;

static handle *to_handle(lua_State *L) {
  return ap_check_handle(L, TRANSFER);
}

ap_transfer **ap_push_transfer(lua_State *L) {
  handle *h = ap_new_handle(L, TRANSFER, sizeof *h);
  h->transfer = ap_transfer_new();
  if (h->transfer != NULL) ap_handle_count_add(AP_HANDLE_TRANSFER, 1);
  return &h->transfer;
}

static void let_go(handle *h) {
  ap_transfer *transfer = h->transfer;
  if (transfer == NULL) return;
  h->cancelled = transfer->state == AP_TRANSFER_RUNNING;
  h->transfer = NULL;
  ap_transport_cancel(transfer);
  ap_transfer_free(transfer);
  ap_handle_count_add(AP_HANDLE_TRANSFER, -1);
}

/* Most callers read only status and body of a response. The rest is stored at
** [1] in this form, and becomes fields on the first access to one of them. */
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

/* __index of `headers`: looks the name up in lower case. */
static int headers_index(lua_State *L) {
  size_t length;
  const char *name;
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  name = lua_tolstring(L, 2, &length);
  push_lower(L, name, length);
  lua_rawget(L, 1);
  return 1;
}

/* Stores a header under its lower-case name; joins repeated ones with ", " (RFC
** 9110 section 5.3). */
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

/* Sets `headers` and `header_list` from the text of the head. */
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
  luaL_checktype(L, 1, LUA_TTABLE);
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

static void push_response(lua_State *L, const ap_transfer *transfer) {
  const ap_buffer *body = &transfer->body;
  lua_createtable(L, 0, 3); /* room for [1], too */
  lua_pushinteger(L, transfer->facts.status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, body->length > 0 ? body->data : "", body->length);
  lua_setfield(L, -2, "body");
  pack(L, transfer);
  lua_rawseti(L, -2, 1);
  luaL_getmetatable(L, RESPONSE);
  lua_setmetatable(L, -2);
}

/* Allocations may run a finalizer, which may close this transfer or call its
** `result`. */
static void make_response(lua_State *L, handle *h) {
  h->delivering++;
  push_response(L, h->transfer);
  ap_anchor(L, 1);
  if (--h->delivering > 0) return;
  ap_buffer_free(&h->transfer->head);
  ap_buffer_free(&h->transfer->body);
  h->delivered = 1;
  if (h->closing) let_go(h);
}

/* Builds the response once; from then on only Lua holds it. */
static int deliver(lua_State *L, handle *h) {
  if (!h->delivered) make_response(L, h);
  ap_push_anchored(L, 1);
  return 1;
}

static int push_gone(lua_State *L, const handle *h) {
  if (h->cancelled)
    return ap_push_code(L, "cancelled", "The request was cancelled.");
  return ap_push_code(L, "closed", "The transfer is closed.");
}

/* Pushes a copy: a finalizer may free the transfer meanwhile (lua/handle.h). */
static int push_transfer_failure(lua_State *L, const ap_transfer *transfer) {
  ap_failure failure = transfer->failure;
  return ap_push_failure(L, &failure);
}

/*** One request in flight, or finished.
@type transfer */

/***
Returns the result of the request, the same one each time.

A response has `status`; `headers`, a table whose lookup ignores case, with
repeated headers joined with a comma; `header_list`, every header as `{ name,
value }` in the order received; `body`; `http_version`; `reused`, whether the
connection existed before; and `timings`: `name`, `connect`, `tls`, `first_byte`
and `total`, in seconds from the start.
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
    case AP_TRANSFER_FAILED: return push_transfer_failure(L, h->transfer);
    default: return ap_push_code(L, "pending", "pending");
  }
}

/***
Returns whether there is a result or an error; cheaper than `result`.
@function transfer:ended
@treturn boolean */
static int ended(lua_State *L) {
  const handle *h = to_handle(L);
  lua_pushboolean(L, h->transfer == NULL ||
                       h->transfer->state > AP_TRANSFER_RUNNING);
  return 1;
}

/***
Cancels a running request and frees a finished one. Idempotent. Garbage
collection does the same.
@function transfer:close */
static int release(lua_State *L) {
  handle *h = to_handle(L);
  if (h->delivering > 0) h->closing = 1;
  else let_go(h);
  return 0;
}

/* In __gc no call can be building the response. */
static int collect(lua_State *L) {
  let_go(to_handle(L));
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
  { "ended", ended },
  { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", collect },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

static void set_index(lua_State *L, const char *type, lua_CFunction index) {
  luaL_newmetatable(L, type);
  lua_pushcfunction(L, index);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, type); /* getmetatable() returns only the name */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void ap_open_transfer(lua_State *L) {
  static const luaL_Reg none[] = { { NULL, NULL } };
  ap_new_type(L, TRANSFER, metamethods, methods);
  ap_new_type(L, PACKED, none, none);
  set_index(L, HEADERS, headers_index);
  set_index(L, RESPONSE, response_index);
}
