/* SPDX-License-Identifier: MIT */
/* Concurrent transfers over one set of connections (a curl multi handle). No
** call blocks, except ap_transport_step with seconds > 0. Only one thread at a
** time may use a transport. */
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
/* Running transfers fail with "closed". The caller still frees them. */
void ap_transport_close(ap_transport *transport);

ap_transport_settings *ap_transport_get_settings(ap_transport *transport);

/* Starts a new transfer whose headers are set. The caller keeps ownership. */
int ap_transport_submit(ap_transport *transport, ap_transfer *transfer,
                        const ap_request *request, ap_failure *failure);
/* Fails a running transfer with "cancelled", and removes an ended one from the
** list of ap_transport_next_ended; ignores others and NULL. */
void ap_transport_cancel(ap_transfer *transfer);

/* Runs all transfers until one ends or `seconds` have passed. Stores how many
** are still running. Returns 0 with "out_of_memory" or "transfer_failed". */
int ap_transport_step(ap_transport *transport, double seconds, size_t *running,
                      ap_failure *failure);
/* Returns a transfer that libcurl has ended, each of them once; NULL if there is
** none. */
ap_transfer *ap_transport_next_ended(ap_transport *transport);
/* Calls `callback` for each descriptor to watch in the host's event loop. */
void ap_transport_sockets(ap_transport *transport, ap_poller_callback callback,
                          void *context);
/* Returns the seconds until the next step is due without socket activity; 0 if
** ap_transport_sockets ended a transfer since the last step; < 0: no transfer
** runs. */
double ap_transport_timeout(ap_transport *transport);

#endif
