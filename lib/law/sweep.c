/* Sweeps: rows are checked one by one, taken in blocks to the kernel of the instruction set, and those that lie too
 * near an integer or an edge for double go to the scalar law. */
#include "law/sweep.h"
#include "law/law.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef ROPELAW_HAVE_X86
#include <immintrin.h>
#endif

static const law_sweep_kernel *kernel_of(ropelaw_isa isa) {
#ifdef ROPELAW_HAVE_X86
    ropelaw_isa best = ropelaw_isa_best();
    if (isa > best) isa = best;
    if (isa >= ROPELAW_ISA_AVX512) return &law_sweep_avx512;
    if (isa >= ROPELAW_ISA_AVX2) return &law_sweep_avx2;
#else
    (void)isa;
#endif
    return &law_sweep_portable;
}

static ropelaw_setting setting_of(const ropelaw_sweep *x, size_t i) {
    return (ropelaw_setting){x->rotary_dim[i], x->base[i], x->train_len_tok[i],
                             x->tune_base ? x->tune_base[i] : x->base[i],
                             x->tune_len_tok ? x->tune_len_tok[i] : x->train_len_tok[i]};
}

static ropelaw_status refuse(const ropelaw_setting *s, size_t row, size_t stride, ropelaw_error *error) {
    ropelaw_error why = {0};
    ropelaw_status status = ropelaw_setting_check(s, &why);
    if (!status)
        return core_fail(error, ROPELAW_SHAPE, "period_stride", "", "rotary_dim/2 or more",
                         "period_stride %zu is less than rotary_dim/2 of row %zu", stride, row);
    return core_fail(error, status, why.argument, why.value, why.range, "row %zu: %s", row, why.message);
}

/* The kernel takes rows by LAW_SWEEP_LANES: the last few of a sweep, the very last one repeated. */
typedef struct {
    size_t rotary_dim[LAW_SWEEP_LANES];
    double base[LAW_SWEEP_LANES], train_len[LAW_SWEEP_LANES], tune_base[LAW_SWEEP_LANES],
        tune_len[LAW_SWEEP_LANES];
    ropelaw_sweep sweep;
} tail;

static void tail_init(tail *t, const ropelaw_sweep *x, size_t first, size_t n) {
    for (size_t k = 0; k < LAW_SWEEP_LANES; k++) {
        size_t i = first + (k < n ? k : n - 1);
        t->rotary_dim[k] = x->rotary_dim[i];
        t->base[k] = x->base[i];
        t->train_len[k] = x->train_len_tok[i];
        t->tune_base[k] = x->tune_base ? x->tune_base[i] : x->base[i];
        t->tune_len[k] = x->tune_len_tok ? x->tune_len_tok[i] : x->train_len_tok[i];
    }
    t->sweep = (ropelaw_sweep){LAW_SWEEP_LANES,
                               t->base,
                               t->train_len,
                               t->rotary_dim,
                               x->tune_base ? t->tune_base : NULL,
                               x->tune_len_tok ? t->tune_len : NULL};
}

/* Nothing is written before every row was found in range; which row is not, only where one is. */
static ropelaw_status check(const ropelaw_sweep *x, const law_sweep_kernel *kernel,
                            const ropelaw_sweep_out *out, ropelaw_error *error) {
    size_t stride = out->period_tok ? out->period_stride : SIZE_MAX;
    size_t most = x->n_rows / LAW_SWEEP_LANES * LAW_SWEEP_LANES, rest = x->n_rows - most;
    if (rest) {
        tail t;
        tail_init(&t, x, most, rest);
        rest = !kernel->fine(&t.sweep, 0, LAW_SWEEP_LANES, stride);
    }
    if (!rest && kernel->fine(x, 0, most, stride)) return ROPELAW_OK;
    for (size_t i = 0; i < x->n_rows; i++) {
        ropelaw_setting s = setting_of(x, i);
        if (ropelaw_setting_check(&s, NULL) || s.rotary_dim / 2 > stride) return refuse(&s, i, stride, error);
    }
    return ROPELAW_OK;
}

