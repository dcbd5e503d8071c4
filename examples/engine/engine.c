/* SPDX-License-Identifier: MIT */
/* A small game engine: SDL2, and a script in Lua 5.4.
**
**   engine game.lua
**
** Each frame calls the script's global functions `update(seconds)` and `draw()`; a
** key calls `key(name)`, and the end of the script `close()`. The script has the table
** `engine`: `text(string, x, y, size, color)`, `box(x, y, width, height, color)`,
** `press(key)` and `quit()`; a size is 1, 2 or 3, a color 0xRRGGBB. The key R closes
** the Lua state, whatever the script is waiting for, and loads the script again; its
** argument is the number of loads.
**
** ENGINE_UNPACED=1 runs frames without a pause, for the specs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <SDL.h>
#include <SDL_ttf.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum {
  WIDTH = 1280,
  HEIGHT = 720,
  SIZES = 3,
  LABELS = 64,
  LONGEST_TEXT = 400
};
static const int point_sizes[SIZES] = { 20, 30, 84 };
static const double frame_ms = 1000.0 / 60;
static const char *const font_file =
  "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/* A rendered text, which is kept because rendering takes longer than drawing. */
typedef struct {
  char text[LONGEST_TEXT];
  int size, wrap; /* wrap: the width of a line in pixels */
  int width, height;
  SDL_Texture *texture;
} label;

typedef struct {
  SDL_Window *window;
  SDL_Renderer *renderer;
  TTF_Font *fonts[SIZES];
  label labels[LABELS];
  lua_State *L; /* NULL: the script could not be loaded */
  const char *script;
  char
    error[LONGEST_TEXT]; /* shown instead of the script, until R is pressed */
  int is_running, is_unpaced, wants_reload, has_failed;
  unsigned long frames, late_frames, loads;
  double longest_frame, longest_update, longest_close; /* ms */
} engine;

static double milliseconds_since(Uint64 start) {
  return (double)(SDL_GetPerformanceCounter() - start) * 1000 /
         (double)SDL_GetPerformanceFrequency();
}

static void keep_longest(double *longest, double took) {
  if (took > *longest) *longest = took;
}

/* --- drawing -------------------------------------------------------------- */

static void render_label(engine *e, label *l, const char *text, int size,
                         int wrap) {
  SDL_Color white = { 255, 255, 255, 255 };
  SDL_Surface *surface = TTF_RenderUTF8_Blended_Wrapped(
    e->fonts[size], *text ? text : " ", white, (Uint32)wrap);
  if (l->texture != NULL) SDL_DestroyTexture(l->texture);
  l->texture = NULL;
  if (surface == NULL) return;
  l->texture = SDL_CreateTextureFromSurface(e->renderer, surface);
  l->width = surface->w;
  l->height = surface->h;
  l->size = size;
  l->wrap = wrap;
  (void)snprintf(l->text, sizeof l->text, "%s", text);
  SDL_FreeSurface(surface);
}

static label *find_label(engine *e, const char *text, int size, int wrap) {
  unsigned hash = (unsigned)(size + wrap);
  const char *c;
  label *l;
  for (c = text; *c != '\0'; c++) hash = hash * 31 + (unsigned char)*c;
  l = &e->labels[hash % LABELS];
  if (l->texture == NULL || l->size != size || l->wrap != wrap ||
      strcmp(l->text, text) != 0)
    render_label(e, l, text, size, wrap);
  return l;
}

static void draw_text(engine *e, const char *text, int x, int y, int size,
                      unsigned color) {
  char cut[LONGEST_TEXT];
  label *l;
  SDL_Rect to = { x, y, 0, 0 };
  (void)snprintf(cut, sizeof cut, "%s", text);
  l = find_label(e, cut, size, x < WIDTH - 80 ? WIDTH - 40 - x : 40);
  if (l->texture == NULL) return; /* such as a text that is not UTF-8 */
  to.w = l->width;
  to.h = l->height;
  (void)SDL_SetTextureColorMod(l->texture, (Uint8)(color >> 16),
                               (Uint8)(color >> 8), (Uint8)color);
  (void)SDL_RenderCopy(e->renderer, l->texture, NULL, &to);
}

