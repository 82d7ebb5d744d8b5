// Transfers by HTTP through libcurl, which is opened at run time: its functions take arguments of
// varying types, which Swift cannot call. The prototypes are written by hand from curl's
// documentation, so that building needs no headers; they have been the same since curl 7.32 (2013).
#ifndef APUS_CCURL_H
#define APUS_CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Opens libcurl and returns NULL, or a sentence that says what is missing and how to get it.
///
/// `APUS_CURL` in the environment names another file to open; `none` makes it unavailable.
const char *apus_curl_load(void);

/// What is asked of a server. The functions return false to end the transfer.
typedef struct {
  const char *url;
  /// The first byte that is wanted; with 0 the whole file is.
  int64_t offset;
  /// The bytes are wanted of a file with this tag only (If-Range); NULL where none is known.
  const char *tag;
  int64_t maximum_redirects;
  int64_t connect_milliseconds;
  /// Fewer than `slow_bytes` a second on the average of `slow_seconds` end the transfer.
  int64_t slow_bytes;
  int64_t slow_seconds;
  void *context;
  /// Takes a line of a header; there is one header for each redirection before the last.
  bool (*header)(void *context, const char *bytes, size_t count);
  bool (*body)(void *context, const char *bytes, size_t count);
  /// Called at least about once a second, also while nothing comes.
  bool (*tick)(void *context);
} apus_curl_request;

typedef struct {
  /// curl's code; 0 is success.
  int32_t code;
  /// What curl says of a failure; empty where it says nothing.
  char message[256];
} apus_curl_answer;

/// curl's codes that are told apart.
enum {
  APUS_CURL_BAD_PROTOCOL = 1,
  APUS_CURL_BAD_URL = 3,
  APUS_CURL_NO_HOST = 6,
  APUS_CURL_TOO_SLOW = 28,
  APUS_CURL_TOO_MANY_REDIRECTS = 47,
  APUS_CURL_BAD_CERTIFICATE = 60,
};

/// Makes one transfer, redirections included, and returns when it is over. HTTP and HTTPS only;
/// proxies come from the environment (`https_proxy`, `no_proxy`).
void apus_curl_transfer(const apus_curl_request *request, apus_curl_answer *answer);

#endif
