/* SPDX-License-Identifier: MIT */
#define CURL_DISABLE_DEPRECATION /* curl_multi_socket_all, in watch_all */
#include "http/transport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/easy_pool.h"
#include "base/handle_count.h"
#include "http/curl_error.h"
#include "base/signal_guard.h"
#include "http/poller.h"

/* Connections kept open for reuse. libcurl's default of four per running
** transfer would close most of them after many transfers at once. */
enum { MOST_IDLE_CONNECTIONS = 256 };

/* curl_multi_perform is faster while transfers end often, because it needs no
** epoll_ctl. After MOST_IDLE_CALLS calls that end no transfer, the transport polls
** the sockets until no transfer runs: waiting transfers then add no cost. */
enum { MOST_IDLE_CALLS = 16 };

/* The maximum number of ready sockets handled before ended transfers are
** collected. */
enum { MOST_READY = 64 };

struct ap_transport {
  CURLM *multi;
  int is_watching;   /* libcurl has reported all sockets to `poller` */
  int has_host;      /* an event loop polls `poller`, so is_watching stays */
  size_t idle_calls; /* of curl_multi_perform, in a row */
  ap_poller poller;
  ap_poller_event ready[MOST_READY];
  size_t ready_count;
  double asked_all; /* time of the last watch_all, monotonic seconds */
  int may_hold;     /* libcurl may hold data since then, see ask_all_after */
  size_t received;  /* header lines and parts of bodies */
  int is_step_due;  /* transfers ended in ap_transport_sockets */
  ap_transport_settings settings;
  ap_transfer *first;        /* of those that run */
  ap_transfer *ended;        /* of those that ended and were not returned */
  size_t running, resolving; /* all, and those that may look up a name */
  double next_limit;         /* none of those that run has an earlier limit */
  int raises_pipe;
  ap_url *last_url; /* of the last request, or NULL */
  ap_easy_pool easy_pool;
};

static long most_idle(const ap_transport_options *options) {
  return options->max_connections > MOST_IDLE_CONNECTIONS
           ? options->max_connections
           : MOST_IDLE_CONNECTIONS;
}

static CURLMcode set_limits(CURLM *multi,
                            const ap_transport_options *options) {
  CURLMcode code =
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             options->max_connections);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                             options->max_host_connections);
  if (code == CURLM_OK)
    code = curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most_idle(options));
  return code;
}

static ap_transport *allocate(const ap_transport_options *options,
                              ap_failure *failure) {
  ap_transport *transport = calloc(1, sizeof *transport);
  if (transport == NULL) {
    (void)ap_failure_no_memory(failure);
    return NULL;
  }
  if (!ap_poller_open(&transport->poller))
    (void)ap_failure_set(
      failure, "transfer_failed",
      "The poller needs a file descriptor, and none is left.");
  else if (ap_transport_settings_open(&transport->settings, options, failure))
    return transport;
  ap_poller_close(&transport->poller);
  free(transport);
  return NULL;
}

/* Socket callback (CURLMOPT_SOCKETFUNCTION). curl_multi_assign marks the
** sockets that the poller knows. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                        void *known) {
  ap_transport *transport = context;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    ap_poller_remove(&transport->poller, fd);
    return 0;
  }
  if (!ap_poller_set(&transport->poller, fd,
                     ((what & CURL_POLL_IN) != 0 ? AP_POLLER_READ : 0) |
                       ((what & CURL_POLL_OUT) != 0 ? AP_POLLER_WRITE : 0),
                     known != NULL))
    return -1;
  (void)curl_multi_assign(transport->multi, fd, transport);
  return 0;
}

static CURLMcode listen_to(ap_transport *transport) {
  CURLMcode code =
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
  if (code != CURLM_OK) return code;
  return curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION,
                           watch_socket);
}

/* Since 7.87 libcurl writes TLS data of OpenSSL itself, with MSG_NOSIGNAL.
** Before, OpenSSL wrote to the socket, which can raise SIGPIPE. */
static int may_raise_pipe(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  return info->version_num < 0x075700 || info->ssl_version == NULL ||
         strncmp(info->ssl_version, "OpenSSL/", 8) != 0;
}

