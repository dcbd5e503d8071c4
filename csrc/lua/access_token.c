/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "base/handle_count.h"

#define TOKEN "adobepass.token"

static const double usual_margin = 300, usual_jitter = 60;
static const double a_day = 86400, ten_years = 3650.0 * 86400;
static const double any_time = 1e15;

static ap_access_token *to_box(lua_State *L) {
  return ap_check_handle(L, TOKEN);
}

const ap_access_token *ap_to_access_token(lua_State *L, int index) {
  return ap_to_handle(L, index, TOKEN);
}

static double usual_chance(void) {
  unsigned char byte = 0;
  (void)ap_random(&byte, 1, NULL);
  return byte / 256.0;
}

static void read_terms(lua_State *L, int arg, ap_access_token_terms *terms) {
  static const char *const known[] = { "now", "margin", "jitter", "chance",
                                       NULL };
  ap_options_check(L, arg, known);
  terms->now =
    ap_option_number(L, arg, "now", ap_clock_monotonic(), -any_time, any_time);
  terms->margin = ap_option_number(L, arg, "margin", usual_margin, 0, a_day);
  terms->jitter = ap_option_number(L, arg, "jitter", usual_jitter, 0, a_day);
  terms->chance = ap_option_number(L, arg, "chance", usual_chance(), 0, 1);
}

static int malformed(lua_State *L, const char *message) {
  return ap_push_code(L, "malformed_response", message);
}

/*** Access tokens. The secret leaves a token only in a request's header, or by
`reveal`.
@type token */

/***
Creates an access token from a response of the token endpoint.
@function token
@tparam table response `access_token`, `expires_in` (seconds), `created_at`
@tparam[opt] table options `now`: monotonic seconds (default: the clock's);
`margin`: seconds before its expiry when a token is due (300); `jitter`: seconds
of which a random part is added to the margin (60); `chance`: that part, from
0 to 1 (default: random). Margin and jitter together are at most half of the
token's lifetime.
@treturn[1] token
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `malformed_response` or `out_of_memory` */
int ap_make_access_token(lua_State *L) {
  ap_access_token_terms terms;
  ap_access_token *box;
  ap_failure failure;
  const char *secret;
  size_t length;
  luaL_checktype(L, 1, LUA_TTABLE);
  read_terms(L, 2, &terms);
  lua_pushliteral(L, "expires_in");
  lua_rawget(L, 1);
  if (!lua_isnumber(L, -1)) return malformed(L, "expires_in is not a number.");
  terms.lifetime = lua_tonumber(L, -1);
  if (!(terms.lifetime >= 0 && terms.lifetime <= ten_years))
    return malformed(L, "expires_in is out of range.");
  lua_pushliteral(L, "access_token");
  lua_rawget(L, 1);
  if (lua_type(L, -1) != LUA_TSTRING)
    return malformed(L, "access_token is not a string.");
  secret = lua_tolstring(L, -1, &length);
  box = ap_new_handle(L, TOKEN, sizeof *box);
  if (!ap_access_token_open(box, secret, length, &terms, &failure))
    return ap_push_failure(L, &failure);
  ap_handle_count_add(AP_HANDLE_TOKEN, 1);
  lua_pushliteral(L, "created_at");
  lua_rawget(L, 1);
  ap_anchor(L, -2);
  return 1;
}

static double check_now(lua_State *L, int arg) {
  if (lua_isnoneornil(L, arg)) return ap_clock_monotonic();
  return ap_check_number(L, arg, 0, -any_time, any_time);
}

/***
Returns the token's state at a time: `"fresh"`, `"due"` (valid, but should be
renewed) or `"expired"`. A closed token is expired.
@function token:state
@number[opt] now monotonic seconds (default: the clock's)
@treturn string */
static int state(lua_State *L) {
  static const char *const names[] = { "fresh", "due", "expired" };
  const ap_access_token *token = to_box(L);
  double now = check_now(L, 2);
  lua_pushstring(
    L, names[token->secret == NULL ? AP_ACCESS_TOKEN_EXPIRED
                                   : ap_access_token_life_at(token, now)]);
  return 1;
}

/***
Returns when the token expires, in monotonic seconds.
@function token:expires_at
@treturn number */
static int expires_at(lua_State *L) {
  lua_pushnumber(L, to_box(L)->expires_at);
  return 1;
}

/***
Returns when the token should be renewed, in monotonic seconds.
@function token:due_at
@treturn number */
static int due_at(lua_State *L) {
  lua_pushnumber(L, to_box(L)->due_at);
  return 1;
}

/***
Returns the response's `created_at`, unchanged.
@function token:created_at
@treturn ?number */
static int created_at(lua_State *L) {
  (void)to_box(L);
  ap_push_anchored(L, 1);
  return 1;
}

/***
Returns the secret, for keeping it in a store. Never log it.
@function token:reveal
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `closed` */
static int reveal(lua_State *L) {
  const ap_access_token *token = to_box(L);
  size_t room = token->length + 1;
  char *secret = lua_newuserdata(L, room); /* first: see lua/handle.h */
  if (token->secret == NULL)
    return ap_push_code(L, "closed", "The token is closed.");
  memcpy(secret, token->secret, room - 1);
  lua_pushlstring(L, secret, room - 1);
  OPENSSL_cleanse(secret, room);
  return 1;
}

/***
Wipes the token. Idempotent.
@function token:close */
static int release(lua_State *L) {
  ap_access_token *token = to_box(L);
  if (token->secret != NULL) ap_handle_count_add(AP_HANDLE_TOKEN, -1);
  ap_access_token_close(token);
  return 0;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "adobepass.token (%s)",
                  to_box(L)->secret == NULL ? "closed" : "redacted");
  return 1;
}

static const luaL_Reg methods[] = {
  { "state", state },   { "expires_at", expires_at },
  { "due_at", due_at }, { "created_at", created_at },
  { "reveal", reveal }, { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_access_token(lua_State *L) {
  ap_new_type(L, TOKEN, metamethods, methods);
}
