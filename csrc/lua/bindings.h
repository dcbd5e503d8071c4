/* SPDX-License-Identifier: MIT */
/* The bindings. Each ap_open function creates types or pushes a table of
** functions; each ap_make function is a constructor for Lua. */
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

/* Types and their constructors. */
void ap_open_rsa_key(lua_State *L);
void ap_open_access_token(lua_State *L);
void ap_open_transfer(lua_State *L);
void ap_open_transport(lua_State *L);
void ap_open_wakeup(lua_State *L);
int ap_make_private_key(lua_State *L);
int ap_make_public_key(lua_State *L);
int ap_make_access_token(lua_State *L);
int ap_make_transport(lua_State *L);
int ap_make_wakeup(lua_State *L);

/* Returns the key in argument `arg`; raises if there is none or it is closed. */
const ap_rsa_key *ap_check_rsa_key(lua_State *L, int arg);
/* Returns the token at `index`, or NULL; a closed token has no secret. */
const ap_access_token *ap_to_access_token(lua_State *L, int index);
/* Reads argument `arg` of transport:submit, a table, except its headers; raises if
** it is not a valid request. The table keeps ownership of the strings; allocates
** nothing in Lua, so no finalizer runs meanwhile. */
void ap_read_request(lua_State *L, int arg, ap_request *request);
/* Adds the `headers` and the `bearer` of argument `arg`, a table, to the list. May
** raise, so the list must belong to a handle on the stack. */
int ap_read_request_headers(lua_State *L, int arg, ap_header_list *list,
                            ap_failure *failure);
/* Pushes a new transfer and returns the address of its pointer, which is NULL if
** out of memory. The caller sets the user value. */
ap_transfer **ap_push_transfer(lua_State *L);

#endif
