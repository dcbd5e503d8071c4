/* SPDX-License-Identifier: MIT */
/* Polls sockets for readiness: with epoll(7) on Linux, whose cost grows with the
** number of ready sockets; elsewhere, or with AP_POLLER_POLL, with poll(2), whose
** cost grows with the number of all sockets. */
#ifndef AP_HTTP_POLLER_H
#define AP_HTTP_POLLER_H

#include <stddef.h>

#if !defined(__linux__) && !defined(AP_POLLER_POLL)
#define AP_POLLER_POLL
#endif

enum { AP_POLLER_READ = 1, AP_POLLER_WRITE = 2 };

typedef struct {
  int fd;
  int events; /* may be 0 for a socket that failed */
} ap_poller_event;

typedef struct {
#ifdef AP_POLLER_POLL
  struct pollfd *list;
  size_t count, room;
#else
  int epoll;
#endif
} ap_poller;

typedef void (*ap_poller_callback)(void *context, int fd, int events);

/* Returns 0 if the process has no file descriptor left. */
int ap_poller_open(ap_poller *poller);
void ap_poller_close(ap_poller *poller);
/* Adds a socket, or changes its events if it `is_known`. Returns 0 on failure. */
int ap_poller_set(ap_poller *poller, int fd, int events, int is_known);
void ap_poller_remove(ap_poller *poller, int fd);
/* Waits until a socket is ready, `milliseconds` have passed or a signal comes.
** Returns the number of events written, at most `most`. */
size_t ap_poller_wait(ap_poller *poller, int milliseconds,
                      ap_poller_event *events, size_t most);
/* Calls `callback` for each descriptor to poll in another event loop: the epoll
** descriptor, or each socket. */
void ap_poller_descriptors(const ap_poller *poller,
                           ap_poller_callback callback, void *context);

#endif
