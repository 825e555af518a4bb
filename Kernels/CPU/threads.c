#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

// A kernel often ends some microseconds before the next begins, and waking a thread that sleeps takes longer than that:
// threads look for work a while before they sleep. Not if there are more of them than cores.
enum { LOOKS = 1000 };

struct dk_pool {
  long threads;
  dk_isa isa;
  int looks;  // before a thread sleeps
  pthread_t *handles;  // threads - 1 of them
  pthread_mutex_t lock;
  pthread_cond_t wake, done;
  long sleeping;  // workers, under the lock
  int waiting;  // the caller, under the lock
  _Atomic int stop;
  _Atomic long generation, busy, next;  // of jobs; workers that are not done with it; items that are taken
  // The job, fixed while a generation is at work:
  long items;
  dk_work work;
  void *context;
};

typedef struct {
  dk_pool *pool;
  long index;
} worker;

static void rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void drain(dk_pool *pool, long thread) {
  for (;;) {
    long item = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (item >= pool->items) return;
    pool->work(pool->context, item, thread);
  }
}

/// Waits for a job after the `seen`th; false when the pool ends.
static int next_job(dk_pool *pool, long seen) {
  for (int i = 0; i < pool->looks; i++, rest())
    if (atomic_load(&pool->generation) != seen) return 1;
  pthread_mutex_lock(&pool->lock);
  pool->sleeping++;
  while (atomic_load(&pool->generation) == seen && !atomic_load(&pool->stop))
    pthread_cond_wait(&pool->wake, &pool->lock);
  pool->sleeping--;
  pthread_mutex_unlock(&pool->lock);
  return atomic_load(&pool->generation) != seen;
}

static void *work_until_stopped(void *argument) {
  worker self = *(worker *)argument;
  free(argument);
  dk_pool *pool = self.pool;
  dk_use_isa(pool->isa);
  for (long seen = 0; next_job(pool, seen); seen++) {
    drain(pool, self.index);
    if (atomic_fetch_sub(&pool->busy, 1) > 1) continue;
    pthread_mutex_lock(&pool->lock);
    if (pool->waiting) pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->lock);
  }
  return NULL;
}

dk_pool *dk_pool_make(long threads, dk_isa isa) {
  dk_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->handles = calloc((size_t)(threads < 1 ? 1 : threads), sizeof *pool->handles);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->done, NULL);
  pool->threads = 1;
  pool->isa = isa;
  pool->looks = threads <= dk_available_cores() ? LOOKS : 0;
  while (pool->handles && pool->threads < threads) {
    worker *argument = malloc(sizeof *argument);
    if (!argument) break;
    *argument = (worker){pool, pool->threads};
    if (pthread_create(&pool->handles[pool->threads - 1], NULL, work_until_stopped, argument) != 0) {
      free(argument);
      break;
    }
    pool->threads++;
  }
  if (pool->threads < threads) {
    dk_pool_free(pool);
    return NULL;
  }
  return pool;
}

void dk_pool_free(dk_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  atomic_store(&pool->stop, 1);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  for (long i = 0; i < pool->threads - 1; i++) pthread_join(pool->handles[i], NULL);
  pthread_mutex_destroy(&pool->lock);
  pthread_cond_destroy(&pool->wake);
  pthread_cond_destroy(&pool->done);
  free(pool->handles);
  free(pool);
}

static void run(dk_pool *pool, long items, dk_work work, void *context) {
  if (pool->threads == 1 || items == 1) {
    for (long i = 0; i < items; i++) work(context, i, 0);
    return;
  }
  pool->items = items;
  pool->work = work;
  pool->context = context;
  atomic_store(&pool->next, 0);
  atomic_store(&pool->busy, pool->threads - 1);
  pthread_mutex_lock(&pool->lock);
  atomic_fetch_add(&pool->generation, 1);
  if (pool->sleeping > 0) pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  drain(pool, 0);
  for (int i = 0; i < pool->looks && atomic_load(&pool->busy) > 0; i++) rest();
  if (atomic_load(&pool->busy) == 0) return;
  pthread_mutex_lock(&pool->lock);
  pool->waiting = 1;
  while (atomic_load(&pool->busy) > 0) pthread_cond_wait(&pool->done, &pool->lock);
  pool->waiting = 0;
  pthread_mutex_unlock(&pool->lock);
}

void dk_pool_run(dk_pool *pool, long items, dk_work work, void *context) {
  dk_isa before = dk_current_isa();
  dk_use_isa(pool->isa);
  run(pool, items, work, context);
  dk_use_isa(before);
}

long dk_available_cores(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores < 1 ? 1 : cores;
}
