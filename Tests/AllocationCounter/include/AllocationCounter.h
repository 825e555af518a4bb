#pragma once

/// How often the calling thread has asked the heap for memory since it started.
long allocation_count(void);

/// Whether calls are counted: not under sanitizers, which have their own allocator.
int allocations_are_counted(void);
