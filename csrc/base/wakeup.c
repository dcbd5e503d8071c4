/* SPDX-License-Identifier: MIT */
#include "base/wakeup.h"

#include <stddef.h>

#ifdef __linux__

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/signal_guard.h"

enum { AT_ONCE = 16 };

struct ap_wakeup {
  int epoll, timer, stop;
  int listener, peer; /* -1: closed */
  int is_running;     /* the thread has to be joined */
  pthread_t thread;
  char folder[AP_WAKEUP_PATH_SIZE - 8]; /* or "" */
  struct sockaddr_un address;
};

static void close_descriptor(int *fd) {
  if (*fd >= 0) (void)close(*fd);
  *fd = -1;
}

static void close_listener(ap_wakeup *wakeup) {
  close_descriptor(&wakeup->listener);
  if (wakeup->folder[0] == '\0') return;
  (void)unlink(wakeup->address.sun_path);
  (void)rmdir(wakeup->folder);
  wakeup->folder[0] = '\0';
}

/* A private folder: only processes of this user can connect. */
static int make_folder(ap_wakeup *wakeup) {
  const char *parent = getenv("TMPDIR");
  int length =
    snprintf(wakeup->folder, sizeof wakeup->folder, "%s/adobepass.XXXXXX",
             parent != NULL && *parent == '/' ? parent : "/tmp");
  if (length >= (int)sizeof wakeup->folder) errno = ENAMETOOLONG;
  else if (mkdtemp(wakeup->folder) != NULL) return 1;
  wakeup->folder[0] = '\0';
  return 0;
}

static int listen_there(ap_wakeup *wakeup) {
  struct sockaddr_un *address = &wakeup->address;
  address->sun_family = AF_UNIX;
  (void)snprintf(address->sun_path, sizeof address->sun_path, "%s/socket",
                 wakeup->folder);
  wakeup->listener =
    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return wakeup->listener >= 0 &&
         bind(wakeup->listener, (struct sockaddr *)address, sizeof *address) ==
           0 &&
         listen(wakeup->listener, 1) == 0;
}

static int add(ap_wakeup *wakeup, int fd, unsigned events) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(wakeup->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* The timer is edge-triggered, so it does not have to be read. */
static int open_descriptors(ap_wakeup *wakeup) {
  wakeup->epoll = epoll_create1(EPOLL_CLOEXEC);
  wakeup->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  wakeup->stop = eventfd(0, EFD_CLOEXEC);
  return wakeup->epoll >= 0 && wakeup->timer >= 0 && wakeup->stop >= 0 &&
         add(wakeup, wakeup->timer, EPOLLIN | EPOLLET) &&
         add(wakeup, wakeup->stop, EPOLLIN);
}

ap_wakeup *ap_wakeup_open(ap_failure *failure) {
  ap_wakeup *wakeup = calloc(1, sizeof *wakeup);
  int reason;
  if (wakeup == NULL) {
    (void)ap_failure_no_memory(failure);
    return NULL;
  }
  wakeup->epoll = wakeup->timer = wakeup->stop = -1;
  wakeup->listener = wakeup->peer = -1;
  if (open_descriptors(wakeup) && make_folder(wakeup) && listen_there(wakeup))
    return wakeup;
  reason = errno;
  ap_wakeup_close(wakeup);
  (void)ap_failure_set(failure, "unsupported",
                       "The socket for wake-ups could not be opened: %s.",
                       strerror(reason));
  return NULL;
}

const char *ap_wakeup_path(const ap_wakeup *wakeup) {
  return wakeup->address.sun_path;
}

/* If the socket is full, the byte is dropped: the unread bytes already wake the
** reader. */
static void *run(void *context) {
  const ap_wakeup *wakeup = context;
  struct epoll_event ready[AT_ONCE];
  for (;;) {
    int i, count = epoll_wait(wakeup->epoll, ready, AT_ONCE, -1);
    if (count < 0 && errno != EINTR) return NULL;
    for (i = 0; i < count; i++)
      if (ready[i].data.fd == wakeup->stop) return NULL;
    if (count > 0)
      (void)send(wakeup->peer, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/* The connection must come from this process. */
static int accept_own(ap_wakeup *wakeup) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  wakeup->peer = accept4(wakeup->listener, NULL, NULL, SOCK_CLOEXEC);
  return wakeup->peer >= 0 &&
         getsockopt(wakeup->peer, SOL_SOCKET, SO_PEERCRED, &peer, &size) ==
           0 &&
         peer.pid == getpid();
}

int ap_wakeup_start(ap_wakeup *wakeup, ap_failure *failure) {
  ap_signal_guard saved;
  int accepted = wakeup->listener >= 0 && accept_own(wakeup);
  close_listener(wakeup);
  if (!accepted)
    return ap_failure_set(failure, "unsupported",
                          "The process has not connected to the socket.");
  ap_signal_guard_hold(&saved); /* the thread inherits the signal mask */
  wakeup->is_running = pthread_create(&wakeup->thread, NULL, run, wakeup) == 0;
  ap_signal_guard_release(&saved);
  if (wakeup->is_running) return 1;
  return ap_failure_set(failure, "unsupported",
                        "The thread for wake-ups could not be started.");
}

/* ENOENT: the descriptor is new. It may have the number of a closed one. */
int ap_wakeup_watch(ap_wakeup *wakeup, int fd) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.fd = fd;
  if (epoll_ctl(wakeup->epoll, EPOLL_CTL_MOD, fd, &event) == 0) return 1;
  return errno == ENOENT && add(wakeup, fd, EPOLLIN | EPOLLONESHOT);
}

/* timerfd_settime(2): a time of 0 disarms the timer. */
void ap_wakeup_after(ap_wakeup *wakeup, double seconds) {
  struct itimerspec time;
  double whole = floor(seconds);
  memset(&time, 0, sizeof time);
  time.it_value.tv_sec = (time_t)whole;
  time.it_value.tv_nsec = (long)((seconds - whole) * 1e9);
  if (seconds < 1e-9) time.it_value.tv_nsec = 1;
  (void)timerfd_settime(wakeup->timer, 0, &time, NULL);
}

void ap_wakeup_close(ap_wakeup *wakeup) {
  if (wakeup == NULL) return;
  if (wakeup->is_running) {
    (void)eventfd_write(wakeup->stop, 1);
    (void)pthread_join(wakeup->thread, NULL);
  }
  close_listener(wakeup);
  close_descriptor(&wakeup->peer);
  close_descriptor(&wakeup->epoll);
  close_descriptor(&wakeup->timer);
  close_descriptor(&wakeup->stop);
  free(wakeup);
}

#else

ap_wakeup *ap_wakeup_open(ap_failure *failure) {
  (void)ap_failure_set(failure, "unsupported", "Wake-ups need Linux.");
  return NULL;
}

const char *ap_wakeup_path(const ap_wakeup *wakeup) {
  (void)wakeup;
  return "";
}

int ap_wakeup_start(ap_wakeup *wakeup, ap_failure *failure) {
  (void)wakeup;
  return ap_failure_set(failure, "unsupported", "Wake-ups need Linux.");
}

int ap_wakeup_watch(ap_wakeup *wakeup, int fd) {
  (void)wakeup;
  (void)fd;
  return 0;
}

void ap_wakeup_after(ap_wakeup *wakeup, double seconds) {
  (void)wakeup;
  (void)seconds;
}

void ap_wakeup_close(ap_wakeup *wakeup) {
  (void)wakeup;
}

#endif
