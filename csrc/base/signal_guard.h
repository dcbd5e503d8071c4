/* SPDX-License-Identifier: MIT */
/* Keeps signals away from the host while libcurl works. */
#ifndef AP_SIGNALS_H
#define AP_SIGNALS_H

#include <signal.h>

typedef struct {
  sigset_t mask;
  int pipe_was_pending;
} ap_signals;

void ap_signals_hold(ap_signals *saved);
void ap_signals_release(const ap_signals *saved);

#endif
