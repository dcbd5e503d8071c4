/* SPDX-License-Identifier: MIT */
/* plain FOLDER: reads lines "job count argument" and prints the seconds that
** each job took. Started by compare.lua. */
#include "plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

typedef struct {
  const char *name;
  double (*run)(long count, const char *argument);
} job;

static double end(long count, const char *argument) {
  (void)count;
  (void)argument;
  plain_http_end();
  return 0;
}

static const job jobs[] = {
  { "easy", plain_easy },         { "batch", plain_batch },
  { "profiles", plain_profiles }, { "devices", plain_devices },
  { "idle", plain_idle },         { "end", end },
};

double plain_now(void) {
  struct timespec at;
  (void)clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void plain_die(const char *what) {
  (void)fprintf(stderr, "plain: %s\n", what);
  exit(EXIT_FAILURE);
}

static double run(const char *name, long count, const char *argument) {
  size_t i;
  for (i = 0; i < sizeof jobs / sizeof *jobs; i++)
    if (strcmp(jobs[i].name, name) == 0) return jobs[i].run(count, argument);
  plain_die("unknown job");
  return 0;
}

int main(int count, char **arguments) {
  char line[256], name[16], argument[200], ca_file[512];
  char headers_file[512];
  long turns;
  if (count != 2) plain_die("usage: plain FOLDER");
  (void)snprintf(ca_file, sizeof ca_file, "%s/server-ca.pem", arguments[1]);
  (void)snprintf(headers_file, sizeof headers_file, "%s/headers",
                 arguments[1]);
  plain_http_start(ca_file, headers_file);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%15s %ld %199s", name, &turns, argument) != 3)
      plain_die("invalid line: expected job count argument");
    (void)printf("%.9f\n", run(name, turns, argument));
    (void)fflush(stdout);
  }
  return 0;
}
