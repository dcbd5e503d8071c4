/* SPDX-License-Identifier: MIT */
/* Many transfers over one set of connections, moved a step at a time. */
#ifndef AP_HTTP_TRANSPORT_H
#define AP_HTTP_TRANSPORT_H

#include <stddef.h>

#include "base/failure.h"
#include "http/transport_options.h"
#include "http/transfer.h"
#include "http/poller.h"

typedef struct ap_transport ap_transport;

ap_transport *ap_transport_open(const ap_transport_options *options,
                                ap_failure *failure);
/* Transfers still running fail with "closed"; all of them stay valid. */
void ap_transport_close(ap_transport *transport);

ap_transport_settings *ap_transport_get_settings(ap_transport *transport);

/* Starts a new transfer, which the caller keeps. */
int ap_transport_submit(ap_transport *transport, ap_transfer *transfer,
                        const ap_request *request, ap_failure *failure);
/* Ends a running transfer with "cancelled"; of others it does nothing. */
void ap_transport_cancel(ap_transfer *transfer);

/* Moves all transfers; waits until one ends, at most `seconds`. */
int ap_transport_step(ap_transport *transport, double seconds, size_t *running,
                      ap_failure *failure);
/* What the transport waits for, for hosts that watch descriptors themselves. */
void ap_transport_sockets(ap_transport *transport, ap_poller_callback tell,
                          void *context);
/* In how many seconds a step is wanted even if no data comes; < 0: none. */
double ap_transport_timeout(ap_transport *transport);

#endif
