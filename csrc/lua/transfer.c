/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include "base/handle_count.h"
#include "http/transport.h"

#define TRANSFER "adobepass.transfer"

/* A transfer keeps its transport alive while it runs, and its result after. */
typedef struct {
  ap_transfer *transfer; /* first: ap_push_transfer gives its address */
  int cancelled, delivered;
  int delivering; /* so many calls read the answer just now */
  int closing;    /* once they are done */
} handle;

static handle *to_handle(lua_State *L) {
  return ap_check_handle(L, TRANSFER);
}

ap_transfer **ap_push_transfer(lua_State *L) {
  handle *h = ap_new_handle(L, TRANSFER, sizeof *h);
  h->transfer = ap_transfer_new();
  if (h->transfer != NULL) ap_handle_count_add(AP_HANDLE_TRANSFER, 1);
  return &h->transfer;
}

static void let_go(handle *h) {
  ap_transfer *transfer = h->transfer;
  if (transfer == NULL) return;
  h->cancelled = transfer->state == AP_TRANSFER_RUNNING;
  h->transfer = NULL;
  ap_transport_cancel(transfer);
  ap_transfer_free(transfer);
  ap_handle_count_add(AP_HANDLE_TRANSFER, -1);
}

/* A finalizer that closes the transfer, or asks for its result, may run in
** the middle of this. */
static void make_response(lua_State *L, handle *h) {
  h->delivering++;
  ap_push_response(L, h->transfer);
  ap_anchor(L, 1);
  if (--h->delivering > 0) return;
  ap_buffer_free(&h->transfer->head);
  ap_buffer_free(&h->transfer->body);
  h->delivered = 1;
  if (h->closing) let_go(h);
}

/* The result is made once; then Lua's memory alone holds the answer. */
static int deliver(lua_State *L, handle *h) {
  if (!h->delivered) make_response(L, h);
  ap_push_anchored(L, 1);
  return 1;
}

static int push_gone(lua_State *L, const handle *h) {
  if (h->cancelled)
    return ap_push_code(L, "cancelled", "The request was cancelled.");
  return ap_push_code(L, "closed", "The transfer is closed.");
}

/*** A request on its way.
@type transfer */

/***
What became of the request, as often as it is asked.

A response has `status`; `headers`, looked up in any case of letters, repeated
ones joined with a comma; `header_list`, every header as `{ name, value }` in
the order it came; `body`; `http_version`; `reused`, whether the connection
stood already; and `timings`: `name`, `connect`, `tls`, `first_byte` and
`total`, in seconds from the start.
@function transfer:result
@treturn[1] table the response
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `pending` while it runs; then `timeout`,
`resolve_failed`, `connect_failed`, `tls_failed`, `proxy_failed`,
`connection_lost`, `protocol_error`, `too_large`, `cancelled`, `closed`,
`out_of_memory` or `transfer_failed` */
static int result(lua_State *L) {
  handle *h = to_handle(L);
  if (h->transfer == NULL) return push_gone(L, h);
  switch (h->transfer->state) {
    case AP_TRANSFER_DONE: return deliver(L, h);
    case AP_TRANSFER_FAILED: return ap_push_failure(L, &h->transfer->failure);
    default: return ap_push_code(L, "pending", "pending");
  }
}

/***
Whether there is a result, good or bad: it costs less than to ask for one.
@function transfer:ended
@treturn boolean */
static int ended(lua_State *L) {
  const handle *h = to_handle(L);
  lua_pushboolean(L, h->transfer == NULL ||
                       h->transfer->state > AP_TRANSFER_RUNNING);
  return 1;
}

/***
Cancel a request that runs, and forget one that is done. Twice is well;
dropping the transfer does the same.
@function transfer:close */
static int release(lua_State *L) {
  handle *h = to_handle(L);
  if (h->delivering > 0) h->closing = 1;
  else let_go(h);
  return 0;
}

/* No call is at work on what nobody has any more. */
static int collect(lua_State *L) {
  let_go(to_handle(L));
  return 0;
}

static int to_string(lua_State *L) {
  static const char *const names[] = { "new", "running", "done", "failed" };
  const handle *h = to_handle(L);
  lua_pushfstring(L, "adobepass.transfer (%s)",
                  h->transfer == NULL ? "closed" : names[h->transfer->state]);
  return 1;
}

static const luaL_Reg methods[] = {
  { "result", result },
  { "ended", ended },
  { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", collect },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_transfer(lua_State *L) {
  ap_new_type(L, TRANSFER, metamethods, methods);
}
