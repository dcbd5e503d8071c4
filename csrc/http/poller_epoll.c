/* SPDX-License-Identifier: MIT */
#include "http/poller.h"

#ifndef AP_POLLER_POLL

#include <string.h>

#include <sys/epoll.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

int ap_poller_open(ap_poller *watch) {
  watch->epoll = epoll_create1(EPOLL_CLOEXEC);
  return watch->epoll >= 0;
}

void ap_poller_close(ap_poller *watch) {
  if (watch->epoll >= 0) (void)close(watch->epoll);
  watch->epoll = -1;
}

int ap_poller_set(ap_poller *watch, int fd, int events, int is_known) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  if ((events & AP_POLLER_READ) != 0) event.events |= EPOLLIN;
  if ((events & AP_POLLER_WRITE) != 0) event.events |= EPOLLOUT;
  event.data.fd = fd;
  return epoll_ctl(watch->epoll, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                   &event) == 0;
}

void ap_poller_remove(ap_poller *watch, int fd) {
  (void)epoll_ctl(watch->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int read_events(unsigned events) {
  return ((events & EPOLLIN) != 0 ? AP_POLLER_READ : 0) |
         ((events & EPOLLOUT) != 0 ? AP_POLLER_WRITE : 0);
}

size_t ap_poller_wait(ap_poller *watch, int milliseconds,
                      ap_poller_event *events, size_t most) {
  struct epoll_event ready[AT_ONCE];
  int i,
    count = epoll_wait(watch->epoll, ready,
                       most < AT_ONCE ? (int)most : AT_ONCE, milliseconds);
  for (i = 0; i < count; i++) {
    events[i].fd = ready[i].data.fd;
    events[i].events = read_events(ready[i].events);
  }
  return count > 0 ? (size_t)count : 0;
}

void ap_poller_descriptors(const ap_poller *watch, ap_poller_callback tell,
                           void *context) {
  tell(context, watch->epoll, AP_POLLER_READ);
}

#endif
