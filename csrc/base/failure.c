/* SPDX-License-Identifier: MIT */
#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int ap_failure_set(ap_failure *failure, const char *code, const char *format,
                   ...) {
  va_list arguments;
  if (failure == NULL) return 0;
  failure->code = code;
  va_start(arguments, format);
  (void)vsnprintf(failure->message, sizeof failure->message, format,
                  arguments);
  va_end(arguments);
  return 0;
}

int ap_failure_no_memory(ap_failure *failure) {
  return ap_failure_set(failure, "out_of_memory",
                        "There is not enough memory.");
}
