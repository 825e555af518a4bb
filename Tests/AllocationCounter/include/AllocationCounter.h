#pragma once

/// How often the calling thread has asked the heap for memory since it started.
long allocation_count(void);
