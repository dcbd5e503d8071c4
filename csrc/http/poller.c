/* SPDX-License-Identifier: MIT */
#include "http/poller.h"

#ifndef AP_POLLER_POLL

#include <string.h>

#include <sys/epoll.h>
#include <unistd.h>

enum { AT_ONCE = 64 };

int ap_poller_open(ap_poller *poller) {
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  return poller->epoll >= 0;
}

void ap_poller_close(ap_poller *poller) {
  if (poller->epoll >= 0) (void)close(poller->epoll);
  poller->epoll = -1;
}

int ap_poller_set(ap_poller *poller, int fd, int events, int is_known) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  if ((events & AP_POLLER_READ) != 0) event.events |= EPOLLIN;
  if ((events & AP_POLLER_WRITE) != 0) event.events |= EPOLLOUT;
  event.data.fd = fd;
  return epoll_ctl(poller->epoll, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                   &event) == 0;
}

void ap_poller_remove(ap_poller *poller, int fd) {
  (void)epoll_ctl(poller->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int read_events(unsigned events) {
  return ((events & EPOLLIN) != 0 ? AP_POLLER_READ : 0) |
         ((events & EPOLLOUT) != 0 ? AP_POLLER_WRITE : 0);
}

size_t ap_poller_wait(ap_poller *poller, int milliseconds,
                      ap_poller_event *events, size_t most) {
  struct epoll_event ready[AT_ONCE];
  int i,
    count = epoll_wait(poller->epoll, ready,
                       most < AT_ONCE ? (int)most : AT_ONCE, milliseconds);
  for (i = 0; i < count; i++) {
    events[i].fd = ready[i].data.fd;
    events[i].events = read_events(ready[i].events);
  }
  return count > 0 ? (size_t)count : 0;
}

void ap_poller_descriptors(const ap_poller *poller,
                           ap_poller_callback callback, void *context) {
  callback(context, poller->epoll, AP_POLLER_READ);
}

#else

#include <poll.h>
#include <stdlib.h>

enum { FIRST_ROOM = 8 };

int ap_poller_open(ap_poller *poller) {
  poller->list = NULL;
  poller->count = poller->room = 0;
  return 1;
}

void ap_poller_close(ap_poller *poller) {
  free(poller->list);
  (void)ap_poller_open(poller);
}

static struct pollfd *find(const ap_poller *poller, int fd) {
  size_t i;
  for (i = 0; i < poller->count; i++)
    if (poller->list[i].fd == fd) return &poller->list[i];
  return NULL;
}

static struct pollfd *add(ap_poller *poller, int fd) {
  struct pollfd *entry;
  if (poller->count == poller->room) {
    size_t room = poller->room > 0 ? 2 * poller->room : FIRST_ROOM;
    struct pollfd *list = realloc(poller->list, room * sizeof *list);
    if (list == NULL) return NULL;
    poller->list = list;
    poller->room = room;
  }
  entry = &poller->list[poller->count++];
  entry->fd = fd;
  entry->revents = 0;
  return entry;
}

int ap_poller_set(ap_poller *poller, int fd, int events, int is_known) {
  struct pollfd *entry = is_known ? find(poller, fd) : add(poller, fd);
  if (entry == NULL) return 0;
  entry->events = (short)(((events & AP_POLLER_READ) != 0 ? POLLIN : 0) |
                          ((events & AP_POLLER_WRITE) != 0 ? POLLOUT : 0));
  return 1;
}

void ap_poller_remove(ap_poller *poller, int fd) {
  struct pollfd *entry = find(poller, fd);
  if (entry != NULL) *entry = poller->list[--poller->count];
}

static int read_events(short events) {
  return ((events & POLLIN) != 0 ? AP_POLLER_READ : 0) |
         ((events & POLLOUT) != 0 ? AP_POLLER_WRITE : 0);
}

size_t ap_poller_wait(ap_poller *poller, int milliseconds,
                      ap_poller_event *events, size_t most) {
  int left = poll(poller->list, (nfds_t)poller->count, milliseconds);
  size_t i, count = 0;
  for (i = 0; left > 0 && i < poller->count && count < most; i++) {
    if (poller->list[i].revents == 0) continue;
    events[count].fd = poller->list[i].fd;
    events[count++].events = read_events(poller->list[i].revents);
    left--;
  }
  return count;
}

void ap_poller_descriptors(const ap_poller *poller,
                           ap_poller_callback callback, void *context) {
  size_t i;
  for (i = 0; i < poller->count; i++)
    callback(context, poller->list[i].fd, read_events(poller->list[i].events));
}

#endif
