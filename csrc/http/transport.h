/* SPDX-License-Identifier: MIT */
/* Many transfers over one set of connections, moved a step at a time. */
#ifndef AP_SESSION_H
#define AP_SESSION_H

#include <stddef.h>

#include "base/failure.h"
#include "http/transport_options.h"
#include "http/transfer.h"
#include "http/poller.h"

typedef struct ap_session ap_session;

ap_session *ap_session_open(const ap_options *options, ap_failure *failure);
/* Transfers still running fail with "closed"; all of them stay valid. */
void ap_session_close(ap_session *session);

ap_settings *ap_session_settings(ap_session *session);

/* Starts a new transfer, which the caller keeps. */
int ap_session_submit(ap_session *session, ap_transfer *transfer,
                      const ap_request *request, ap_failure *failure);
/* Ends a running transfer with "cancelled"; of others it does nothing. */
void ap_session_cancel(ap_transfer *transfer);

/* Moves all transfers; waits until one ends, at most `seconds`. */
int ap_session_step(ap_session *session, double seconds, size_t *running,
                    ap_failure *failure);
/* What the session waits for, for hosts that watch descriptors themselves. */
void ap_session_sockets(ap_session *session, ap_watch_teller tell,
                        void *context);
/* In how many seconds a step is wanted even if no data comes; < 0: none. */
double ap_session_timeout(ap_session *session);

#endif
