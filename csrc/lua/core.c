/* SPDX-License-Identifier: MIT */
/***
The C core: HTTP, tokens, digests, signatures and private files.

No function blocks unless its description says so, and no Lua code runs inside
libcurl's callbacks. Wrong types and invalid options raise; other failures
return nil, a message and a stable code. A function that allocates memory may
return the code `out_of_memory`, even if its description does not list it.
@module adobepass.core */
#include "lua/bindings.h"

#include <pthread.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "base/handle_count.h"
#include "base/version.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_state;

/* curl_global_cleanup is never called: a resolver thread of libcurl may still
** run when the Lua state is closed. */
static void start_curl(void) {
  curl_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void set_feature(lua_State *L, const char *name, int bit) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  lua_pushboolean(L, (info->features & bit) != 0);
  lua_setfield(L, -2, name);
}

/***
Returns the features of the libraries: `libcurl` and `openssl` (versions),
`http2` and `async_dns`. Without `async_dns` a step blocks during a DNS lookup.
@function features
@treturn table */
static int features(lua_State *L) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
  lua_setfield(L, -2, "libcurl");
  lua_pushstring(L, OpenSSL_version(OPENSSL_VERSION_STRING));
  lua_setfield(L, -2, "openssl");
  set_feature(L, "http2", CURL_VERSION_HTTP2);
  set_feature(L, "async_dns", CURL_VERSION_ASYNCHDNS);
  return 1;
}

/***
Returns the number of open handles of each kind, to find leaks in tests:
`transports`, `transfers`, `tokens`, `keys`, `locks`.
@function handle_count
@treturn table */
static int handle_count(lua_State *L) {
  static const char *const names[AP_HANDLE_KINDS] = { "transports",
                                                      "transfers", "tokens",
                                                      "keys", "locks" };
  int kind;
  lua_createtable(L, 0, AP_HANDLE_KINDS);
  for (kind = 0; kind < AP_HANDLE_KINDS; kind++) {
    lua_pushinteger(L, ap_handle_count_get((ap_handle_kind)kind));
    lua_setfield(L, -2, names[kind]);
  }
  return 1;
}

static const luaL_Reg functions[] = {
  { "token", ap_make_access_token },
  { "private_key", ap_make_private_key },
  { "public_key", ap_make_public_key },
  { "wakeup", ap_make_wakeup },
  { "features", features },
  { "handle_count", handle_count },
  { NULL, NULL },
};

static const luaL_Reg http_functions[] = {
  { "new", ap_make_transport },
  { NULL, NULL },
};

static void open_http(lua_State *L) {
  ap_open_transport(L);
  ap_open_transfer(L);
  luaL_newlib(L, http_functions);
}

static void set_part(lua_State *L, const char *name,
                     void (*open)(lua_State *)) {
  open(L);
  lua_setfield(L, -2, name);
}

__attribute__((visibility("default"))) int luaopen_adobepass_core(
  lua_State *L) {
  (void)pthread_once(&curl_once, start_curl);
  if (curl_state != CURLE_OK)
    return luaL_error(L, "adobepass: libcurl did not start");
  ap_open_access_token(L);
  ap_open_rsa_key(L);
  ap_open_wakeup(L);
  luaL_newlib(L, functions);
  set_part(L, "http", open_http);
  set_part(L, "digest", ap_open_digest);
  set_part(L, "base64", ap_open_base64);
  set_part(L, "random", ap_open_random);
  set_part(L, "clock", ap_open_clock);
  set_part(L, "jws", ap_open_jws);
  set_part(L, "file", ap_open_private_file);
  set_part(L, "json", ap_open_json);
  set_part(L, "system", ap_open_system);
  lua_pushliteral(L, ADOBEPASS_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
