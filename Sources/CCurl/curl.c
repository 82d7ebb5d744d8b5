#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct slist slist;

static struct {
  int (*global_init)(long);
  void *(*easy_init)(void);
  int (*easy_setopt)(void *, int, ...);
  int (*easy_perform)(void *);
  void (*easy_cleanup)(void *);
  const char *(*easy_strerror)(int);
  slist *(*slist_append)(slist *, const char *);
  void (*slist_free_all)(slist *);
} curl;

// Numbers of curl.h: 10000 and more take pointers, 20000 functions, the rest long integers.
enum {
  LOW_SPEED_LIMIT = 19,
  LOW_SPEED_TIME = 20,
  NOPROGRESS = 43,
  FOLLOWLOCATION = 52,
  MAXREDIRS = 68,
  NOSIGNAL = 99,
  CONNECTTIMEOUT_MS = 156,
  PROTOCOLS = 181,
  REDIR_PROTOCOLS = 182,
  WRITEDATA = 10001,
  URL = 10002,
  RANGE = 10007,
  ERRORBUFFER = 10010,
  USERAGENT = 10018,
  HTTPHEADER = 10023,
  HEADERDATA = 10029,
  XFERINFODATA = 10057,
  WRITEFUNCTION = 20011,
  HEADERFUNCTION = 20079,
  XFERINFOFUNCTION = 20219,
};
enum { GLOBAL_ALL = 3, PROTOCOL_HTTP = 1, PROTOCOL_HTTPS = 2, OUT_OF_MEMORY = 27 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *load_error = NULL;
static char load_message[512];

#define INSTALL "Install libcurl4 (apt-get install libcurl4), or set APUS_CURL to the path of libcurl."

static void load(void) {
  // The flavours differ in the library for TLS only.
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};
  const char *chosen = getenv("APUS_CURL");
  void *handle = NULL;
  if (chosen && !strcmp(chosen, "none")) {
    load_error = "libcurl is switched off by APUS_CURL=none.";
    return;
  }
  if (chosen && *chosen) {
    handle = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
  } else {
    for (int i = 0; !handle && i < 3; i++) handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!handle) {
    snprintf(
        load_message, sizeof load_message,
        "libcurl, which fetches files, could not be loaded (%s). " INSTALL, dlerror());
    load_error = load_message;
    return;
  }
#define RESOLVE(f)                                                                             \
  curl.f = (__typeof__(curl.f))dlsym(handle, "curl_" #f);                                      \
  if (!curl.f) {                                                                               \
    load_error = "the libcurl that was found has no function curl_" #f ". " INSTALL;           \
    return;                                                                                    \
  }
  RESOLVE(global_init)
  RESOLVE(easy_init)
  RESOLVE(easy_setopt)
  RESOLVE(easy_perform)
  RESOLVE(easy_cleanup)
  RESOLVE(easy_strerror)
  RESOLVE(slist_append)
  RESOLVE(slist_free_all)
#undef RESOLVE
  if (curl.global_init(GLOBAL_ALL)) load_error = "libcurl was loaded but could not be started.";
}

const char *apus_curl_load(void) {
  pthread_once(&once, load);
  return load_error;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *request) {
  const apus_curl_request *r = request;
  return r->header(r->context, bytes, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *request) {
  const apus_curl_request *r = request;
  return r->body(r->context, bytes, size * count) ? size * count : 0;
}

static int on_tick(void *request, int64_t a, int64_t b, int64_t c, int64_t d) {
  const apus_curl_request *r = request;
  return r->tick(r->context) ? 0 : 1;
}

void apus_curl_transfer(const apus_curl_request *request, apus_curl_answer *answer) {
  memset(answer, 0, sizeof *answer);
  void *easy = apus_curl_load() ? NULL : curl.easy_init();
  slist *headers = NULL;
  if (!easy) {
    answer->code = OUT_OF_MEMORY;
    return;
  }
  curl.easy_setopt(easy, ERRORBUFFER, answer->message);
  curl.easy_setopt(easy, URL, request->url);
  curl.easy_setopt(easy, USERAGENT, "apus");
  // Signals are the program's own.
  curl.easy_setopt(easy, NOSIGNAL, 1L);
  curl.easy_setopt(easy, PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
  curl.easy_setopt(easy, REDIR_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
  curl.easy_setopt(easy, FOLLOWLOCATION, 1L);
  curl.easy_setopt(easy, MAXREDIRS, (long)request->maximum_redirects);
  curl.easy_setopt(easy, CONNECTTIMEOUT_MS, (long)request->connect_milliseconds);
  curl.easy_setopt(easy, LOW_SPEED_LIMIT, (long)request->slow_bytes);
  curl.easy_setopt(easy, LOW_SPEED_TIME, (long)request->slow_seconds);
  curl.easy_setopt(easy, HEADERFUNCTION, on_header);
  curl.easy_setopt(easy, HEADERDATA, request);
  curl.easy_setopt(easy, WRITEFUNCTION, on_body);
  curl.easy_setopt(easy, WRITEDATA, request);
  curl.easy_setopt(easy, XFERINFOFUNCTION, on_tick);
  curl.easy_setopt(easy, XFERINFODATA, request);
  curl.easy_setopt(easy, NOPROGRESS, 0L);
  char range[32], *line = NULL;
  if (request->offset > 0) {
    snprintf(range, sizeof range, "%lld-", (long long)request->offset);
    curl.easy_setopt(easy, RANGE, range);
    size_t length = request->tag ? strlen(request->tag) + 16 : 0;
    if (length && (line = malloc(length))) {
      snprintf(line, length, "If-Range: %s", request->tag);
      headers = curl.slist_append(headers, line);
      curl.easy_setopt(easy, HTTPHEADER, headers);
    }
  }
  answer->code = curl.easy_perform(easy);
  if (answer->code && !answer->message[0]) {
    snprintf(answer->message, sizeof answer->message, "%s", curl.easy_strerror(answer->code));
  }
  curl.easy_cleanup(easy);
  curl.slist_free_all(headers);
  free(line);
}