ap_transport *ap_transport_open(const ap_transport_options *options,
                                ap_failure *failure) {
  ap_transport *transport = allocate(options, failure);
  if (transport == NULL) return NULL;
  ap_handle_count_add(AP_HANDLE_TRANSPORT, 1);
  transport->raises_pipe = may_raise_pipe();
  transport->next_limit = HUGE_VAL;
  ap_easy_pool_open(&transport->easy_pool, &transport->settings);
  transport->multi = curl_multi_init();
  if (transport->multi != NULL &&
      set_limits(transport->multi, options) == CURLM_OK &&
      listen_to(transport) == CURLM_OK)
    return transport;
  (void)ap_failure_no_memory(failure);
  ap_transport_close(transport);
  return NULL;
}

ap_transport_settings *ap_transport_get_settings(ap_transport *transport) {
  return &transport->settings;
}

static void put(ap_transfer **list, ap_transfer *transfer) {
  transfer->next = *list;
  if (*list != NULL) (*list)->previous = transfer;
  *list = transfer;
}

static void take(ap_transfer **list, ap_transfer *transfer) {
  if (transfer->previous != NULL) transfer->previous->next = transfer->next;
  else *list = transfer->next;
  if (transfer->next != NULL) transfer->next->previous = transfer->previous;
  transfer->previous = transfer->next = NULL;
}

static void link_in(ap_transport *transport, ap_transfer *transfer) {
  transfer->transport = transport;
  transfer->state = AP_TRANSFER_RUNNING;
  put(&transport->first, transfer);
  transport->running++;
  if (transfer->may_resolve) transport->resolving++;
}

static void link_out(ap_transport *transport, ap_transfer *transfer) {
  take(&transport->first, transfer);
  transfer->transport = NULL;
  transport->running--;
  if (transport->running == 0) {
    transport->is_watching = transport->has_host;
    transport->idle_calls = 0;
  }
  if (transfer->may_resolve) transport->resolving--;
}

static void forget_ended(ap_transfer *transfer) {
  if (transfer->ended_in == NULL) return;
  take(&transfer->ended_in->ended, transfer);
  transfer->ended_in = NULL;
}

static void release(ap_transport *transport, ap_transfer *transfer) {
  link_out(transport, transfer);
  ap_easy_pool_keep(&transport->easy_pool, ap_transfer_detach(transfer));
}

static void drop(ap_transfer *transfer, const char *code,
                 const char *sentence) {
  ap_transport *transport = transfer->transport;
  ap_signal_guard saved;
  ap_signal_guard_hold(&saved); /* closing a TLS connection writes to it */
  (void)curl_multi_remove_handle(transport->multi, transfer->easy);
  ap_signal_guard_release(&saved);
  ap_transfer_abandon(transfer, code, sentence);
  release(transport, transfer);
}

void ap_transport_cancel(ap_transfer *transfer) {
  if (transfer == NULL) return;
  forget_ended(transfer);
  if (transfer->transport != NULL)
    drop(transfer, "cancelled", "The request was cancelled.");
}

static void destroy(ap_transport *transport) {
  ap_signal_guard saved;
  ap_signal_guard_hold(&saved);
  ap_easy_pool_close(&transport->easy_pool);
  (void)curl_multi_cleanup(transport->multi);
  ap_signal_guard_release(&saved);
  ap_poller_close(&transport->poller);
}

void ap_transport_close(ap_transport *transport) {
  if (transport == NULL) return;
  while (transport->first != NULL)
    drop(transport->first, "closed",
         "The transport was closed before the response arrived.");
  while (transport->ended != NULL) forget_ended(transport->ended);
  destroy(transport);
  ap_url_drop(transport->last_url);
  ap_transport_settings_close(&transport->settings);
  free(transport);
  ap_handle_count_add(AP_HANDLE_TRANSPORT, -1);
}

/* Refuses plain http through a proxy, which would see credentials: in headers,
** and in the bodies of registrations and of token requests. */
static int check_proxy(const ap_transport *transport, const ap_url *url,
                       ap_failure *failure) {
  if (url->kind != AP_URL_PLAIN ||
      transport->settings.options.texts[AP_TEXT_PROXY] == NULL)
    return 1;
  return ap_failure_set(
    failure, "insecure_url",
    "Plain http is not sent through a proxy: use https, or no proxy.");
}

