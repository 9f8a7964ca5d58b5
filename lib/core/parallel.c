/* Tasks are claimed from a counter under one mutex, which also guards the error and the progress callback:
   tasks are long (milliseconds and up), so contention does not matter. */
#include "core/core.h"
#include <pthread.h>
#include <string.h>

typedef struct {
    pthread_mutex_t mutex;
    size_t next, done, n_tasks, failed_task;
    ropelaw_status status;
    ropelaw_error *error;
    core_task run;
    void *context;
    const ropelaw_progress *progress;
} pool;

typedef struct {
    pool *pool;
    size_t thread;
} worker;

ropelaw_status core_progress(const ropelaw_progress *progress, double fraction, ropelaw_error *error) {
    if (!progress || !progress->call || progress->call(progress->context, fraction)) return ROPELAW_OK;
    return core_fail(error, ROPELAW_CANCELLED, "", "", "", "stopped on request");
}

static void record(pool *p, size_t task, ropelaw_status status, const ropelaw_error *error) {
    if (!status || (p->status && p->failed_task < task)) return;
    p->status = status;
    p->failed_task = task;
    if (p->error) *p->error = *error;
}

static void *work(void *argument) {
    worker *w = argument;
    pool *p = w->pool;
    pthread_mutex_lock(&p->mutex);
    while (!p->status && p->next < p->n_tasks) {
        size_t task = p->next++;
        pthread_mutex_unlock(&p->mutex);
        ropelaw_error error;
        memset(&error, 0, sizeof error);
        ropelaw_status status = p->run(p->context, task, w->thread, &error);
        pthread_mutex_lock(&p->mutex);
        record(p, task, status, &error);
        p->done++;
        if (!p->status)
            record(p, task, core_progress(p->progress, (double)p->done / (double)p->n_tasks, &error), &error);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

enum { MOST_THREADS = 256 };

size_t core_threads(size_t n_threads, size_t n_tasks) {
    size_t n = n_threads < n_tasks ? n_threads : n_tasks;
    return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n;
}

ropelaw_status core_parallel(size_t n_threads, size_t n_tasks, core_task run, void *context,
                             const ropelaw_progress *progress, ropelaw_error *error) {
    n_threads = core_threads(n_threads, n_tasks);
    pool p = {.n_tasks = n_tasks, .error = error, .run = run, .context = context, .progress = progress};
    pthread_mutex_init(&p.mutex, NULL);
    pthread_t threads[MOST_THREADS];
    worker workers[MOST_THREADS];
    size_t started = 0;
    workers[0] = (worker){&p, 0};
    /* a thread that cannot be started is no failure: the others do its work */
    for (size_t i = 1; i < n_threads; i++) {
        workers[i] = (worker){&p, i};
        if (pthread_create(&threads[started], NULL, work, &workers[i])) break;
        started++;
    }
    work(&workers[0]);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&p.mutex);
    return p.status;
}
