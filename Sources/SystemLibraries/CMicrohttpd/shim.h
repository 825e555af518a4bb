#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>

// Swift cannot call functions with variable arguments.

// Paths are unescaped by who reads them.
static inline size_t http_leave_escaped(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  size_t count = 0;
  while (text[count]) count++;
  return count;
}

typedef void *(*http_began)(void *context, const char *uri, struct MHD_Connection *connection);

// A daemon that serves connections which it is given, in one thread. What `began` returns is the connection's own.
static inline struct MHD_Daemon *http_start(
  http_began began, MHD_AccessHandlerCallback called, MHD_RequestCompletedCallback ended, void *context,
  unsigned connections, size_t header_bytes, unsigned idle_seconds) {
  return MHD_start_daemon(
    MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0,
    0, 0, called, context, MHD_OPTION_URI_LOG_CALLBACK, began, context, MHD_OPTION_NOTIFY_COMPLETED, ended, context,
    MHD_OPTION_UNESCAPE_CALLBACK, http_leave_escaped, 0, MHD_OPTION_STRICT_FOR_CLIENT, 1,
    MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, header_bytes,
    MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_END);
}

static inline int http_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

// Whether the other end is in this process, as that of a connection whose bytes come through TLS.
static inline bool http_is_local(struct MHD_Connection *connection) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  return getsockname(http_socket(connection), (struct sockaddr *)&address, &size) == 0 && address.ss_family == AF_UNIX;
}

static inline const struct sockaddr *http_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info ? info->client_addr : 0;
}

// Closes the socket of a connection that speaks another protocol now.
static inline void http_close_upgraded(struct MHD_UpgradeResponseHandle *handle) {
  MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

// The name of the thread that calls, of at most 15 characters.
static inline void http_name_thread(const char *name) { prctl(PR_SET_NAME, name); }
