/* SPDX-License-Identifier: MIT */
/* Runs a script on a machine where DNS lookups never end.
** usage: stuck script.lua argument ...
**
** The script receives a function before its arguments: `waiting()` waits for a
** lookup and returns the number of waiting lookups. */
#include <netdb.h>
#include <pthread.h>
#include <unistd.h>

#include <lauxlib.h>

#include "script.h"

#define SEEN __attribute__((visibility("default")))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static lua_Integer count;

SEEN int getaddrinfo(const char *name, const char *service,
                     const struct addrinfo *hints, struct addrinfo **found) {
  (void)name;
  (void)service;
  (void)hints;
  (void)found;
  (void)pthread_mutex_lock(&mutex);
  count++;
  (void)pthread_cond_signal(&more);
  (void)pthread_mutex_unlock(&mutex);
  for (;;) (void)pause();
}

static int waiting(lua_State *L) {
  (void)pthread_mutex_lock(&mutex);
  while (count == 0) (void)pthread_cond_wait(&more, &mutex);
  lua_pushinteger(L, count);
  (void)pthread_mutex_unlock(&mutex);
  return 1;
}

int main(int argc, char **argv) {
  return argc < 1 ? 2 : script_run(argv + 1, waiting);
}