static int start(ap_transport *transport, ap_transfer *transfer,
                 ap_failure *failure) {
  CURLMcode code = curl_multi_add_handle(transport->multi, transfer->easy);
  if (code == CURLM_OK) {
    link_in(transport, transfer);
    return 1;
  }
  return ap_failure_set(
    failure, code == CURLM_OUT_OF_MEMORY ? "out_of_memory" : "transfer_failed",
    "The request could not be started: %s.", curl_multi_strerror(code));
}

/* Keeps the last URL: parsing takes a tenth of the CPU time of a short request,
** and consecutive requests often have the same URL. */
static ap_url *open_url(ap_transport *transport, const char *text,
                        ap_failure *failure) {
  ap_url *url = transport->last_url;
  if (url == NULL || strcmp(url->text, text) != 0) {
    url = ap_url_open(text, transport->settings.plain_hosts, failure);
    if (url == NULL) return NULL;
    ap_url_drop(transport->last_url);
    transport->last_url = url;
  }
  return ap_url_use(url);
}

int ap_transport_submit(ap_transport *transport, ap_transfer *transfer,
                        const ap_request *request, ap_failure *failure) {
  ap_transport_settings *settings = &transport->settings;
  transfer->url = open_url(transport, request->url, failure);
  if (transfer->url == NULL || !check_proxy(transport, transfer->url, failure))
    return 0;
  transfer->may_resolve =
    transfer->url->has_name || settings->options.texts[AP_TEXT_PROXY] != NULL;
  transfer->easy =
    ap_easy_pool_take(&transport->easy_pool, request->fresh, failure);
  if (transfer->easy == NULL) return 0;
  transfer->received = &transport->received;
  if (ap_transfer_prepare(transfer, settings, request, failure) &&
      start(transport, transfer, failure))
    return 1;
  ap_easy_pool_keep(&transport->easy_pool, ap_transfer_detach(transfer));
  return 0;
}

