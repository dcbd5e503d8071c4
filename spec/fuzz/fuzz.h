/* SPDX-License-Identifier: MIT */
/* Shared by the fuzz targets. */
#ifndef AP_FUZZ_H
#define AP_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Unlike assert(3), always compiled; libFuzzer reports the abort as a crash. */
#define MUST(what) \
  do { \
    if (!(what)) { \
      (void)fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, \
                    #what); \
      abort(); \
    } \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
