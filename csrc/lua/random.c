/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <stdio.h>

#include "crypto/digest.h"

enum { MOST_BYTES = 1024 * 1024 };

/*** Random numbers fit for secrets.
@section random */

/***
Returns random bytes.
@function random.bytes
@int count from 1 to 1,048,576
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `no_randomness` */
static int bytes(lua_State *L) {
  double count = ap_check_number(L, 1, 0, 1, MOST_BYTES);
  size_t length = (size_t)count;
  ap_failure failure;
  unsigned char *out;
  luaL_argcheck(L, length > 0 && (double)length == count, 1,
                "should be a whole number, 1 or more");
  out = lua_newuserdata(L, length);
  if (!ap_random(out, length, &failure)) return ap_push_failure(L, &failure);
  lua_pushlstring(L, (const char *)out, length);
  return 1;
}

/***
Returns a random UUID (RFC 9562, version 4).
@function random.uuid
@treturn[1] string 36 characters, lower case
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `no_randomness` */
static int uuid(lua_State *L) {
  unsigned char b[16];
  char text[37];
  ap_failure failure;
  if (!ap_random(b, sizeof b, &failure)) return ap_push_failure(L, &failure);
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  (void)snprintf(text, sizeof text,
                 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                 "%02x%02x%02x%02x%02x%02x",
                 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
                 b[10], b[11], b[12], b[13], b[14], b[15]);
  lua_pushstring(L, text);
  return 1;
}

static const luaL_Reg functions[] = {
  { "bytes", bytes },
  { "uuid", uuid },
  { NULL, NULL },
};

void ap_open_random(lua_State *L) {
  luaL_newlib(L, functions);
}
