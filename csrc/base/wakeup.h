/* SPDX-License-Identifier: MIT */
/* Wakes an event loop that reads only sockets of its own, as nginx does for Lua
** code: a thread waits for descriptors and a timer, and writes a byte to a Unix
** socket to which the event loop has connected. The thread runs no other code.
** Linux only: elsewhere ap_wakeup_open fails. */
#ifndef AP_BASE_WAKEUP_H
#define AP_BASE_WAKEUP_H

#include "base/failure.h"

typedef struct ap_wakeup ap_wakeup;

/* Of sun_path in a sockaddr_un (unix(7)). */
enum { AP_WAKEUP_PATH_SIZE = 108 };

/* Opens a socket to connect to. Returns NULL with "unsupported" or
** "out_of_memory". */
ap_wakeup *ap_wakeup_open(ap_failure *failure);
/* Returns the path of the socket, with its NUL at most AP_WAKEUP_PATH_SIZE bytes. */
const char *ap_wakeup_path(const ap_wakeup *wakeup);
/* Accepts the connection, removes the path and starts the thread, which handles
** no signals. To be called once, after connect(2). Returns 0 with "unsupported". */
int ap_wakeup_start(ap_wakeup *wakeup, ap_failure *failure);
/* Writes one byte when `fd` becomes readable; nothing after that, until called
** again. Returns 0 on failure. */
int ap_wakeup_watch(ap_wakeup *wakeup, int fd);
/* Writes one byte after `seconds`; replaces the time of an earlier call. */
void ap_wakeup_after(ap_wakeup *wakeup, double seconds);
/* Joins the thread and closes the connection; NULL is allowed. */
void ap_wakeup_close(ap_wakeup *wakeup);

#endif
