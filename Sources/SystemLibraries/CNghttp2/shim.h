#pragma once
#include <nghttp2/nghttp2.h>
// What a loop over its connections needs of the system.
#include <sys/epoll.h>
#include <sys/eventfd.h>
