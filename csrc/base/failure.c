/* SPDX-License-Identifier: MIT */
#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int ap_fail(ap_failure *failure, const char *code, const char *format, ...) {
  va_list arguments;
  if (failure == NULL) return 0;
  failure->code = code;
  va_start(arguments, format);
  (void)vsnprintf(failure->message, sizeof failure->message, format,
                  arguments);
  va_end(arguments);
  return 0;
}

int ap_fail_memory(ap_failure *failure) {
  return ap_fail(failure, "out_of_memory", "There is not enough memory.");
}
