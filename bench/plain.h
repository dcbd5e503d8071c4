/* SPDX-License-Identifier: MIT */
/* The jobs of core.lua in plain C. Each job does `count` turns and returns the
** seconds it took. */
#ifndef AP_BENCH_PLAIN_H
#define AP_BENCH_PLAIN_H

double plain_now(void);
/* Prints what failed and exits with status 1. */
void plain_die(const char *what);

void plain_http_start(const char *ca_file, const char *headers_file);
void plain_http_end(void);
/* Sequential requests. */
double plain_easy(long count, const char *url);
/* Batches of 256 concurrent requests. */
double plain_batch(long count, const char *url);
/* As plain_easy and plain_batch, with the headers that client.lua wrote to a file. */
double plain_profiles(long count, const char *url);
double plain_devices(long count, const char *url);
/* curl_multi_perform while 8 requests wait for a response. */
double plain_idle(long count, const char *url);

#endif
