/* SPDX-License-Identifier: MIT */
/* Blocks signals while libcurl runs, and consumes a SIGPIPE that it raised. */
#ifndef AP_BASE_SIGNAL_GUARD_H
#define AP_BASE_SIGNAL_GUARD_H

#include <signal.h>

typedef struct {
  sigset_t mask;
  int pipe_was_pending;
} ap_signal_guard;

/* Blocks the signals of this thread; ap_signal_guard_release restores them. */
void ap_signal_guard_hold(ap_signal_guard *saved);
void ap_signal_guard_release(const ap_signal_guard *saved);

#endif
