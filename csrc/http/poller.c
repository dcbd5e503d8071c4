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

void ap_poller_descriptors(const ap_poller *watch, ap_poller_callback callback,
                           void *context) {
  callback(context, watch->epoll, AP_POLLER_READ);
}

#else

#include <poll.h>
#include <stdlib.h>

enum { FIRST_ROOM = 8 };

int ap_poller_open(ap_poller *watch) {
  watch->list = NULL;
  watch->count = watch->room = 0;
  return 1;
}

void ap_poller_close(ap_poller *watch) {
  free(watch->list);
  (void)ap_poller_open(watch);
}

static struct pollfd *find(const ap_poller *watch, int fd) {
  size_t i;
  for (i = 0; i < watch->count; i++)
    if (watch->list[i].fd == fd) return &watch->list[i];
  return NULL;
}

static struct pollfd *add(ap_poller *watch, int fd) {
  struct pollfd *entry;
  if (watch->count == watch->room) {
    size_t room = watch->room > 0 ? 2 * watch->room : FIRST_ROOM;
    struct pollfd *list = realloc(watch->list, room * sizeof *list);
    if (list == NULL) return NULL;
    watch->list = list;
    watch->room = room;
  }
  entry = &watch->list[watch->count++];
  entry->fd = fd;
  entry->revents = 0;
  return entry;
}

int ap_poller_set(ap_poller *watch, int fd, int events, int is_known) {
  struct pollfd *entry = is_known ? find(watch, fd) : add(watch, fd);
  if (entry == NULL) return 0;
  entry->events = (short)(((events & AP_POLLER_READ) != 0 ? POLLIN : 0) |
                          ((events & AP_POLLER_WRITE) != 0 ? POLLOUT : 0));
  return 1;
}

void ap_poller_remove(ap_poller *watch, int fd) {
  struct pollfd *entry = find(watch, fd);
  if (entry != NULL) *entry = watch->list[--watch->count];
}

static int read_events(short events) {
  return ((events & POLLIN) != 0 ? AP_POLLER_READ : 0) |
         ((events & POLLOUT) != 0 ? AP_POLLER_WRITE : 0);
}

size_t ap_poller_wait(ap_poller *watch, int milliseconds,
                      ap_poller_event *events, size_t most) {
  int left = poll(watch->list, (nfds_t)watch->count, milliseconds);
  size_t i, count = 0;
  for (i = 0; left > 0 && i < watch->count && count < most; i++) {
    if (watch->list[i].revents == 0) continue;
    events[count].fd = watch->list[i].fd;
    events[count++].events = read_events(watch->list[i].revents);
    left--;
  }
  return count;
}

void ap_poller_descriptors(const ap_poller *watch, ap_poller_callback callback,
                           void *context) {
  size_t i;
  for (i = 0; i < watch->count; i++)
    callback(context, watch->list[i].fd, read_events(watch->list[i].events));
}

#endif
