/* Sweeps: rows are checked one by one, taken by eights to the kernel of the instruction set, and those that lie too
 * near an integer or an edge for double go to the scalar law. */
#include "law/sweep.h"
#include "law/law.h"
#include <math.h>
#include <string.h>

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

/* In range, by comparisons that the compiler can keep in registers; the details only where one fails. */
static int is_fine(const ropelaw_setting *s, size_t stride) {
    return s->rotary_dim - 2 <= ROPELAW_ROTARY_DIM_MAX - 2 && s->rotary_dim % 2 == 0 &&
           s->rotary_dim / 2 <= stride && s->pretrain_base > 1 && s->pretrain_base < INFINITY &&
           s->train_len_tok >= ROPELAW_LEN_MIN && s->train_len_tok < INFINITY && s->tune_base > 1 &&
           s->tune_base < INFINITY && s->tune_len_tok > 0 && s->tune_len_tok < INFINITY;
}

static ropelaw_status refuse(const ropelaw_setting *s, size_t row, size_t stride, ropelaw_error *error) {
    ropelaw_error why = {0};
    ropelaw_status status = ropelaw_setting_check(s, &why);
    if (!status)
        return core_fail(error, ROPELAW_SHAPE, "period_stride", "", "rotary_dim/2 or more",
                         "period_stride %zu is less than rotary_dim/2 of row %zu", stride, row);
    return core_fail(error, status, why.argument, why.value, why.range, "row %zu: %s", row, why.message);
}

static ropelaw_status check(const ropelaw_sweep *x, const ropelaw_sweep_out *out, ropelaw_error *error) {
    if (!x) return law_null("sweep", error);
    if (!out) return law_null("out", error);
    if (x->n_rows && !(x->base && x->train_len_tok && x->rotary_dim)) return law_null("sweep", error);
    size_t stride = out->period_tok ? out->period_stride : SIZE_MAX;
    for (size_t i = 0; i < x->n_rows; i++) {
        ropelaw_setting s = setting_of(x, i);
        if (!is_fine(&s, stride)) return refuse(&s, i, stride, error);
    }
    return ROPELAW_OK;
}

/* n <= 8 rows from `first` on; the last one fills the lanes that are left. */
static void gather(const ropelaw_sweep *x, size_t first, size_t n, law_sweep_rows *rows) {
    rows->pretrained = !x->tune_base && !x->tune_len_tok;
    for (size_t k = 0; k < 8; k++) {
        ropelaw_setting s = setting_of(x, first + (k < n ? k : n - 1));
        rows->rotary_dim[k] = (double)s.rotary_dim;
        rows->base[k] = s.pretrain_base;
        rows->train_len[k] = s.train_len_tok;
        rows->tune_base[k] = s.tune_base;
        rows->tune_len[k] = s.tune_len_tok < s.train_len_tok ? s.train_len_tok : s.tune_len_tok;
    }
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

ropelaw_status ropelaw_sweep_eval(const ropelaw_sweep *sweep, ropelaw_isa isa, const ropelaw_sweep_out *out,
                                  ropelaw_error *error) {
    ropelaw_status s = check(sweep, out, error);
    if (s) return s;
    const law_sweep_kernel *kernel = kernel_of(isa);
    law_sweep_rows rows;
    law_sweep_answers a;
    for (size_t first = 0; first < sweep->n_rows; first += 8) {
        size_t n = sweep->n_rows - first < 8 ? sweep->n_rows - first : 8;
        gather(sweep, first, n, &rows);
        kernel->rows(&rows, &a);
        for (size_t k = 0; k < n; k++)
            if (a.undecided[k] != 0) ask_scalar(sweep, first + k, k, &a);
        put(out->critical_dim, first, n, a.critical_dim);
        put(out->bound_tok, first, n, a.bound);
        put(out->bound_16b_tok, first, n, a.bound_16b);
        for (size_t k = 0; out->period_tok && k < n; k++) {
            double *period = out->period_tok + (first + k) * out->period_stride;
            if (a.huge[k] != 0)
                write_periods(sweep, first + k, period);
            else
                kernel->periods(a.ratio[k], a.ratio8[k], sweep->rotary_dim[first + k] / 2, period);
        }
    }
    return ROPELAW_OK;
}
