/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include "http/header_field.h"
#include "http/transport.h"
#include "http/url.h"

#define TRANSPORT "adobepass.transport"
#define WEAK_VALUES "adobepass.weak_values"

static const double least_time = 0.001, longest_time = 86400;
static const double mebibyte = 1024 * 1024;
static const double highest_ceiling = 1024.0 * 1024 * 1024;
static const double most_connections = 1e6;
/* libcurl accepts at most 300 KiB, and at most 100 KiB a line. */
static const double most_headers = 256 * 1024;

static ap_transport **to_box(lua_State *L) {
  return ap_check_handle(L, TRANSPORT);
}

/* The user value of a transport is a table from the address of an ap_transfer to
** its object. Its values are weak: a transfer without references is cancelled. */
static void set_transfers(lua_State *L, int transport) {
  lua_newtable(L);
  if (luaL_newmetatable(L, WEAK_VALUES)) {
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
  }
  lua_setmetatable(L, -2);
  lua_setuservalue(L, transport);
}

static void remember_transfer(lua_State *L, int transport, int object,
                              ap_transfer *transfer) {
  lua_getuservalue(L, transport);
  lua_pushlightuserdata(L, transfer);
  lua_pushvalue(L, object);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* Appends the ended transfers to the list at `list`. Each one is on the stack
** before the next allocation, which may collect the others. */
static void list_ended(lua_State *L, ap_transport **box, int list) {
  int count = (int)lua_rawlen(L, list);
  ap_transfer *transfer;
  lua_getuservalue(L, 1);
  while (*box != NULL && (transfer = ap_transport_next_ended(*box)) != NULL) {
    lua_pushlightuserdata(L, transfer);
    lua_rawget(L, -2);
    if (lua_isnil(L, -1)) lua_pop(L, 1);
    else lua_rawseti(L, list, ++count);
  }
  lua_pop(L, 1);
}

static int push_closed(lua_State *L) {
  return ap_push_code(L, "closed", "The transport is closed.");
}

static void check_proxy(lua_State *L, int arg, const char *proxy) {
  if (!ap_url_is_proxy(proxy))
    (void)ap_option_error(L, arg, "proxy",
                          "a URL like http://proxy:3128, a "
                          "password in it percent-encoded");
  if (!ap_url_is_supported_proxy(proxy))
    (void)ap_option_error(L, arg, "proxy",
                          "an http or socks URL: this libcurl does not "
                          "support https proxies");
}

static void read_texts(lua_State *L, int arg, ap_transport_options *options) {
  static const char *const names[AP_TEXTS] = {
    "client_cert",       "client_key", "client_key_password",
    "pinned_public_key", "proxy",      "ca_file",
    "ca_path",           "user_agent",
  };
  size_t i;
  for (i = 0; i < AP_TEXTS; i++)
    options->texts[i] = ap_option_text(L, arg, names[i]);
  if (options->texts[AP_TEXT_USER_AGENT] != NULL &&
      !ap_header_field_is_value(options->texts[AP_TEXT_USER_AGENT],
                                strlen(options->texts[AP_TEXT_USER_AGENT])))
    (void)ap_option_error(L, arg, "user_agent",
                          "one line without control characters");
  if (options->texts[AP_TEXT_PROXY] != NULL)
    check_proxy(L, arg, options->texts[AP_TEXT_PROXY]);
}

static long read_count(lua_State *L, int arg, const char *name) {
  double count = ap_option_number(L, arg, name, 0, 0, most_connections);
  if ((double)(long)count != count)
    (void)ap_option_error(L, arg, name, "a whole number");
  return (long)count;
}

static void read_bounds(lua_State *L, int arg, ap_transport_options *options) {
  options->connect_timeout =
    ap_option_number(L, arg, "connect_timeout", 10, least_time, longest_time);
  options->timeout =
    ap_option_number(L, arg, "timeout", 30, least_time, longest_time);
  options->max_body = (size_t)ap_option_number(
    L, arg, "max_body", 4 * mebibyte, 1, highest_ceiling);
  options->max_headers = (size_t)ap_option_number(L, arg, "max_headers",
                                                  64 * 1024, 1, most_headers);
  options->max_connections = read_count(L, arg, "max_connections");
  options->max_host_connections = read_count(L, arg, "max_host_connections");
  options->dns_cache =
    (long)ap_option_number(L, arg, "dns_cache", 30, 0, longest_time);
}

static int read_tls(lua_State *L, int arg) {
  const char *version = ap_option_text(L, arg, "min_tls");
  if (version == NULL || strcmp(version, "1.2") == 0) return 0;
  if (strcmp(version, "1.3") == 0) return 1;
  return ap_option_error(L, arg, "min_tls", "\"1.2\" or \"1.3\"");
}

static void check_resolve_entry(lua_State *L, int arg, const char *entry) {
  if (!ap_transport_options_is_resolve_entry(entry))
    (void)ap_option_error(L, arg, "resolve",
                          "a list of \"host:port:address\"");
}

/* Leaves both lists on the stack: allow_http, then resolve. */
static void check_lists(lua_State *L, int arg) {
  int i, length;
  (void)ap_option_list(L, arg, "allow_http");
  length = ap_option_list(L, arg, "resolve");
  for (i = 1; i <= length; i++) {
    lua_rawgeti(L, -1, i);
    check_resolve_entry(L, arg, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
}

typedef int (*adder)(ap_transport_settings *, const char *, ap_failure *);

static int add_list(lua_State *L, int list, ap_transport_settings *settings,
                    adder add, ap_failure *failure) {
  int i, done = 1;
  int length = lua_istable(L, list) ? (int)lua_rawlen(L, list) : 0;
  for (i = 1; done && i <= length; i++) {
    lua_rawgeti(L, list, i);
    done = add(settings, lua_tostring(L, -1), failure);
    lua_pop(L, 1);
  }
  return done;
}

static void read_options(lua_State *L, int arg,
                         ap_transport_options *options) {
  static const char *const known[] = {
    "ca_file",
    "ca_path",
    "client_cert",
    "client_key",
    "client_key_password",
    "pinned_public_key",
    "proxy",
    "user_agent",
    "connect_timeout",
    "timeout",
    "max_body",
    "max_headers",
    "max_connections",
    "max_host_connections",
    "dns_cache",
    "min_tls",
    "http2",
    "compression",
    "resolve",
    "allow_http",
    NULL,
  };
  ap_options_check(L, arg, known);
  read_texts(L, arg, options);
  read_bounds(L, arg, options);
  options->tls_1_3 = read_tls(L, arg);
  options->http2 = ap_option_flag(L, arg, "http2", 1);
  options->compression = ap_option_flag(L, arg, "compression", 0);
}

/*** A transport: concurrent requests over one connection pool. It also keeps TLS
sessions and a DNS cache.
@type transport */

/***
Creates a transport.

See HttpOptions in docs/reference.md for the options, their units and defaults.
@function http.new
@tparam[opt] table options
@treturn[1] transport
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `not_found`, `no_access`, `insecure_url`,
`out_of_memory` or `transfer_failed` (no descriptor is left) */
int ap_make_transport(lua_State *L) {
  ap_transport_options options;
  ap_transport **box;
  ap_failure failure;
  ap_transport_settings *settings;
  lua_settop(L, 1);
  box = ap_new_handle(L, TRANSPORT, sizeof *box); /* at 2 */
  set_transfers(L, 2);
  read_options(L, 1, &options);
  check_lists(L, 1); /* at 3 and 4 */
  *box = ap_transport_open(&options, &failure);
  if (*box == NULL) return ap_push_failure(L, &failure);
  settings = ap_transport_get_settings(*box);
  if (add_list(L, 3, settings, ap_transport_settings_allow_http, &failure) &&
      add_list(L, 4, settings, ap_transport_settings_resolve, &failure)) {
    lua_settop(L, 2);
    return 1;
  }
  ap_transport_close(*box);
  *box = NULL;
  return ap_push_failure(L, &failure);
}

/***
Starts a request. Nothing is sent before the next `step`.

Sends the given headers and, beside them, only Host, the transport's User-Agent,
the body's length, and Accept-Encoding with `compression`. Follows no redirect.
@function transport:submit
@tparam table request `url`; `method` (GET); `headers`: name to value, or to a
list of values; `body`; `bearer`: a token; `timeout`, `connect_timeout`,
`max_body`: instead of the transport's; `fresh`: true for a new connection.
libcurl repeats a request if a reused connection is lost before the response, so
a request that must not be repeated needs a new connection
@treturn[1] transfer
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `closed`, `invalid_url`, `insecure_url`, `too_large`,
`out_of_memory` or `transfer_failed` */
static int submit(lua_State *L) {
  enum { REQUEST = 2, TRANSFER };
  ap_transport **box = to_box(L);
  ap_transfer **transfer;
  ap_request request;
  ap_failure failure;
  int has_headers;
  lua_settop(L, REQUEST);
  luaL_checktype(L, REQUEST, LUA_TTABLE);
  transfer = ap_push_transfer(L);
  lua_pushvalue(L, 1);
  ap_anchor(L, TRANSFER);
  if (*transfer != NULL) remember_transfer(L, 1, TRANSFER, *transfer);
  if (*transfer == NULL) return ap_push_memory_failure(L);
  has_headers =
    ap_read_request_headers(L, REQUEST, &(*transfer)->headers, &failure);
  ap_read_request(L, REQUEST, &request); /* last: see lua/handle.h */
  if (*box == NULL) return push_closed(L);
  if (has_headers && ap_transport_submit(*box, *transfer, &request, &failure))
    return 1;
  return ap_push_failure(L, &failure);
}

/***
Runs all requests until one of them ends or `seconds` have passed. With 0 it
does not wait.
@function transport:step
@number[opt=0] seconds
@tparam[opt] table ended a list: the transfers that have ended since the last
call with a list are appended, except those that were closed
@treturn[1] integer the number of requests that are still running
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `closed`, `out_of_memory` or `transfer_failed` */
static int step(lua_State *L) {
  ap_transport **box = to_box(L);
  double seconds = ap_check_number(L, 2, 0, 0, longest_time);
  ap_failure failure;
  size_t running;
  if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
  if (*box == NULL) return push_closed(L);
  if (!ap_transport_step(*box, seconds, &running, &failure))
    return ap_push_failure(L, &failure);
  if (lua_istable(L, 3)) list_ended(L, box, 3);
  lua_pushinteger(L, (lua_Integer)running);
  return 1;
}

/***
Returns the seconds until the next step is due, even without socket activity: 0
if `sockets` has ended a request since the last step.
@function transport:timeout
@treturn ?number nil if no request runs */
static int timeout(lua_State *L) {
  ap_transport **box = to_box(L);
  double seconds = *box != NULL ? ap_transport_timeout(*box) : -1;
  if (seconds < 0) lua_pushnil(L);
  else lua_pushnumber(L, seconds);
  return 1;
}

typedef struct {
  ap_poller_event *events; /* NULL: only count them */
  size_t count, room;
} socket_list;

static void list_socket(void *context, int fd, int events) {
  socket_list *list = context;
  if (list->events != NULL && list->count < list->room) {
    list->events[list->count].fd = fd;
    list->events[list->count].events = events;
  }
  list->count++;
}

static void push_sockets(lua_State *L, const socket_list *list) {
  static const char *const names[] = { "", "r", "w", "rw" };
  size_t i;
  lua_newtable(L);
  for (i = 0; i < list->count && i < list->room; i++) {
    lua_pushstring(L, names[list->events[i].events]);
    lua_rawseti(L, -2, list->events[i].fd);
  }
}

/***
Returns the descriptors to watch in an event loop: call `step(0)` when one is
ready or `timeout` has passed, then call `sockets` again. On Linux this is one
epoll descriptor, the same for as long as the transport is open.
@function transport:sockets
@treturn table from descriptor to `"r"`, `"w"` or `"rw"` */
static int sockets(lua_State *L) {
  ap_transport **box = to_box(L);
  socket_list list = { NULL, 0, 0 };
  if (*box != NULL) ap_transport_sockets(*box, list_socket, &list);
  list.room = list.count;
  list.count = 0;
  list.events = lua_newuserdata(L, (list.room + 1) * sizeof *list.events);
  if (*box != NULL) ap_transport_sockets(*box, list_socket, &list);
  push_sockets(L, &list);
  return 1;
}

/***
Closes the transport and its connections. Running requests fail with the code
`closed`. Idempotent.
@function transport:close */
static int release(lua_State *L) {
  ap_transport **box = to_box(L);
  ap_transport_close(*box);
  *box = NULL;
  return 0;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "adobepass.transport (%s)",
                  *to_box(L) == NULL ? "closed" : "open");
  return 1;
}

static const luaL_Reg methods[] = {
  { "submit", submit },   { "step", step },     { "timeout", timeout },
  { "sockets", sockets }, { "close", release }, { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_transport(lua_State *L) {
  ap_new_type(L, TRANSPORT, metamethods, methods);
}
