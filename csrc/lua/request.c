/* SPDX-License-Identifier: MIT */
/* Reads the request table of transport:submit. */
#include "lua/bindings.h"

#include <string.h>

#include "http/header_field.h"
#include "http/url.h"

static const double longest_time = 86400;                /* seconds */
static const double largest_body = 1024.0 * 1024 * 1024; /* bytes */

/* Each reads the value on the top of the stack into the request. */
typedef void (*option_reader)(lua_State *L, int arg, ap_request *request);

static void read_method(lua_State *L, int arg, ap_request *request) {
  request->method = ap_value_text(L, arg, "method");
  if (!ap_header_field_is_token(request->method, strlen(request->method)))
    (void)ap_option_error(L, arg, "method", "an HTTP method such as GET");
}

static void read_url(lua_State *L, int arg, ap_request *request) {
  request->url = ap_value_text(L, arg, "url");
}

static void read_body(lua_State *L, int arg, ap_request *request) {
  request->body = ap_value_bytes(L, arg, "body", &request->body_length);
}

static void read_timeout(lua_State *L, int arg, ap_request *request) {
  request->timeout = ap_value_number(L, arg, "timeout", 0, 0, longest_time);
}

static void read_connect_timeout(lua_State *L, int arg, ap_request *request) {
  request->connect_timeout =
    ap_value_number(L, arg, "connect_timeout", 0, 0, longest_time);
}

static void read_max_body(lua_State *L, int arg, ap_request *request) {
  request->max_body =
    (size_t)ap_value_number(L, arg, "max_body", 0, 0, largest_body);
}

static void read_fresh(lua_State *L, int arg, ap_request *request) {
  request->fresh = ap_value_flag(L, arg, "fresh", 0);
}

/* ap_read_request_headers reads `headers` and `bearer` later. */
static void skip(lua_State *L, int arg, ap_request *request) {
  (void)L;
  (void)arg;
  (void)request;
}

static option_reader reader_of(lua_State *L, int arg, const char *name) {
  static const struct {
    const char *name;
    option_reader read;
  } known[] = {
    { "url", read_url },           { "method", read_method },
    { "headers", skip },           { "bearer", skip },
    { "timeout", read_timeout },   { "body", read_body },
    { "fresh", read_fresh },       { "connect_timeout", read_connect_timeout },
    { "max_body", read_max_body },
  };
  size_t i;
  for (i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(name, known[i].name) == 0) return known[i].read;
  (void)luaL_argerror(L, arg, lua_pushfstring(L, "unknown option '%s'", name));
  return NULL;
}

static void read_options(lua_State *L, int arg, ap_request *request) {
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    reader_of(L, arg, ap_check_option_name(L, arg, -2))(L, arg, request);
    lua_pop(L, 1);
  }
}

/* A HEAD with a body is refused because libcurl would send it as a POST. */
void ap_read_request(lua_State *L, int arg, ap_request *request) {
  memset(request, 0, sizeof *request);
  request->method = "GET";
  read_options(L, arg, request);
  if (request->url == NULL ||
      !ap_url_is_clean(request->url, strlen(request->url)))
    (void)ap_option_error(L, arg, "url",
                          "a URL without spaces or control characters");
  if (request->body != NULL && strcmp(request->method, "HEAD") == 0)
    (void)ap_option_error(L, arg, "body", "left out of a HEAD request");
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
      lua_pushfstring(L, "a table of headers, and '%s' may not be set", name));
}

static void check_value(lua_State *L, int arg, const char *name, int index) {
  /* Check the type first: lua_tostring would convert a number in place. */
  int is_text = lua_type(L, index) == LUA_TSTRING;
  if (!is_text || !ap_header_field_is_value(lua_tostring(L, index),
                                            (size_t)lua_rawlen(L, index)))
    (void)ap_option_error(
      L, arg, "headers",
      lua_pushfstring(
        L, "a table of strings without control characters: see '%s'", name));
}

/* Adds the string, or each string of the list, on the top of the stack. */
static int add_values(lua_State *L, int arg, ap_header_list *list,
                      const char *name, ap_failure *failure) {
  int i, length, done = 1;
  if (!lua_istable(L, -1)) {
    check_value(L, arg, name, -1);
    return ap_header_list_add(list, name, lua_tostring(L, -1), failure);
  }
  length = (int)lua_rawlen(L, -1);
  for (i = 1; done && i <= length; i++) {
    lua_rawgeti(L, -1, i);
    check_value(L, arg, name, -1);
    done = ap_header_list_add(list, name, lua_tostring(L, -1), failure);
    lua_pop(L, 1);
  }
  return done;
}

/* Adds the headers of the table on the top of the stack. */
static int add_headers(lua_State *L, int arg, ap_header_list *list,
                       ap_failure *failure) {
  int done = 1, table = lua_gettop(L);
  if (lua_isnil(L, table)) return 1;
  if (!lua_istable(L, table))
    return ap_option_error(L, arg, "headers", "a table from name to value");
  lua_pushnil(L);
  while (done && lua_next(L, table)) {
    check_name(L, arg, -2);
    done = add_values(L, arg, list, lua_tostring(L, -2), failure);
    lua_pop(L, 1);
  }
  return done;
}

/* Adds the access token on the top of the stack. */
static int add_bearer(lua_State *L, int arg, ap_header_list *list,
                      ap_failure *failure) {
  const ap_access_token *token = ap_to_access_token(L, -1);
  if (lua_isnil(L, -1)) return 1;
  if (token == NULL) return ap_option_error(L, arg, "bearer", "a token");
  if ((list->has & AP_HAS_AUTHORIZATION) != 0)
    return ap_option_error(L, arg, "bearer",
                           "left out when headers has Authorization");
  if (token->secret == NULL)
    return ap_failure_set(failure, "closed", "The token is closed.");
  return ap_header_list_add_bearer(list, token->secret, token->length,
                                   failure);
}

int ap_read_request_headers(lua_State *L, int arg, ap_header_list *list,
                            ap_failure *failure) {
  int done, top = lua_gettop(L);
  lua_pushliteral(L, "headers");
  lua_rawget(L, arg);
  done = add_headers(L, arg, list, failure);
  lua_settop(L, top);
  if (!done) return 0;
  lua_pushliteral(L, "bearer");
  lua_rawget(L, arg);
  done = add_bearer(L, arg, list, failure);
  lua_settop(L, top);
  return done;
}
