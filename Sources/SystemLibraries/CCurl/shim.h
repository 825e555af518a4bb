#pragma once
#include <curl/curl.h>
#include <netdb.h>

// Swift cannot call functions with variable arguments.

typedef size_t (*curl_bytes)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode curl_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

// Takes CURL_ERROR_SIZE characters that live as long as the handle.
static inline CURLcode curl_set_problem(CURL *handle, char *text) {
  return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, text);
}

static inline CURLcode curl_set_headers(CURL *handle, struct curl_slist *headers) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

static inline CURLcode curl_set_receivers(CURL *handle, curl_bytes header, curl_bytes body, void *context) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
  return curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline long curl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// Where a redirection leads, as an absolute address; null without one. Lives as long as the handle.
static inline const char *curl_redirection(CURL *handle) {
  char *address = 0;
  curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &address);
  return address;
}

// The result of the one transfer that has ended; false while there is none.
static inline int curl_ended(CURLM *multi, CURLcode *result) {
  int left = 0;
  CURLMsg *message = curl_multi_info_read(multi, &left);
  if (!message || message->msg != CURLMSG_DONE) return 0;
  *result = message->data.result;
  return 1;
}

// The body of a POST request, which is copied.
static inline CURLcode curl_set_body(CURL *handle, const void *bytes, long count) {
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, count);
  return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

// Opens the sockets of a transfer, once the address is known.
static inline CURLcode curl_set_opener(CURL *handle, curl_opensocket_callback opener, void *context) {
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
  return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, opener);
}

// An address in numbers, without its port; an empty text for one of another kind.
static inline void curl_address_text(const struct curl_sockaddr *address, char *text, size_t count) {
  text[0] = 0;
  getnameinfo(&address->addr, address->addrlen, text, (socklen_t)count, 0, 0, NI_NUMERICHOST);
}
