/* SPDX-License-Identifier: MIT */
/* Runs a script once for each of its allocations and makes that allocation fail:
** in Lua, the core, libcurl, OpenSSL, or the kernel (epoll). Each run must end
** with the correct result, a returned failure or Lua's "not enough memory", and
** must free all memory.
** usage: alloc_failure [--spare-libcurl] script.lua argument ...
**
** libcurl 7.88 frees a name twice when an allocation fails while it stores a
** TLS session (Curl_ssl_addsessionid). Over TLS, --spare-libcurl therefore
** does not fail libcurl's allocations; over plain http they fail, too.
**
** The linker (--wrap) intercepts the core's allocations; hooks of libcurl and
** OpenSSL intercept theirs. OpenSSL never frees its caches, so its blocks
** are not counted; valgrind checks them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <openssl/crypto.h>
#include <sys/epoll.h>

int luaopen_adobepass_core(lua_State *L);

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
int __real_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int operation, int fd,
                     struct epoll_event *event);

static unsigned long seen, victim;
static int armed, spare_libcurl;
static long balance;

static int must_fail(void) {
  return armed && ++seen == victim;
}

static void *counted(void *block) {
  if (block != NULL) balance++;
  return block;
}

void *__wrap_malloc(size_t size) {
  return must_fail() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return must_fail() ? NULL : counted(__real_calloc(count, size));
}

void __wrap_free(void *block) {
  if (block != NULL) balance--;
  __real_free(block);
}

/* EPOLL_CTL_DEL never fails. */
int __wrap_epoll_create1(int flags) {
  return must_fail() ? -1 : __real_epoll_create1(flags);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd,
                     struct epoll_event *event) {
  return operation != EPOLL_CTL_DEL && must_fail()
           ? -1
           : __real_epoll_ctl(epoll, operation, fd, event);
}

static int must_fail_curl(void) {
  return !spare_libcurl && must_fail();
}

static void *curl_malloc_hook(size_t size) {
  return must_fail_curl() ? NULL : counted(__real_malloc(size));
}

static void *curl_calloc_hook(size_t count, size_t size) {
  return must_fail_curl() ? NULL : counted(__real_calloc(count, size));
}

static void *curl_realloc_hook(void *block, size_t size) {
  if (block == NULL) return curl_malloc_hook(size);
  return must_fail_curl() ? NULL : realloc(block, size);
}

static char *curl_strdup_hook(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = curl_malloc_hook(size);
  return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void *openssl_malloc(size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  return must_fail() ? NULL : __real_malloc(size);
}

static void *openssl_realloc(void *block, size_t size, const char *file,
                             int line) {
  (void)file;
  (void)line;
  return must_fail() ? NULL : realloc(block, size);
}

static void openssl_free(void *block, const char *file, int line) {
  (void)file;
  (void)line;
  __real_free(block);
}

static void *lua_hook(void *context, void *block, size_t old, size_t size) {
  (void)context;
  if (size == 0) {
    __wrap_free(block);
    return NULL;
  }
  /* The manual of lua_Alloc requires that shrinking never fails. */
  if ((block == NULL || size > old) && must_fail()) return NULL;
  if (block == NULL) return counted(__real_malloc(size));
  return realloc(block, size);
}

static int run_script(lua_State *L) {
  char **argv = lua_touserdata(L, 1);
  int count = 0;
  luaL_requiref(L, "adobepass.core", luaopen_adobepass_core, 0);
  lua_settop(L, 1);
  if (luaL_loadfile(L, argv[1]) != LUA_OK) return lua_error(L);
  for (count = 0; argv[2 + count] != NULL; count++)
    lua_pushstring(L, argv[2 + count]);
  lua_call(L, count, 0);
  return 0;
}

/* Returns 1 for success, 0 for an accepted failure, -1 for anything else. */
static int check_outcome(lua_State *L, int status) {
  const char *message = status == LUA_OK ? "" : lua_tostring(L, -1);
  if (status == LUA_OK) return 1;
  if (status == LUA_ERRMEM) return 0;
  if (message != NULL && (strstr(message, "memory") != NULL ||
                          strncmp(message, "returned ", 9) == 0))
    return 0;
  fprintf(stderr, "allocation %lu: %s\n", victim,
          message != NULL ? message : "(no message)");
  return -1;
}

static int attempt(char **argv) {
  long before = balance;
  int outcome;
  lua_State *L = lua_newstate(lua_hook, NULL);
  if (L == NULL) return -1;
  luaL_openlibs(L);
  lua_pushcfunction(L, run_script);
  lua_pushlightuserdata(L, argv);
  seen = 0;
  armed = 1;
  outcome = check_outcome(L, lua_pcall(L, 1, 0, 0));
  armed = 0;
  lua_close(L);
  if (balance == before) return outcome;
  fprintf(stderr, "allocation %lu: %ld blocks left\n", victim,
          balance - before);
  return -1;
}

/* A run may succeed although an allocation failed (a cache stays empty). The
** loop ends when a run has no allocation left to fail. */
static int fail_each(char **argv) {
  unsigned long refused = 0;
  int outcome;
  for (victim = 1;; victim++) {
    outcome = attempt(argv);
    if (outcome < 0) return 1;
    if (seen < victim) break;
    refused += outcome == 0;
  }
  printf("%lu allocations failed in turn, %lu of them ended the run: "
         "no crash, no leak\n",
         victim - 1, refused);
  return outcome == 1 ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--spare-libcurl") == 0) {
    spare_libcurl = 1;
    argc--;
    argv++;
  }
  if (argc < 2) return 2;
  if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
                               openssl_free) != 1)
    return 2;
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc_hook, __wrap_free,
                           curl_realloc_hook, curl_strdup_hook,
                           curl_calloc_hook) != CURLE_OK)
    return 2;
  victim = 0;
  if (attempt(argv) != 1) return 1; /* fills OpenSSL's caches */
  return fail_each(argv);
}
