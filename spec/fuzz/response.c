/* SPDX-License-Identifier: MIT */
/* A local server sends arbitrary bytes as a response. The transfer ends with a
** response within its size limits, or with a failure that has a code. */
#include "fuzz.h"

#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/header_field.h"
#include "http/transport.h"

enum { MOST_BODY = 4096, MOST_HEADERS = 8192, MOST_STEPS = 100000 };

static int listener = -1;
static char url[64];
static ap_transport *transport;

int LLVMFuzzerInitialize(int *count, char ***arguments);

static void open_listener(void) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  MUST(listener >= 0);
  MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
  MUST(listen(listener, 8) == 0);
  MUST(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/",
                 (unsigned)ntohs(address.sin_port));
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
  ap_transport_options options;
  (void)count;
  (void)arguments;
  memset(&options, 0, sizeof options);
  options.timeout = options.connect_timeout = 5;
  options.max_body = MOST_BODY;
  options.max_headers = MOST_HEADERS;
  options.compression = 1;
  MUST(curl_global_init(CURL_GLOBAL_ALL) == 0);
  transport = ap_transport_open(&options, NULL);
  MUST(transport != NULL);
  open_listener();
  return 0;
}

typedef struct {
  int fd;
  const uint8_t *data;
  size_t left;
} server;

/* Sends all bytes, then shuts down its side of the connection. */
static void serve(server *s) {
  ssize_t sent;
  if (s->fd < 0) s->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (s->fd < 0 || s->data == NULL) return;
  sent = send(s->fd, s->data, s->left, MSG_NOSIGNAL);
  if (sent > 0) {
    s->data += sent;
    s->left -= (size_t)sent;
  }
  if (s->left > 0) return;
  (void)shutdown(s->fd, SHUT_WR);
  s->data = NULL;
}

static void run(ap_transfer *transfer, server *s) {
  size_t running;
  int steps = 0;
  while (transfer->state == AP_TRANSFER_RUNNING) {
    MUST(steps++ < MOST_STEPS);
    serve(s);
    MUST(ap_transport_step(transport, s->data == NULL ? 0.001 : 0, &running,
                           NULL));
  }
}

static void check_head(const ap_transfer *transfer) {
  const char *at = transfer->head.data, *end;
  ap_header_field header;
  if (at == NULL) return;
  end = at + transfer->head.length;
  MUST(transfer->head.length <= MOST_HEADERS);
  while (ap_header_field_next(&at, end, &header)) {
    MUST(ap_header_field_is_token(header.name, header.name_length));
    MUST(ap_header_field_is_value(header.value, header.value_length));
  }
}

static void check(const ap_transfer *transfer) {
  if (transfer->state == AP_TRANSFER_DONE) {
    MUST(transfer->facts.status >= 100 && transfer->facts.status <= 999);
    MUST(transfer->facts.http_version != NULL);
    MUST(transfer->body.length <= MOST_BODY);
    check_head(transfer);
  } else {
    MUST(transfer->state == AP_TRANSFER_FAILED);
    MUST(transfer->failure.code != NULL);
    MUST(transfer->failure.message[0] != '\0');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ap_request request;
  server s = { -1, NULL, 0 };
  ap_transfer *transfer = ap_transfer_new();
  MUST(transfer != NULL);
  memset(&request, 0, sizeof request);
  request.method = "GET";
  request.url = url;
  request.fresh = 1;
  s.data = size > 0 ? data : (const uint8_t *)"";
  s.left = size;
  MUST(ap_transport_submit(transport, transfer, &request, NULL));
  run(transfer, &s);
  check(transfer);
  ap_transport_cancel(transfer); /* leaves the list of ended ones */
  ap_transfer_free(transfer);
  if (s.fd >= 0) (void)close(s.fd);
  return 0;
}
