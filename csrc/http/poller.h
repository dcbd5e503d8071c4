/* SPDX-License-Identifier: MIT */
/* Sockets that are watched until they are ready: by epoll(7) where there is
** one, which costs as much as is ready; elsewhere by poll(2), which costs as
** much as is watched (AP_POLLER_POLL asks for that). */
#ifndef AP_HTTP_POLLER_H
#define AP_HTTP_POLLER_H

#include <stddef.h>

#if !defined(__linux__) && !defined(AP_POLLER_POLL)
#define AP_POLLER_POLL
#endif

enum { AP_POLLER_READ = 1, AP_POLLER_WRITE = 2 };

typedef struct {
  int fd;
  int events; /* of a socket that failed it may be none */
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

int ap_poller_open(ap_poller *watch);
void ap_poller_close(ap_poller *watch);
/* `is_known`: it was added before. 0 where there is no memory. */
int ap_poller_set(ap_poller *watch, int fd, int events, int is_known);
void ap_poller_remove(ap_poller *watch, int fd);
/* Waits until one is ready, or for so many milliseconds; a signal ends it.
** Answers how many events it wrote, `most` at most. */
size_t ap_poller_wait(ap_poller *watch, int milliseconds,
                      ap_poller_event *events, size_t most);
/* What to wait for in another loop, to know that one of them is ready. */
void ap_poller_descriptors(const ap_poller *watch, ap_poller_callback tell,
                           void *context);

#endif