static void ask_scalar(const ropelaw_sweep *x, size_t row, size_t lane, law_sweep_answers *a) {
    ropelaw_setting s = setting_of(x, row);
    ropelaw_bound b = {0};
    if (ropelaw_bound_eval(&s, &b, NULL)) return; /* the row was checked */
    a->critical_dim[lane] = (double)b.critical.dim;
    a->bound[lane] = b.bound_tok;
    a->bound_16b[lane] = b.bound_16b_tok;
}

static void write_periods(const ropelaw_sweep *x, size_t row, double *period_tok) {
    ropelaw_setting s = setting_of(x, row);
    for (size_t n = 0; n < s.rotary_dim / 2; n++)
        period_tok[n] = (double)(ROPE_2PI / rope_freq(s.tune_base, s.rotary_dim, n));
}

static void put(double *array, size_t first, size_t n, const double *values) {
    if (array) memcpy(array + first, values, n * sizeof *values);
}

/* Periods that will not stay in the caches are written past them, if every row starts on a cache line. */
enum { CACHE_BYTES = 16 << 20, LINE_BYTES = 64 };
static int streams(const ropelaw_sweep_out *out, size_t n_rows) {
    size_t row_bytes = out->period_stride * sizeof(double);
    return out->period_tok && (uintptr_t)out->period_tok % LINE_BYTES == 0 && row_bytes % LINE_BYTES == 0 &&
           n_rows > CACHE_BYTES / (row_bytes ? row_bytes : 1);
}

typedef struct {
    const ropelaw_sweep *sweep;
    const ropelaw_sweep_out *out;
    const law_sweep_kernel *kernel;
    int stream;
    law_sweep_answers answers;
} work;

/* n rows from `first` on, which are in w->answers. */
static void write_block(work *w, size_t first, size_t n, int any) {
    const ropelaw_sweep_out *out = w->out;
    law_sweep_answers *a = &w->answers;
    for (size_t k = 0; any && k < n; k++)
        if (a->undecided[k] != 0) ask_scalar(w->sweep, first + k, k, a);
    put(out->critical_dim, first, n, a->critical_dim);
    put(out->bound_tok, first, n, a->bound);
    put(out->bound_16b_tok, first, n, a->bound_16b);
    for (size_t k = 0; out->period_tok && k < n; k++) {
        double *period = out->period_tok + (first + k) * out->period_stride;
        if (any && a->huge[k] != 0)
            write_periods(w->sweep, first + k, period);
        else
            w->kernel->periods(a->ratio[k], a->ratio8[k], w->sweep->rotary_dim[first + k] / 2, w->stream,
                               period);
    }
}

ropelaw_status ropelaw_sweep_eval(const ropelaw_sweep *sweep, ropelaw_isa isa, const ropelaw_sweep_out *out,
                                  ropelaw_error *error) {
    if (!sweep) return law_null("sweep", error);
    if (!out) return law_null("out", error);
    if (!sweep->n_rows) return ROPELAW_OK;
    if (!sweep->base || !sweep->train_len_tok || !sweep->rotary_dim) return law_null("sweep", error);
    work w = {.sweep = sweep, .out = out, .kernel = kernel_of(isa), .stream = streams(out, sweep->n_rows)};
    ropelaw_status s = check(sweep, w.kernel, out, error);
    if (s) return s;
    for (size_t first = 0, n; first < sweep->n_rows; first += n) {
        tail t;
        n = sweep->n_rows - first;
        if (n > LAW_SWEEP_BLOCK) n = LAW_SWEEP_BLOCK;
        if (n >= LAW_SWEEP_LANES) n -= n % LAW_SWEEP_LANES;
        if (n < LAW_SWEEP_LANES) tail_init(&t, sweep, first, n);
        int any = n < LAW_SWEEP_LANES
                      ? w.kernel->rows(&t.sweep, 0, LAW_SWEEP_LANES, out->period_tok != NULL, &w.answers)
                      : w.kernel->rows(sweep, first, n, out->period_tok != NULL, &w.answers);
        write_block(&w, first, n, any);
    }
#ifdef ROPELAW_HAVE_X86
    if (w.stream) _mm_sfence(); /* such stores are not ordered by themselves */
#endif
    return ROPELAW_OK;
}
