/* SPDX-License-Identifier: MIT */
/* Sockets that are watched until they are ready: by epoll(7) where there is
** one, which costs as much as is ready; elsewhere by poll(2), which costs as
** much as is watched (AP_WATCH_POLL asks for that). */
#ifndef AP_WATCH_H
#define AP_WATCH_H

#include <stddef.h>

#if !defined(__linux__) && !defined(AP_WATCH_POLL)
#define AP_WATCH_POLL
#endif

enum { AP_WATCH_READ = 1, AP_WATCH_WRITE = 2 };

typedef struct {
  int fd;
  int events; /* of a socket that failed it may be none */
} ap_watch_event;

typedef struct {
#ifdef AP_WATCH_POLL
  struct pollfd *list;
  size_t count, room;
#else
  int epoll;
#endif
} ap_watch;

typedef void (*ap_watch_teller)(void *context, int fd, int events);

int ap_watch_open(ap_watch *watch);
void ap_watch_close(ap_watch *watch);
/* `is_known`: it was added before. 0 where there is no memory. */
int ap_watch_set(ap_watch *watch, int fd, int events, int is_known);
void ap_watch_remove(ap_watch *watch, int fd);
/* Waits until one is ready, or for so many milliseconds; a signal ends it.
** Answers how many events it wrote, `most` at most. */
size_t ap_watch_wait(ap_watch *watch, int milliseconds,
                     ap_watch_event *events, size_t most);
/* What to wait for in another loop, to know that one of them is ready. */
void ap_watch_tell(const ap_watch *watch, ap_watch_teller tell,
                   void *context);

#endif
