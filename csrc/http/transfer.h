/* SPDX-License-Identifier: MIT */
/* One request and what became of it. */
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
  int fresh; /* on a connection of its own, which is never tried twice */
} ap_request;

typedef struct {
  long status;
  const char *http_version;
  int reused; /* came over a connection that stood already */
  double name, connect, tls, first_byte, total; /* seconds */
} ap_transfer_info;

struct ap_transport;

typedef struct ap_transfer {
  struct ap_transport *transport; /* while it runs */
  struct ap_transfer *previous, *next, *next_ended;
  CURLcode outcome; /* once libcurl has told it */
  CURL *easy;       /* while it runs */
  ap_url *url;
  ap_header_list headers; /* the request's; the binding fills it */
  char *request_body;
  size_t request_body_length;
  int may_resolve; /* libcurl may start a thread to look a name up */
  ap_transfer_state state;
  ap_buffer head, body;
  size_t beside; /* bytes of heads that are not in `head` */
  int head_complete, too_large, no_memory, watches_fold;
  int status; /* of the last line that told one; 0: malformed */
  ap_transfer_info facts;
  ap_failure failure; /* from here on nothing is set before it is needed */
  char detail[CURL_ERROR_SIZE];
} ap_transfer;

ap_transfer *ap_transfer_new(void);
/* The transfer must not be running: its transport cancels it first. */
void ap_transfer_free(ap_transfer *transfer);

/* Sets what each transfer has in common, once in an easy handle's life. */
CURLcode ap_transfer_equip(CURL *easy);
/* Sets all that is this request's own on its easy handle, which has the
** transport's settings, whatever request it carried before. */
int ap_transfer_prepare(ap_transfer *transfer,
                        const ap_transport_settings *settings,
                        const ap_request *request, ap_failure *failure);
/* Takes the outcome out of the easy handle. */
void ap_transfer_finish(ap_transfer *transfer, CURLcode code);
/* Ends a transfer that was not done with a failure of our own. */
void ap_transfer_abandon(ap_transfer *transfer, const char *code,
                         const char *sentence);
/* Gives the easy handle back, clean, and wipes the request. */
CURL *ap_transfer_detach(ap_transfer *transfer);

#endif