/* --- functions for the script --------------------------------------------- */

static engine *engine_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static int check_int(lua_State *L, int index) {
  return (int)luaL_checknumber(L, index);
}

static int script_text(lua_State *L) {
  int size = check_int(L, 4);
  luaL_argcheck(L, size >= 1 && size <= SIZES, 4, "size is 1, 2 or 3");
  draw_text(engine_of(L), luaL_checkstring(L, 1), check_int(L, 2),
            check_int(L, 3), size - 1, (unsigned)luaL_checkinteger(L, 5));
  return 0;
}

static int script_box(lua_State *L) {
  SDL_Renderer *renderer = engine_of(L)->renderer;
  unsigned color = (unsigned)luaL_checkinteger(L, 5);
  SDL_Rect box = { check_int(L, 1), check_int(L, 2), check_int(L, 3),
                   check_int(L, 4) };
  (void)SDL_SetRenderDrawColor(renderer, (Uint8)(color >> 16),
                               (Uint8)(color >> 8), (Uint8)color, 255);
  (void)SDL_RenderFillRect(renderer, &box);
  return 0;
}

static int script_press(lua_State *L) {
  SDL_Event event;
  memset(&event, 0, sizeof event);
  event.type = SDL_KEYDOWN;
  event.key.keysym.sym = SDL_GetKeyFromName(luaL_checkstring(L, 1));
  (void)SDL_PushEvent(&event);
  return 0;
}

static int script_quit(lua_State *L) {
  engine_of(L)->is_running = 0;
  return 0;
}

static const luaL_Reg functions[] = {
  { "text", script_text }, { "box", script_box }, { "press", script_press },
  { "quit", script_quit }, { NULL, NULL },
};

/* --- the script ----------------------------------------------------------- */

