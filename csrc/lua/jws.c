/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include "crypto/jws.h"

#define SCRATCH "adobepass.scratch"

/* Two buffers in a userdata, so that they are freed when an error is raised. */
typedef struct {
  ap_buffer header, payload;
} scratch;

static int scratch_gc(lua_State *L) {
  scratch *s = ap_check_handle(L, SCRATCH);
  ap_buffer_free(&s->header);
  ap_buffer_free(&s->payload);
  return 0;
}

static scratch *new_scratch(lua_State *L) {
  scratch *s = ap_new_handle(L, SCRATCH, sizeof *s);
  ap_buffer_init(&s->header, AP_JWS_MAX);
  ap_buffer_init(&s->payload, AP_JWS_MAX);
  return s;
}

static void push_buf(lua_State *L, ap_buffer *buf) {
  lua_pushlstring(L, buf->length > 0 ? buf->data : "", buf->length);
  ap_buffer_free(buf);
}

static void check_algorithm(lua_State *L) {
  static const char *const names[] = { "RS256", NULL };
  (void)luaL_checkoption(L, 1, NULL, names);
}

/* Accepts only characters that need no escape in JSON. */
static const char *option_plain(lua_State *L, int arg, const char *name) {
  const char *text = ap_option_text(L, arg, name);
  const char *c;
  for (c = text; c != NULL && *c != '\0'; c++)
    if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '"' ||
        *c == '\\')
      (void)ap_option_error(L, arg, name,
                            "plain ASCII without quotes or backslashes");
  return text;
}

static const char *push_header(lua_State *L, int arg) {
  static const char *const known[] = { "kid", "typ", NULL };
  const char *kid, *typ;
  ap_options_check(L, arg, known);
  kid = option_plain(L, arg, "kid");
  typ = option_plain(L, arg, "typ");
  if (typ == NULL) typ = "JWT";
  if (kid == NULL)
    return lua_pushfstring(L, "{\"alg\":\"RS256\",\"typ\":\"%s\"}", typ);
  return lua_pushfstring(L,
                         "{\"alg\":\"RS256\",\"typ\":\"%s\","
                         "\"kid\":\"%s\"}",
                         typ, kid);
}

/*** JSON Web Signatures (RFC 7515), compact form, RS256 only.
@section jws */

/***
Signs a payload.
@function jws.sign
@string algorithm `"RS256"`
@tparam key key a private key
@string payload usually JSON
@tparam[opt] table options `kid`, and `typ` (default `JWT`)
@treturn[1] string the token
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `private_key_needed`, `sign_failed`, `too_large` or
`out_of_memory` */
static int sign(lua_State *L) {
  const ap_rsa_key *key;
  const char *payload, *header;
  size_t length;
  scratch *s;
  ap_failure failure;
  check_algorithm(L);
  (void)ap_check_rsa_key(L, 2);
  payload = ap_check_bytes(L, 3, &length);
  header = push_header(L, 4);
  s = new_scratch(L);
  key = ap_check_rsa_key(L, 2);
  if (!ap_jws_sign(key, header, strlen(header), payload, length, &s->payload,
                   &failure))
    return ap_push_failure(L, &failure);
  push_buf(L, &s->payload);
  return 1;
}

static int push_parts(lua_State *L, int good, scratch *s,
                      const ap_failure *failure) {
  if (!good) return ap_push_failure(L, failure);
  push_buf(L, &s->payload);
  push_buf(L, &s->header);
  return 2;
}

/***
Verifies a token's RS256 signature and returns the signed bytes. This function
does not read the header: use `adobepass.util.jws.verify`, which also refuses a
header with another algorithm or with critical extensions.
@function jws.verify_signature
@string algorithm `"RS256"`
@tparam key key
@string token
@treturn[1] string payload
@treturn[1] string header
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `invalid_token`, `encrypted_token` or
`invalid_signature` */
static int verify_signature(lua_State *L) {
  const ap_rsa_key *key;
  const char *token;
  size_t length;
  scratch *s;
  ap_failure failure;
  check_algorithm(L);
  (void)ap_check_rsa_key(L, 2);
  token = ap_check_bytes(L, 3, &length);
  s = new_scratch(L);
  key = ap_check_rsa_key(L, 2);
  return push_parts(L,
                    ap_jws_verify_signature(key, token, length, &s->header,
                                            &s->payload, &failure),
                    s, &failure);
}

/***
Decodes a token without verification. Do not trust the result.
@function jws.peek
@string token
@treturn[1] string payload
@treturn[1] string header
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `invalid_token` or `encrypted_token` */
static int peek(lua_State *L) {
  size_t length;
  const char *token = ap_check_bytes(L, 1, &length);
  scratch *s = new_scratch(L);
  ap_failure failure;
  return push_parts(
    L, ap_jws_peek(token, length, &s->header, &s->payload, &failure), s,
    &failure);
}

static const luaL_Reg functions[] = {
  { "sign", sign },
  { "verify_signature", verify_signature },
  { "peek", peek },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", scratch_gc },
  { NULL, NULL },
};

static const luaL_Reg methods[] = { { NULL, NULL } };

void ap_open_jws(lua_State *L) {
  ap_new_type(L, SCRATCH, metamethods, methods);
  luaL_newlib(L, functions);
}
