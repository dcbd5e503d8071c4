/* SPDX-License-Identifier: MIT */
#define CURL_DISABLE_DEPRECATION /* curl_multi_socket_all, in watch_all */
#include "http/transport.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/easy_pool.h"
#include "base/handle_count.h"
#include "http/curl_error.h"
#include "base/signal_guard.h"
#include "http/url_cache.h"
#include "http/poller.h"

/* Left to itself libcurl keeps four connections for each running transfer,
** and closes the rest after each crowd. Who allows more keeps more: to open
** one again costs a handshake. */
enum { MOST_IDLE_CONNECTIONS = 256 };

/* libcurl moves transfers in two ways. To go round all of them costs least
** where many are answered at once; to watch their sockets costs as much as is
** ready, and something for each transfer. So a few are watched, and a crowd is
** gone round, until that was in vain so many times in a row; then it is
** watched, too, until nothing is left. */
enum { MOST_WATCHED_AT_FIRST = 16, MOST_IN_VAIN = 16 };
typedef enum { UNDECIDED, ROUND, WATCHING } way;

/* So many sockets are served before it is asked what has ended. */
enum { MOST_READY = 64 };

struct ap_session {
  CURLM *multi;
  way way;
  size_t in_vain;
  ap_watch watch;
  ap_watch_event ready[MOST_READY];
  size_t ready_count;
  double asked_all; /* when */
  ap_settings settings;
  ap_transfer *first;
  size_t running, resolving; /* of them, those that may resolve a name */
  int raises_pipe;
  ap_urls urls;
  ap_easies easies;
};

static long most_idle(const ap_options *options) {
  return options->max_connections > MOST_IDLE_CONNECTIONS
           ? options->max_connections : MOST_IDLE_CONNECTIONS;
}

static CURLMcode set_limits(CURLM *multi, const ap_options *options) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_PIPELINING,
                                     (long)CURLPIPE_MULTIPLEX);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             options->max_connections);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                             options->max_host_connections);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                             most_idle(options));
  return code;
}

static ap_session *allocate(const ap_options *options, ap_failure *failure) {
  ap_session *session = calloc(1, sizeof *session);
  if (session == NULL) {
    (void)ap_fail_memory(failure);
    return NULL;
  }
  if (!ap_watch_open(&session->watch))
    (void)ap_fail(failure, "transfer_failed",
                  "There is no descriptor left to watch sockets with.");
  else if (ap_settings_open(&session->settings, options, failure))
    return session;
  ap_watch_close(&session->watch);
  free(session);
  return NULL;
}

/* libcurl says which sockets it waits for. What is kept with a socket tells
** that it is known. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what,
                        void *context, void *known) {
  ap_session *session = context;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    ap_watch_remove(&session->watch, fd);
    return 0;
  }
  if (!ap_watch_set(&session->watch, fd,
                    ((what & CURL_POLL_IN) != 0 ? AP_WATCH_READ : 0) |
                    ((what & CURL_POLL_OUT) != 0 ? AP_WATCH_WRITE : 0),
                    known != NULL))
    return -1;
  (void)curl_multi_assign(session->multi, fd, session);
  return 0;
}

static CURLMcode listen_to(ap_session *session) {
  CURLMcode code = curl_multi_setopt(session->multi, CURLMOPT_SOCKETDATA,
                                     session);
  if (code != CURLM_OK) return code;
  return curl_multi_setopt(session->multi, CURLMOPT_SOCKETFUNCTION,
                           watch_socket);
}

/* From 7.87 on, libcurl writes for OpenSSL itself, with MSG_NOSIGNAL as on its
** plain sockets; before, OpenSSL wrote, and SIGPIPE could come. */
static int may_raise_pipe(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return info->version_num < 0x075700 || info->ssl_version == NULL ||
         strncmp(info->ssl_version, "OpenSSL/", 8) != 0;
}

ap_session *ap_session_open(const ap_options *options, ap_failure *failure) {
  ap_session *session = allocate(options, failure);
  if (session == NULL) return NULL;
  ap_live_add(AP_LIVE_SESSION, 1);
  session->raises_pipe = may_raise_pipe();
  ap_easies_open(&session->easies, &session->settings);
  session->multi = curl_multi_init();
  if (session->multi != NULL &&
      set_limits(session->multi, options) == CURLM_OK &&
      listen_to(session) == CURLM_OK)
    return session;
  (void)ap_fail_memory(failure);
  ap_session_close(session);
  return NULL;
}

ap_settings *ap_session_settings(ap_session *session) {
  return &session->settings;
}

static void link_in(ap_session *session, ap_transfer *transfer) {
  transfer->session = session;
  transfer->state = AP_TRANSFER_RUNNING;
  transfer->next = session->first;
  if (session->first != NULL) session->first->previous = transfer;
  session->first = transfer;
  session->running++;
  if (transfer->may_resolve) session->resolving++;
}

