/* SPDX-License-Identifier: MIT */
/* One HTTP request and its result. */
#ifndef AP_HTTP_TRANSFER_H
#define AP_HTTP_TRANSFER_H

#include <stddef.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "http/header_list.h"
#include "http/transport_options.h"
#include "http/url.h"

typedef enum {
  AP_TRANSFER_NEW,
  AP_TRANSFER_RUNNING,
  AP_TRANSFER_DONE,
  AP_TRANSFER_FAILED
} ap_transfer_state;

typedef struct {
  const char *method, *url;
  const char *body; /* NULL: none */
  size_t body_length;
  double timeout, connect_timeout; /* seconds; 0: the transport's */
  size_t max_body;                 /* 0: the transport's */
  int fresh; /* on a new connection; libcurl never repeats it */
} ap_request;

typedef struct {
  long status;
  const char *http_version;
  int reused; /* the connection existed before */
  double name, connect, tls, first_byte, total; /* seconds */
} ap_transfer_info;

struct ap_transport;

typedef struct ap_transfer {
  struct ap_transport *transport; /* while it runs */
  struct ap_transport *ended_in;  /* while it is in the list of ended ones */
  struct ap_transfer *previous, *next, *next_ended;
  size_t *received; /* counter of received parts, or NULL */
  CURLcode outcome; /* from CURLMSG_DONE */
  CURL *easy;       /* while it runs */
  ap_url *url;
  ap_header_list headers; /* the request's; the binding fills it */
  char *request_body;
  size_t request_body_length;
  int may_resolve;                 /* libcurl may start a resolver thread */
  double timeout, connect_timeout; /* seconds from `started` */
  double started; /* by the monotonic clock; 0 before the first step */
  ap_transfer_state state;
  ap_buffer head, body;
  size_t skipped; /* bytes of header lines that are not in `head` */
  int head_complete, too_large, no_memory, guards_fold;
  int status; /* of the last status line; 0: malformed */
  ap_transfer_info facts;
  ap_failure
    failure; /* ap_transfer_new does not clear this and what follows */
  char detail[CURL_ERROR_SIZE];
} ap_transfer;

ap_transfer *ap_transfer_new(void);
/* The transfer must not be running: call ap_transport_cancel first. */
void ap_transfer_free(ap_transfer *transfer);

/* Sets the callbacks, once per easy handle. `guards_fold`: see easy_pool.c. */
CURLcode ap_transfer_set_callbacks(CURL *easy, int guards_fold);
/* Completes the headers and sets all options of the request on transfer->easy,
** overwriting those of a previous request. */
int ap_transfer_prepare(ap_transfer *transfer,
                        const ap_transport_settings *settings,
                        const ap_request *request, ap_failure *failure);
/* Returns whether a connection was found and the request sent, apart from its body. */
int ap_transfer_is_sent(const ap_transfer *transfer);
/* Sets the result from the easy handle: state, facts, failure. */
void ap_transfer_finish(ap_transfer *transfer, CURLcode code);
/* Sets the failure of a transfer that libcurl has not completed. */
void ap_transfer_abandon(ap_transfer *transfer, const char *code,
                         const char *sentence);
/* Wipes the request. Returns the easy handle, without pointers into the transfer
** that libcurl may use before the next request. */
CURL *ap_transfer_detach(ap_transfer *transfer);

#endif
