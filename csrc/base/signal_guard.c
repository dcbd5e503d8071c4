/* SPDX-License-Identifier: MIT */
#include "base/signal_guard.h"

#include <stddef.h>

static int pipe_pending(void) {
  sigset_t pending;
  (void)sigpending(&pending);
  return sigismember(&pending, SIGPIPE);
}

/* Blocks all asynchronous signals, not only SIGPIPE: a resolver thread of
** libcurl inherits this mask and must not run the application's handlers. With
** CURLOPT_NOSIGNAL libcurl does not ignore SIGPIPE (libcurl-thread(3)). */
void ap_signal_guard_hold(ap_signal_guard *saved) {
  sigset_t held;
  (void)sigfillset(&held);
  (void)sigdelset(&held, SIGSEGV);
  (void)sigdelset(&held, SIGBUS);
  (void)sigdelset(&held, SIGFPE);
  (void)sigdelset(&held, SIGILL);
  (void)sigdelset(&held, SIGABRT);
  (void)sigdelset(&held, SIGTRAP);
  (void)pthread_sigmask(SIG_BLOCK, &held, &saved->mask);
  /* SIGPIPE can be pending only if it was blocked. */
  saved->pipe_was_pending =
    sigismember(&saved->mask, SIGPIPE) && pipe_pending();
}

void ap_signal_guard_release(const ap_signal_guard *saved) {
  if (!saved->pipe_was_pending && pipe_pending()) {
    sigset_t only_pipe;
    int taken;
    (void)sigemptyset(&only_pipe);
    (void)sigaddset(&only_pipe, SIGPIPE);
    (void)sigwait(&only_pipe, &taken);
  }
  (void)pthread_sigmask(SIG_SETMASK, &saved->mask, NULL);
}
