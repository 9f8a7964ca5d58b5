/* The progress bar and Ctrl-C. While a callback is alive, the first Ctrl-C asks the work to stop (exit 130
   after the library has cleaned up); otherwise, and the second time, the program ends at once, removing the
   temporary file that an output may have open. */
#include "internal.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

char progress_unlink[4096];
static volatile sig_atomic_t interrupted, polling;
static bool bar_wanted, bar_drawn;
static char label_now[64];
static struct timespec started, drawn;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    if (polling && !interrupted) {
        interrupted = 1;
        return;
    }
    if (progress_unlink[0]) unlink(progress_unlink);
    _exit(CLI_INTERRUPTED);
}

bool progress_interrupted(void) {
    return interrupted;
}

void progress_install(bool no_bar) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool plain = (no_color && *no_color) || (term && !strcmp(term, "dumb"));
    bar_wanted = !no_bar && !plain && isatty(STDERR_FILENO);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static double seconds_since(const struct timespec *t) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

static void draw(double fraction, double elapsed) {
    enum { WIDTH = 30 };
    char bar[WIDTH + 1];
    int full = (int)(fraction * WIDTH);
    for (int i = 0; i < WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = 0;
    int left = fraction > 0 ? (int)(elapsed * (1 - fraction) / fraction + 0.5) : 0;
    fprintf(stderr, "\r%-20.40s [%s] %3d %%  %d:%02d left \033[K", label_now, bar, (int)(100 * fraction),
            left / 60, left % 60);
    fflush(stderr);
    bar_drawn = true;
}

static int report(void *context, double fraction) {
    (void)context;
    if (interrupted) return 0;
    if (!bar_wanted) return 1;
    double elapsed = seconds_since(&started);
    if (elapsed < 1 || (bar_drawn && seconds_since(&drawn) < 0.2)) return 1;
    clock_gettime(CLOCK_MONOTONIC, &drawn);
    draw(fraction < 0 ? 0 : fraction > 1 ? 1 : fraction, elapsed);
    return 1;
}

void progress_end(void) {
    if (bar_drawn) fputs("\r\033[K", stderr);
    bar_drawn = false;
    polling = 0;
}

const ropelaw_progress *cli_progress(cli_context *c, const char *label) {
    progress_end();
    snprintf(label_now, sizeof label_now, "%s", label);
    clock_gettime(CLOCK_MONOTONIC, &started);
    polling = 1;
    c->state->progress = (ropelaw_progress){report, NULL};
    return &c->state->progress;
}