static void link_out(ap_session *session, ap_transfer *transfer) {
  if (transfer->previous != NULL) transfer->previous->next = transfer->next;
  else session->first = transfer->next;
  if (transfer->next != NULL) transfer->next->previous = transfer->previous;
  transfer->previous = transfer->next = NULL;
  transfer->session = NULL;
  session->running--;
  if (session->running == 0) session->way = UNDECIDED;
  if (transfer->may_resolve) session->resolving--;
}

static void release(ap_session *session, ap_transfer *transfer) {
  link_out(session, transfer);
  ap_easies_keep(&session->easies, ap_transfer_detach(transfer));
}

static void drop(ap_transfer *transfer, const char *code,
                 const char *sentence) {
  ap_session *session = transfer->session;
  ap_signals saved;
  ap_signals_hold(&saved); /* to close a connection may be to write to it */
  (void)curl_multi_remove_handle(session->multi, transfer->easy);
  ap_signals_release(&saved);
  ap_transfer_abandon(transfer, code, sentence);
  release(session, transfer);
}

void ap_session_cancel(ap_transfer *transfer) {
  if (transfer != NULL && transfer->session != NULL)
    drop(transfer, "cancelled", "The request was cancelled.");
}

static void destroy(ap_session *session) {
  ap_signals saved;
  ap_signals_hold(&saved);
  ap_easies_close(&session->easies);
  (void)curl_multi_cleanup(session->multi);
  ap_signals_release(&saved);
  ap_watch_close(&session->watch);
}

void ap_session_close(ap_session *session) {
  if (session == NULL) return;
  while (session->first != NULL)
    drop(session->first, "closed",
         "The session was closed before the answer came.");
  destroy(session);
  ap_urls_close(&session->urls);
  ap_settings_close(&session->settings);
  free(session);
  ap_live_add(AP_LIVE_SESSION, -1);
}

/* Would a secret travel in the open through somebody's proxy? */
static int check_proxy(const ap_session *session, const ap_transfer *transfer,
                       ap_failure *failure) {
  if (transfer->url->kind != AP_URL_PLAIN ||
      !ap_transfer_has(transfer, AP_HAS_AUTHORIZATION) ||
      session->settings.options.texts[AP_TEXT_PROXY] == NULL)
    return 1;
  return ap_fail(failure, "insecure_url",
                 "A bearer is not sent over plain http through a proxy.");
}

static int start(ap_session *session, ap_transfer *transfer,
                 ap_failure *failure) {
  CURLMcode code = curl_multi_add_handle(session->multi, transfer->easy);
  if (code == CURLM_OK) {
    link_in(session, transfer);
    return 1;
  }
  return ap_fail(failure, code == CURLM_OUT_OF_MEMORY ? "out_of_memory"
                                                      : "transfer_failed",
                 "The request could not start: %s.",
                 curl_multi_strerror(code));
}

int ap_session_submit(ap_session *session, ap_transfer *transfer,
                      const ap_request *request, ap_failure *failure) {
  ap_settings *settings = &session->settings;
  transfer->url = ap_urls_open(&session->urls, request->url,
                               settings->plain_hosts, failure);
  if (transfer->url == NULL || !check_proxy(session, transfer, failure))
    return 0;
  transfer->may_resolve = transfer->url->has_name ||
                          settings->options.texts[AP_TEXT_PROXY] != NULL;
  transfer->easy = ap_easies_take(&session->easies, request->fresh);
  if (transfer->easy == NULL) return ap_fail_memory(failure);
  if (ap_transfer_prepare(transfer, settings, request, failure) &&
      start(session, transfer, failure))
    return 1;
  ap_easies_keep(&session->easies, ap_transfer_detach(transfer));
  return 0;
}

/* All that libcurl has to say is heard first: to remove a handle it goes
** through what it has not said yet. */
static ap_transfer *hear(ap_session *session) {
  ap_transfer *first = NULL, **last = &first;
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(session->multi, &left)) != NULL) {
    ap_transfer *transfer = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                            (char **)&transfer);
    transfer->outcome = message->data.result;
    *last = transfer;
    last = &transfer->next_ended;
  }
  return first;
}

static size_t collect(ap_session *session) {
  ap_transfer *transfer = hear(session), *next;
  size_t ended = 0;
  for (; transfer != NULL; transfer = next, ended++) {
    next = transfer->next_ended;
    (void)curl_multi_remove_handle(session->multi, transfer->easy);
    ap_transfer_finish(transfer, transfer->outcome);
    release(session, transfer);
  }
  return ended;
}

static CURLMcode act(ap_session *session, curl_socket_t fd, int events) {
  int running;
  return curl_multi_socket_action(session->multi, fd, events, &running);
}

/* What begins, and what has waited long enough. */
static CURLMcode move_due(ap_session *session) {
  long milliseconds = -1;
  CURLMcode code = curl_multi_timeout(session->multi, &milliseconds);
  if (code != CURLM_OK || milliseconds != 0) return code;
  return act(session, CURL_SOCKET_TIMEOUT, 0);
}

static CURLMcode move_ready(ap_session *session) {
  CURLMcode code = CURLM_OK;
  size_t i;
  for (i = 0; code == CURLM_OK && i < session->ready_count; i++)
    code = act(session, session->ready[i].fd, session->ready[i].events);
  session->ready_count = 0;
  return code;
}

