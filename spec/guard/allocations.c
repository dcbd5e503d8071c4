/* SPDX-License-Identifier: MIT */
/* Counts the allocations of a process: preloaded, it replaces the C library's
** malloc; loaded as a Lua module, it is a function that returns the count. */
#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

#define AP_EXPORT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static unsigned long allocations;

AP_EXPORT void *malloc(size_t size);
AP_EXPORT void *calloc(size_t count, size_t size);
AP_EXPORT void *realloc(void *block, size_t size);
AP_EXPORT int luaopen_allocations(lua_State *L);

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  allocations++;
  return __libc_realloc(block, size);
}

static int count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)allocations);
  return 1;
}

int luaopen_allocations(lua_State *L) {
  lua_pushcfunction(L, count);
  return 1;
}
