/* SPDX-License-Identifier: MIT */
/* Checks whether a block that the core frees still holds a secret.
** usage: freed [--unwiped] script.lua argument ...
**
** The script receives a function before its arguments. `freed(secret)`
** starts a search for this secret in the blocks that the core frees. It returns
** the two counts of the search that the previous call started: blocks freed,
** and blocks that held that call's secret. --unwiped disables wiping, to prove
** that the check finds a secret.
**
** The linker (--wrap) intercepts the calls of the core, not those of Lua,
** libcurl and OpenSSL. */
#include <malloc.h>
#include <string.h>

#include <lauxlib.h>

#include "script.h"

void *__real_malloc(size_t length);
void __real_free(void *block);
void __real_OPENSSL_cleanse(void *bytes, size_t length);

static char secret[64];
static lua_Integer blocks, unwiped;
static int wiping = 1;

/* Clears the block, which may hold data that Lua or libcurl has freed. */
void *__wrap_malloc(size_t length) {
  void *block = __real_malloc(length);
  if (block != NULL) memset(block, 0, malloc_usable_size(block));
  return block;
}

void __wrap_free(void *block) {
  if (block != NULL && secret[0] != '\0') {
    blocks++;
    unwiped +=
      memmem(block, malloc_usable_size(block), secret, strlen(secret)) != NULL;
  }
  __real_free(block);
}

void __wrap_OPENSSL_cleanse(void *bytes, size_t length) {
  if (wiping) __real_OPENSSL_cleanse(bytes, length);
}

static int freed(lua_State *L) {
  const char *next = luaL_checkstring(L, 1);
  luaL_argcheck(L, strlen(next) < sizeof secret, 1, "too long");
  lua_pushinteger(L, blocks);
  lua_pushinteger(L, unwiped);
  memcpy(secret, next, strlen(next) + 1);
  blocks = unwiped = 0;
  return 2;
}

int main(int argc, char **argv) {
  wiping = argc < 2 || strcmp(argv[1], "--unwiped") != 0;
  return script_run(argv + (wiping ? 1 : 2), freed);
}
