/* SPDX-License-Identifier: MIT */
/* The record of a failure: a stable code and a message. */
#ifndef AP_BASE_FAILURE_H
#define AP_BASE_FAILURE_H

#define AP_MESSAGE_SIZE 384

typedef struct {
  const char *code; /* a string constant, e.g. "timeout" */
  char message[AP_MESSAGE_SIZE];
} ap_failure;

/* Sets `failure` (NULL is allowed) and returns 0, so that a function can end
** with `return ap_failure_set(...)`. The message must hold no secret. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int ap_failure_set(ap_failure *failure, const char *code, const char *format, ...);

/* Sets the code "out_of_memory" and returns 0. */
int ap_failure_no_memory(ap_failure *failure);

#endif