/* libcurl 7.88 may have read an HTTP/2 answer already that it only hands over
** when it is asked again, and no socket tells of that. */
static const double ask_all_after = 0.05;

static CURLMcode watch_all(ap_session *session) {
  int running;
  session->way = WATCHING;
  session->asked_all = ap_clock_monotonic();
  return curl_multi_socket_all(session->multi, &running);
}

static CURLMcode go_round(ap_session *session) {
  int running;
  return curl_multi_perform(session->multi, &running);
}

/* Signals are held where libcurl may raise SIGPIPE, or start a thread which
** would inherit their mask. Stores how many transfers ended. */
static CURLMcode guarded(ap_session *session,
                         CURLMcode (*move)(ap_session *), size_t *ended) {
  int holds = session->resolving > 0 || session->raises_pipe;
  ap_signals saved;
  CURLMcode code;
  if (holds) ap_signals_hold(&saved);
  code = move(session);
  *ended = code == CURLM_OK ? collect(session) : 0;
  if (holds) ap_signals_release(&saved);
  return code;
}

/* Interruptible by signals, at least 1 ms. */
static int milliseconds_of(double seconds) {
  double wait = seconds < ask_all_after ? seconds : ask_all_after;
  return seconds > 0 ? (int)(wait * 1000) + 1 : 0;
}

static void wait_for_sockets(ap_session *session, double seconds) {
  int most = milliseconds_of(seconds);
  long wanted = -1;
  (void)curl_multi_timeout(session->multi, &wanted);
  if (wanted >= 0 && wanted < most) most = (int)wanted;
  session->ready_count = ap_watch_wait(&session->watch, most, session->ready,
                                       MOST_READY);
}

static CURLMcode turn_watching(ap_session *session, double seconds,
                               size_t *ended) {
  CURLMcode code = guarded(session, move_due, ended);
  if (code != CURLM_OK || *ended > 0) return code;
  wait_for_sockets(session, seconds);
  if (session->ready_count > 0) return guarded(session, move_ready, ended);
  if (ap_clock_monotonic() - session->asked_all < ask_all_after)
    return CURLM_OK;
  return guarded(session, watch_all, ended);
}

static CURLMcode turn_round(ap_session *session, double seconds,
                            size_t *ended) {
  CURLMcode code = guarded(session, go_round, ended);
  session->in_vain = *ended > 0 ? 0 : session->in_vain + 1;
  if (code != CURLM_OK || *ended > 0) return code;
  if (session->in_vain > MOST_IN_VAIN)
    return guarded(session, watch_all, ended);
  if (seconds <= 0) return CURLM_OK;
  return curl_multi_poll(session->multi, NULL, 0, milliseconds_of(seconds),
                         NULL);
}

static CURLMcode turn(ap_session *session, double seconds, size_t *ended) {
  *ended = 0;
  if (session->running == 0) return CURLM_OK;
  if (session->way == UNDECIDED) {
    session->way = session->running > MOST_WATCHED_AT_FIRST ? ROUND : WATCHING;
    session->in_vain = 0;
  }
  return session->way == WATCHING ? turn_watching(session, seconds, ended)
                                  : turn_round(session, seconds, ended);
}

int ap_session_step(ap_session *session, double seconds, size_t *running,
                    ap_failure *failure) {
  double deadline = seconds > 0 ? ap_clock_monotonic() + seconds : 0;
  double left = seconds;
  size_t ended = 0;
  CURLMcode code;
  do {
    code = turn(session, left, &ended);
    left = seconds > 0 ? deadline - ap_clock_monotonic() : 0;
  } while (code == CURLM_OK && ended == 0 && session->running > 0 &&
           left > 0);
  *running = session->running;
  if (code == CURLM_OK) return 1;
  return ap_fail(failure, code == CURLM_OUT_OF_MEMORY ? "out_of_memory"
                                                      : "transfer_failed",
                 "The transfers could not go on: %s.",
                 curl_multi_strerror(code));
}

/* What is told must be watched. A transfer that ends by that shall not wait
** for the next socket to be heard of. */
void ap_session_sockets(ap_session *session, ap_watch_teller tell,
                        void *context) {
  size_t ended = 0;
  if (session->running == 0) return;
  if (session->way != WATCHING) (void)guarded(session, watch_all, &ended);
  if (ended > 0) session->asked_all = 0;
  ap_watch_tell(&session->watch, tell, context);
}

double ap_session_timeout(ap_session *session) {
  long milliseconds = -1;
  double seconds, left;
  if (session->running == 0) return -1;
  (void)curl_multi_timeout(session->multi, &milliseconds);
  seconds = milliseconds < 0 ? ask_all_after : (double)milliseconds / 1000;
  left = session->way != WATCHING ? ask_all_after
    : session->asked_all + ask_all_after - ap_clock_monotonic();
  if (left < seconds) seconds = left;
  return seconds > 0 ? seconds : 0;
}
