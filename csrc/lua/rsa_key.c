/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include "base/handle_count.h"

#define KEY "adobepass.key"

static ap_rsa_key **to_box(lua_State *L) {
  return ap_check_handle(L, KEY);
}

const ap_rsa_key *ap_check_rsa_key(lua_State *L, int arg) {
  ap_rsa_key **box = luaL_checkudata(L, arg, KEY);
  luaL_argcheck(L, *box != NULL, arg, "the key is closed");
  return *box;
}

/* Allocates the result of a method before it reads the key: see lua/handle.h. */
static const ap_rsa_key *make_room(lua_State *L, unsigned char **out) {
  *out = lua_newuserdata(L, ap_rsa_key_size(ap_check_rsa_key(L, 1)));
  return ap_check_rsa_key(L, 1);
}

static ap_padding check_padding(lua_State *L, int arg) {
  static const char *const names[] = { "pkcs1", "oaep", "oaep-sha256", NULL };
  return (ap_padding)luaL_checkoption(L, arg, "pkcs1", names);
}

static int give(lua_State *L, ap_rsa_key **box, const ap_failure *failure) {
  if (*box == NULL) return ap_push_failure(L, failure);
  ap_handle_count_add(AP_HANDLE_KEY, 1);
  return 1;
}

/*** RSA keys, parsed once. Keys under 2048 bits are refused.
@type key */

/***
Reads a private key from PEM text.
@function private_key
@string pem
@string[opt] passphrase of an encrypted key
@treturn[1] key
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `invalid_key` or `weak_key` */
int ap_make_private_key(lua_State *L) {
  size_t length;
  const char *pem = ap_check_bytes(L, 1, &length);
  const char *passphrase = lua_isnoneornil(L, 2) ? NULL : ap_check_text(L, 2);
  ap_rsa_key **box = ap_new_handle(L, KEY, sizeof *box);
  ap_failure failure;
  *box = ap_rsa_key_private(pem, length, passphrase, &failure);
  return give(L, box, &failure);
}

/***
Reads a public key from PEM text: a public key or a certificate.
@function public_key
@string pem
@treturn[1] key
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `invalid_key` or `weak_key` */
int ap_make_public_key(lua_State *L) {
  size_t length;
  const char *pem = ap_check_bytes(L, 1, &length);
  ap_rsa_key **box = ap_new_handle(L, KEY, sizeof *box);
  ap_failure failure;
  *box = ap_rsa_key_public(pem, length, &failure);
  return give(L, box, &failure);
}

/***
Signs bytes (SHA256withRSA, PKCS#1 v1.5).
@function key:sign
@string bytes
@treturn[1] string the raw signature
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `private_key_needed` or `sign_failed` */
static int sign(lua_State *L) {
  size_t length, size = 0;
  const char *bytes = ap_check_bytes(L, 2, &length);
  unsigned char *out;
  const ap_rsa_key *key = make_room(L, &out);
  ap_failure failure;
  if (!ap_rsa_key_sign(key, bytes, length, out, &size, &failure))
    return ap_push_failure(L, &failure);
  lua_pushlstring(L, (const char *)out, size);
  return 1;
}

/***
Verifies a signature (SHA256withRSA, PKCS#1 v1.5).
@function key:verify
@string bytes
@string signature
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `invalid_signature` */
static int verify(lua_State *L) {
  const ap_rsa_key *key = ap_check_rsa_key(L, 1);
  size_t length, size;
  const char *bytes = ap_check_bytes(L, 2, &length);
  const char *signature = ap_check_bytes(L, 3, &size);
  ap_failure failure;
  if (!ap_rsa_key_verify(key, bytes, length, (const unsigned char *)signature,
                         size, &failure))
    return ap_push_failure(L, &failure);
  lua_pushboolean(L, 1);
  return 1;
}

typedef int (*transformation)(const ap_rsa_key *, ap_padding, const void *,
                              size_t, unsigned char *, size_t *, ap_failure *);

static int transform(lua_State *L, transformation apply) {
  size_t length, size = 0;
  const char *bytes = ap_check_bytes(L, 2, &length);
  ap_padding padding = check_padding(L, 3);
  unsigned char *out;
  const ap_rsa_key *key = make_room(L, &out);
  ap_failure failure;
  if (!apply(key, padding, bytes, length, out, &size, &failure))
    return ap_push_failure(L, &failure);
  lua_pushlstring(L, (const char *)out, size);
  return 1;
}

/***
Encrypts a short text.
@function key:encrypt
@string bytes
@string[opt="pkcs1"] padding `pkcs1`, `oaep` or `oaep-sha256`
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `encrypt_failed` */
static int encrypt(lua_State *L) {
  return transform(L, ap_rsa_key_encrypt);
}

/***
Decrypts a short text. With `pkcs1`, OpenSSL 3.2 and later return meaningless
bytes instead of an error for a text that is damaged or was encrypted with another
key (implicit rejection). Check the result, or use `oaep`.
@function key:decrypt
@string bytes
@string[opt="pkcs1"] padding `pkcs1`, `oaep` or `oaep-sha256`
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `private_key_needed` or `decrypt_failed` */
static int decrypt(lua_State *L) {
  return transform(L, ap_rsa_key_decrypt);
}

/***
Returns the key's size in bits.
@function key:bits
@treturn integer */
static int bits(lua_State *L) {
  lua_pushinteger(L, ap_rsa_key_bits(ap_check_rsa_key(L, 1)));
  return 1;
}

/***
Frees the key. Idempotent.
@function key:close */
static int release(lua_State *L) {
  ap_rsa_key **box = to_box(L);
  if (*box != NULL) ap_handle_count_add(AP_HANDLE_KEY, -1);
  ap_rsa_key_free(*box);
  *box = NULL;
  return 0;
}

static int to_string(lua_State *L) {
  const ap_rsa_key *key = *to_box(L);
  if (key == NULL) lua_pushliteral(L, "adobepass.key (closed)");
  else
    lua_pushfstring(L, "adobepass.key (RSA, %d bits, %s)",
                    ap_rsa_key_bits(key),
                    ap_rsa_key_is_private(key) ? "private" : "public");
  return 1;
}

static const luaL_Reg methods[] = {
  { "sign", sign },       { "verify", verify }, { "encrypt", encrypt },
  { "decrypt", decrypt }, { "bits", bits },     { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_rsa_key(lua_State *L) {
  ap_new_type(L, KEY, metamethods, methods);
}
