/* SPDX-License-Identifier: MIT */
/* The bindings: each pushes one table of functions or one constructor. */
#ifndef AP_LUA_BINDINGS_H
#define AP_LUA_BINDINGS_H

#include "lua/compat.h"
#include "crypto/rsa_key.h"
#include "lua/failure.h"
#include "lua/handle.h"
#include "http/access_token.h"
#include "http/transfer.h"

void ap_open_digest(lua_State *L);
void ap_open_base64(lua_State *L);
void ap_open_random(lua_State *L);
void ap_open_clock(lua_State *L);
void ap_open_jws(lua_State *L);
void ap_open_private_file(lua_State *L);
void ap_open_json(lua_State *L);
void ap_open_system(lua_State *L);

/* Types, and the functions that make their values. */
void ap_open_rsa_key(lua_State *L);
void ap_open_access_token(lua_State *L);
void ap_open_transfer(lua_State *L);
void ap_open_response(lua_State *L);
void ap_open_headers(lua_State *L);
void ap_open_transport(lua_State *L);
int ap_make_private_key(lua_State *L);
int ap_make_public_key(lua_State *L);
int ap_make_access_token(lua_State *L);
int ap_make_headers(lua_State *L);
int ap_make_transport(lua_State *L);

/* A live key, or raises. */
const ap_rsa_key *ap_check_rsa_key(lua_State *L, int arg);
/* NULL when `index` holds no token; a closed token has no secret. */
const ap_access_token *ap_to_access_token(lua_State *L, int index);
/* Adds the headers of the table on the top of the stack; raises, in the name of
** argument `arg`, where they cannot be sent. */
int ap_read_headers(lua_State *L, int arg, ap_header_list *lines,
                    ap_failure *failure);
/* The same for the userdata on the top, of headers that are ready. */
int ap_use_headers(lua_State *L, int arg, ap_transfer *transfer,
                   ap_failure *failure);
/* Pushes what a transfer that is done has brought. */
void ap_push_response(lua_State *L, const ap_transfer *transfer);
/* Pushes a new transfer's handle; its value is set later. */
ap_transfer **ap_push_transfer(lua_State *L);

#endif