static int add_traceback(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

/* Calls the function below its arguments. An error is shown, and the script is not
** called any more. */
static void call(engine *e, int arguments) {
  int handler = lua_gettop(e->L) - arguments;
  lua_pushcfunction(e->L, add_traceback);
  lua_insert(e->L, handler);
  if (lua_pcall(e->L, arguments, 0, handler) != LUA_OK) {
    const char *message = lua_tostring(e->L, -1);
    (void)fprintf(stderr, "%s\n", message);
    (void)snprintf(e->error, sizeof e->error, "%.*s",
                   (int)strcspn(message, "\n"), message);
    e->has_failed = 1;
    lua_pop(e->L, 1);
  }
  lua_remove(e->L, handler);
}

/* Pushes a global function of the script, if it has one. */
static int get_function(engine *e, const char *name) {
  if (e->L == NULL) return 0;
  if (lua_getglobal(e->L, name) == LUA_TFUNCTION) return 1;
  lua_pop(e->L, 1);
  return 0;
}

/* The same, unless the script has failed. */
static int has_function(engine *e, const char *name) {
  return e->error[0] == '\0' && get_function(e, name);
}

/* The script cancels its task, which releases a lock in the store, also after an error
** of another function. Closing the state runs the finalizers of all objects: adobepass
** cancels its transfers and closes its connections. */
static void close_script(engine *e) {
  Uint64 start = SDL_GetPerformanceCounter();
  if (get_function(e, "close")) call(e, 0);
  if (e->L != NULL) lua_close(e->L);
  e->L = NULL;
  keep_longest(&e->longest_close, milliseconds_since(start));
}

static void load_script(engine *e) {
  e->error[0] = '\0';
  e->loads++;
  e->L = luaL_newstate();
  if (e->L == NULL) return;
  luaL_openlibs(e->L);
  lua_newtable(e->L);
  lua_pushlightuserdata(e->L, e);
  luaL_setfuncs(e->L, functions, 1);
  lua_setglobal(e->L, "engine");
  if (luaL_loadfile(e->L, e->script) == LUA_OK) {
    lua_pushinteger(e->L, (lua_Integer)e->loads);
  } else {
    lua_pushcfunction(e->L, lua_error);
    lua_insert(e->L, -2);
  }
  call(e, 1);
}

static void reload_script(engine *e) {
  e->wants_reload = 0;
  close_script(e);
  load_script(e);
}

/* --- frames --------------------------------------------------------------- */

static void handle_events(engine *e) {
  SDL_Event event;
  while (SDL_PollEvent(&event)) {
    if (event.type == SDL_QUIT) e->is_running = 0;
    if (event.type != SDL_KEYDOWN) continue;
    if (event.key.keysym.sym == SDLK_r) e->wants_reload = 1;
    else if (has_function(e, "key")) {
      lua_pushstring(e->L, SDL_GetKeyName(event.key.keysym.sym));
      call(e, 1);
    }
  }
}

static void update_script(engine *e, double seconds) {
  Uint64 start = SDL_GetPerformanceCounter();
  if (!has_function(e, "update")) return;
  lua_pushnumber(e->L, seconds);
  call(e, 1);
  keep_longest(&e->longest_update, milliseconds_since(start));
}

static void draw_frame(engine *e) {
  (void)SDL_SetRenderDrawColor(e->renderer, 16, 18, 28, 255);
  (void)SDL_RenderClear(e->renderer);
  if (has_function(e, "draw")) call(e, 0);
  if (e->error[0] != '\0') draw_text(e, e->error, 40, 40, 0, 0xff6060);
  SDL_RenderPresent(e->renderer);
}

static void count_frame(engine *e, double took) {
  e->frames++;
  if (took > frame_ms) e->late_frames++;
  keep_longest(&e->longest_frame, took);
}

static void run(engine *e) {
  double seconds = 0;
  while (e->is_running) {
    Uint64 start = SDL_GetPerformanceCounter();
    double took;
    handle_events(e);
    update_script(e, seconds);
    draw_frame(e);
    took = milliseconds_since(start);
    count_frame(e, took);
    if (e->wants_reload) reload_script(e);
    if (!e->is_unpaced && took < frame_ms)
      SDL_Delay((Uint32)(frame_ms - took));
    seconds = milliseconds_since(start) / 1000;
  }
}

/* --- start and end -------------------------------------------------------- */

static int open_window(engine *e) {
  int i;
  if (SDL_Init(SDL_INIT_VIDEO) != 0 || TTF_Init() != 0) return 0;
  for (i = 0; i < SIZES; i++) {
    e->fonts[i] = TTF_OpenFont(font_file, point_sizes[i]);
    if (e->fonts[i] == NULL) return 0;
  }
  e->window =
    SDL_CreateWindow("adobepass", SDL_WINDOWPOS_CENTERED,
                     SDL_WINDOWPOS_CENTERED, WIDTH, HEIGHT, SDL_WINDOW_SHOWN);
  if (e->window == NULL) return 0;
  e->renderer = SDL_CreateRenderer(e->window, -1, 0);
  return e->renderer != NULL;
}

static void close_window(engine *e) {
  int i;
  for (i = 0; i < LABELS; i++)
    if (e->labels[i].texture != NULL) SDL_DestroyTexture(e->labels[i].texture);
  for (i = 0; i < SIZES; i++)
    if (e->fonts[i] != NULL) TTF_CloseFont(e->fonts[i]);
  if (e->renderer != NULL) SDL_DestroyRenderer(e->renderer);
  if (e->window != NULL) SDL_DestroyWindow(e->window);
  TTF_Quit();
  SDL_Quit();
}

int main(int argc, char **argv) {
  static engine e;
  e.script = argc > 1 ? argv[1] : "game.lua";
  e.is_unpaced = getenv("ENGINE_UNPACED") != NULL;
  e.is_running = open_window(&e);
  if (!e.is_running) (void)fprintf(stderr, "engine: %s\n", SDL_GetError());
  else load_script(&e);
  run(&e);
  close_script(&e);
  close_window(&e);
  (void)printf(
    "%lu loads, %lu frames, %lu over 16.7 ms; longest: frame %.1f ms, "
    "update %.1f ms, close %.1f ms\n",
    e.loads, e.frames, e.late_frames, e.longest_frame, e.longest_update,
    e.longest_close);
  return e.frames == 0 || e.has_failed;
}
