#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct dk_pool {
  long threads;
  dk_isa isa;
  pthread_t *handles;  // threads - 1 of them
  pthread_mutex_t lock;
  pthread_cond_t wake, done;
  // Under the lock:
  long generation, busy;
  int stop;
  // The job, fixed while a generation is at work:
  long items;
  dk_work work;
  void *context;
  _Atomic long next;
};

typedef struct {
  dk_pool *pool;
  long index;
} worker;

static void drain(dk_pool *pool, long thread) {
  for (;;) {
    long item = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (item >= pool->items) return;
    pool->work(pool->context, item, thread);
  }
}

static void *work_until_stopped(void *argument) {
  worker self = *(worker *)argument;
  free(argument);
  dk_pool *pool = self.pool;
  dk_use_isa(pool->isa);
  long seen = 0;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    while (pool->generation == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->lock);
    if (pool->stop) break;
    seen = pool->generation;
    pthread_mutex_unlock(&pool->lock);
    drain(pool, self.index);
    pthread_mutex_lock(&pool->lock);
    if (--pool->busy == 0) pthread_cond_signal(&pool->done);
  }
  pthread_mutex_unlock(&pool->lock);
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
  pool->stop = 1;
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
  pthread_mutex_lock(&pool->lock);
  pool->items = items;
  pool->work = work;
  pool->context = context;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  pool->busy = pool->threads - 1;
  pool->generation++;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  drain(pool, 0);
  pthread_mutex_lock(&pool->lock);
  while (pool->busy > 0) pthread_cond_wait(&pool->done, &pool->lock);
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