/* Returns the list of ended transfers. All messages are read before any handle
** is removed, because curl_multi_remove_handle searches the unread messages. */
static ap_transfer *read_messages(ap_transport *transport) {
  ap_transfer *first = NULL, **last = &first;
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(transport->multi, &left)) != NULL) {
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

static void list_ended(ap_transport *transport, ap_transfer *transfer) {
  put(&transport->ended, transfer);
  transfer->ended_in = transport;
}

static size_t collect(ap_transport *transport) {
  ap_transfer *transfer = read_messages(transport), *next;
  size_t ended = 0;
  for (; transfer != NULL; transfer = next, ended++) {
    next = transfer->next_ended;
    (void)curl_multi_remove_handle(transport->multi, transfer->easy);
    ap_transfer_finish(transfer, transfer->outcome);
    release(transport, transfer);
    list_ended(transport, transfer);
  }
  return ended;
}

/* libcurl applies no timeout to a transfer that waits for a connection: one that
** another transfer opens, or a free one of max_connections (curl/curl#13227). The
** transport ends it, a little later than libcurl would. */
static const double after_libcurl = 0.05;

/* A transfer may wait longer than connect_timeout for a free connection. */
static double limit_of(const ap_transport *transport,
                       const ap_transfer *transfer, int is_sent) {
  const ap_transport_options *options = &transport->settings.options;
  double seconds = transfer->timeout;
  if (!is_sent && transfer->connect_timeout < seconds &&
      options->max_connections == 0 && options->max_host_connections == 0)
    seconds = transfer->connect_timeout;
  return transfer->started + seconds + after_libcurl;
}

static void expect_limit(ap_transport *transport, double limit) {
  if (limit < transport->next_limit) transport->next_limit = limit;
}

/* As in libcurl, the time of a transfer begins with the first step after its submit.
** New transfers are the first in the list. */
static void start_clocks(ap_transport *transport) {
  ap_transfer *transfer = transport->first;
  double now;
  if (transfer == NULL || transfer->started > 0) return;
  now = ap_clock_monotonic();
  for (; transfer != NULL && transfer->started <= 0;
       transfer = transfer->next) {
    transfer->started = now;
    expect_limit(transport, limit_of(transport, transfer, 0));
  }
}

static size_t end_late(ap_transport *transport) {
  double now = ap_clock_monotonic();
  ap_transfer *transfer = transport->first, *next;
  size_t ended = 0;
  if (now < transport->next_limit) return 0;
  transport->next_limit = HUGE_VAL;
  for (; transfer != NULL; transfer = next) {
    double limit =
      limit_of(transport, transfer, ap_transfer_is_sent(transfer));
    next = transfer->next;
    if (limit > now) {
      expect_limit(transport, limit);
      continue;
    }
    drop(transfer, "timeout",
         "The server did not respond in time: the request waited for a "
         "connection.");
    list_ended(transport, transfer);
    ended++;
  }
  return ended;
}

ap_transfer *ap_transport_next_ended(ap_transport *transport) {
  ap_transfer *transfer = transport->ended;
  if (transfer != NULL) forget_ended(transfer);
  return transfer;
}

static CURLMcode act(ap_transport *transport, curl_socket_t fd, int events) {
  int running;
  return curl_multi_socket_action(transport->multi, fd, events, &running);
}

/* Continues the transfers that are new or whose timer has expired. */
static CURLMcode move_due(ap_transport *transport) {
  long milliseconds = -1;
  CURLMcode code = curl_multi_timeout(transport->multi, &milliseconds);
  if (code != CURLM_OK || milliseconds != 0) return code;
  return act(transport, CURL_SOCKET_TIMEOUT, 0);
}

/* Seconds between two calls of curl_multi_socket_all, which continues all
** transfers. libcurl 7.88 may hold a part of an HTTP/2 response that it has read,
** and delivers it only when called again, although no socket becomes ready. So the
** interval is short after a socket was ready, until nothing more arrives.
** Otherwise it is long, because a call takes 1 to 2 us for each transfer. */
static const double ask_all_after = 0.05, ask_idle_after = 1;

static double ask_interval(const ap_transport *transport) {
  return transport->may_hold || !transport->is_watching ? ask_all_after
                                                        : ask_idle_after;
}

static CURLMcode watch_all(ap_transport *transport) {
  int running;
  size_t before = transport->received;
  CURLMcode code;
  transport->is_watching = 1;
  transport->asked_all = ap_clock_monotonic();
  code = curl_multi_socket_all(transport->multi, &running);
  transport->may_hold =
    transport->settings.options.http2 && transport->received != before;
  return code;
}

static int must_ask_all(const ap_transport *transport) {
  return ap_clock_monotonic() - transport->asked_all >=
         ask_interval(transport);
}

/* Continues the transfers whose socket is ready. Continues all when that is due, also
** while a socket is ready in each step. */
static CURLMcode move_ready(ap_transport *transport) {
  CURLMcode code = CURLM_OK;
  size_t i;
  transport->may_hold = transport->settings.options.http2;
  for (i = 0; code == CURLM_OK && i < transport->ready_count; i++)
    code = act(transport, transport->ready[i].fd, transport->ready[i].events);
  transport->ready_count = 0;
  return code == CURLM_OK && must_ask_all(transport) ? watch_all(transport)
                                                     : code;
}

static CURLMcode perform(ap_transport *transport) {
  int running;
  return curl_multi_perform(transport->multi, &running);
}

/* Calls `action`, then collects ended transfers; stores their number. Signals
** are blocked if libcurl may raise SIGPIPE, or start a resolver thread, which
** inherits the signal mask. */
static CURLMcode guarded(ap_transport *transport,
                         CURLMcode (*action)(ap_transport *), size_t *ended) {
  int holds = transport->resolving > 0 || transport->raises_pipe;
  ap_signal_guard saved;
  CURLMcode code;
  start_clocks(transport);
  if (holds) ap_signal_guard_hold(&saved);
  code = action(transport);
  *ended = code == CURLM_OK ? collect(transport) + end_late(transport) : 0;
  if (holds) ap_signal_guard_release(&saved);
  return code;
}

static double smaller(double a, double b) {
  return a < b ? a : b;
}

/* Seconds until end_late has to be called. */
static double until_limit(const ap_transport *transport) {
  double left = transport->next_limit - ap_clock_monotonic();
  return left > 0 ? left : 0;
}

/* Milliseconds to wait: at least 1, at most ask_interval; 0 for 0. */
static int milliseconds_of(const ap_transport *transport, double seconds) {
  double most = smaller(ask_interval(transport), until_limit(transport));
  return seconds > 0 ? (int)(smaller(seconds, most) * 1000) + 1 : 0;
}

static void wait_for_sockets(ap_transport *transport, double seconds) {
  int most = milliseconds_of(transport, seconds);
  long wanted = -1;
  (void)curl_multi_timeout(transport->multi, &wanted);
  if (wanted >= 0 && wanted < most) most = (int)wanted;
  transport->ready_count =
    ap_poller_wait(&transport->poller, most, transport->ready, MOST_READY);
}

static CURLMcode move_watched(ap_transport *transport, double seconds,
                              size_t *ended) {
  CURLMcode code = guarded(transport, move_due, ended);
  if (code != CURLM_OK || *ended > 0) return code;
  wait_for_sockets(transport, seconds);
  if (transport->ready_count == 0 && !must_ask_all(transport)) return CURLM_OK;
  return guarded(transport, move_ready, ended);
}

static CURLMcode perform_or_wait(ap_transport *transport, double seconds,
                                 size_t *ended) {
  CURLMcode code = guarded(transport, perform, ended);
  transport->idle_calls = *ended > 0 ? 0 : transport->idle_calls + 1;
  if (code != CURLM_OK || *ended > 0 || seconds <= 0 ||
      transport->idle_calls >= MOST_IDLE_CALLS)
    return code;
  return curl_multi_poll(transport->multi, NULL, 0,
                         milliseconds_of(transport, seconds), NULL);
}

static CURLMcode move(ap_transport *transport, double seconds, size_t *ended) {
  *ended = 0;
  if (transport->running == 0) return CURLM_OK;
  if (transport->is_watching) return move_watched(transport, seconds, ended);
  if (transport->idle_calls >= MOST_IDLE_CALLS)
    return guarded(transport, watch_all, ended);
  return perform_or_wait(transport, seconds, ended);
}

int ap_transport_step(ap_transport *transport, double seconds, size_t *running,
                      ap_failure *failure) {
  double deadline = seconds > 0 ? ap_clock_monotonic() + seconds : 0;
  double left = seconds;
  size_t ended = 0;
  CURLMcode code;
  transport->is_step_due = 0;
  do {
    code = move(transport, left, &ended);
    left = seconds > 0 ? deadline - ap_clock_monotonic() : 0;
  } while (code == CURLM_OK && ended == 0 && transport->running > 0 &&
           left > 0);
  *running = transport->running;
  if (code == CURLM_OK) return 1;
  return ap_failure_set(
    failure, code == CURLM_OUT_OF_MEMORY ? "out_of_memory" : "transfer_failed",
    "The requests could not continue: %s.", curl_multi_strerror(code));
}

/* Watches all sockets before it reports them. If a transfer ends meanwhile,
** ap_transport_timeout returns 0 until the next step. */
void ap_transport_sockets(ap_transport *transport, ap_poller_callback callback,
                          void *context) {
  size_t ended = 0;
  transport->has_host = 1;
  if (transport->running == 0) return;
  if (!transport->is_watching) (void)guarded(transport, watch_all, &ended);
  if (ended > 0) transport->is_step_due = 1;
  ap_poller_descriptors(&transport->poller, callback, context);
}

double ap_transport_timeout(ap_transport *transport) {
  long milliseconds = -1;
  double seconds, left;
  if (transport->is_step_due) return 0;
  if (transport->running == 0) return -1;
  (void)curl_multi_timeout(transport->multi, &milliseconds);
  left = ask_interval(transport);
  seconds = milliseconds < 0 ? left : (double)milliseconds / 1000;
  if (transport->is_watching)
    left += transport->asked_all - ap_clock_monotonic();
  seconds = smaller(smaller(seconds, left), until_limit(transport));
  return seconds > 0 ? seconds : 0;
}
