/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <openssl/crypto.h>

#include "crypto/digest.h"

#define HASHER "adobepass.hasher"

static int hasher_gc(lua_State *L) {
  ap_hasher **box = ap_check_handle(L, HASHER);
  ap_hasher_free(*box);
  *box = NULL;
  return 0;
}

/* While a Lua state closes, the hasher may be collected before a finalizer that
** calls this. */
static int push_digest(lua_State *L, ap_hash hash) {
  ap_hasher **box = lua_touserdata(L, lua_upvalueindex(1));
  unsigned char out[AP_DIGEST_MAX];
  unsigned size;
  size_t length;
  const char *bytes = ap_check_bytes(L, 1, &length);
  if (*box == NULL)
    return ap_push_code(L, "closed", "The Lua state is closing.");
  if (!ap_digest(*box, hash, bytes, length, out, &size))
    return ap_push_memory_failure(L);
  lua_pushlstring(L, (const char *)out, size);
  return 1;
}

static int push_hmac(lua_State *L, ap_hash hash) {
  unsigned char out[AP_DIGEST_MAX];
  ap_failure failure;
  unsigned size;
  size_t key_length, length;
  const char *key = ap_check_bytes(L, 1, &key_length);
  const char *bytes = ap_check_bytes(L, 2, &length);
  if (!ap_hmac(hash, key, key_length, bytes, length, out, &size, &failure))
    return ap_push_failure(L, &failure);
  lua_pushlstring(L, (const char *)out, size);
  return 1;
}

/*** Cryptographic digests, as raw bytes; `hex` converts them.
@section digest */

/***
Returns the SHA-256 of a string.
@function digest.sha256
@string bytes
@treturn string 32 raw bytes */
static int sha256(lua_State *L) {
  return push_digest(L, AP_SHA256);
}

/***
Returns the SHA-512 of a string.
@function digest.sha512
@string bytes
@treturn string 64 raw bytes */
static int sha512(lua_State *L) {
  return push_digest(L, AP_SHA512);
}

/***
Returns the HMAC of a string with SHA-256 (RFC 2104).
@function digest.hmac_sha256
@string key
@string bytes
@treturn string 32 raw bytes */
static int hmac_sha256(lua_State *L) {
  return push_hmac(L, AP_SHA256);
}

/***
Returns the HMAC of a string with SHA-512.
@function digest.hmac_sha512
@string key
@string bytes
@treturn string 64 raw bytes */
static int hmac_sha512(lua_State *L) {
  return push_hmac(L, AP_SHA512);
}

/***
Encodes bytes as lower-case hexadecimal digits.
@function digest.hex
@string bytes
@treturn string */
static int hex(lua_State *L) {
  static const char digits[] = "0123456789abcdef";
  size_t length, i;
  const char *bytes = ap_check_bytes(L, 1, &length);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (i = 0; i < length; i++) {
    luaL_addchar(&out, digits[(unsigned char)bytes[i] >> 4]);
    luaL_addchar(&out, digits[(unsigned char)bytes[i] & 15]);
  }
  luaL_pushresult(&out);
  return 1;
}

/***
Compares two strings in a time that does not depend on where they differ.
@function digest.equal
@string a
@string b
@treturn boolean */
static int equal(lua_State *L) {
  size_t a_length, b_length;
  const char *a = ap_check_bytes(L, 1, &a_length);
  const char *b = ap_check_bytes(L, 2, &b_length);
  lua_pushboolean(L,
                  a_length == b_length && CRYPTO_memcmp(a, b, a_length) == 0);
  return 1;
}

static const luaL_Reg functions[] = {
  { "hmac_sha256", hmac_sha256 },
  { "hmac_sha512", hmac_sha512 },
  { "hex", hex },
  { "equal", equal },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", hasher_gc },
  { NULL, NULL },
};

static const luaL_Reg methods[] = { { NULL, NULL } };

/* The hasher is an upvalue, so that Lua code cannot reach it. */
static void add_digest(lua_State *L, const char *name, lua_CFunction f) {
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -3, name);
}

void ap_open_digest(lua_State *L) {
  ap_hasher **box;
  ap_new_type(L, HASHER, metamethods, methods);
  luaL_newlib(L, functions);
  box = ap_new_handle(L, HASHER, sizeof *box);
  *box = ap_hasher_new();
  if (*box == NULL)
    luaL_error(L, "adobepass: no memory, or no SHA-2 in OpenSSL");
  add_digest(L, "sha256", sha256);
  add_digest(L, "sha512", sha512);
  lua_pop(L, 1);
}
