#pragma once
#include "isa.h"

/// A pool of threads that work through the items of one job at a time. Nothing is allocated after it was made.
typedef struct dk_pool dk_pool;

/// Work on one item; `thread` in 0 ..< threads tells workers apart (for scratch memory).
typedef void (*dk_work)(void *context, long item, long thread);

/// A pool of `threads` in all, the caller of dk_pool_run among them, with its instruction set. Null if threads cannot be made.
dk_pool *dk_pool_make(long threads, dk_isa isa);
void dk_pool_free(dk_pool *pool);

/// Runs `work` for items 0 ..< items and returns when all are done. One caller at a time.
void dk_pool_run(dk_pool *pool, long items, dk_work work, void *context);

/// Cores that this process may use.
long dk_available_cores(void);
