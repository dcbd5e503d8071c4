/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include "crypto/base64.h"

/* The result is written to memory that Lua owns, so that nothing leaks when Lua
** runs out of memory. */
static int push_encoded(lua_State *L, ap_base64_kind kind) {
  size_t length, size;
  const unsigned char *bytes =
    (const unsigned char *)ap_check_bytes(L, 1, &length);
  char *text;
  size = ap_base64_encoded_size(kind, length);
  text = lua_newuserdata(L, size + 1);
  ap_base64_encode(kind, bytes, length, text);
  lua_pushlstring(L, text, size);
  return 1;
}

static int push_decoded(lua_State *L, ap_base64_kind kind) {
  size_t length, size = 0;
  const char *text = ap_check_bytes(L, 1, &length);
  unsigned char *bytes = lua_newuserdata(L, ap_base64_decoded_bound(length));
  if (!ap_base64_decode(kind, text, length, bytes, &size))
    return ap_push_code(L, "invalid_base64",
                        kind == AP_BASE64
                          ? "The text is not base64."
                          : "The text is not base64url without padding.");
  lua_pushlstring(L, (const char *)bytes, size);
  return 1;
}

/*** Strict base64: no white space, exactly one encoding for each value.
@section base64 */

/***
Encodes bytes as base64 with padding (RFC 4648 section 4).
@function base64.encode
@string bytes
@treturn string */
static int encode(lua_State *L) {
  return push_encoded(L, AP_BASE64);
}

/***
Decodes base64 with padding.
@function base64.decode
@string text
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, `invalid_base64` */
static int decode(lua_State *L) {
  return push_decoded(L, AP_BASE64);
}

/***
Encodes bytes as base64url without padding (RFC 4648 section 5).
@function base64.url_encode
@string bytes
@treturn string */
static int url_encode(lua_State *L) {
  return push_encoded(L, AP_BASE64URL);
}

/***
Decodes base64url without padding.
@function base64.url_decode
@string text
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code, `invalid_base64` */
static int url_decode(lua_State *L) {
  return push_decoded(L, AP_BASE64URL);
}

static const luaL_Reg functions[] = {
  { "encode", encode },
  { "decode", decode },
  { "url_encode", url_encode },
  { "url_decode", url_decode },
  { NULL, NULL },
};

void ap_open_base64(lua_State *L) {
  luaL_newlib(L, functions);
}
