/* The excess loss of every run as a drawing: SVG for a screen, pgfplots for a paper. One panel a model; a curve a run, a
   dot at its onset, a dashed line at the closed form and a dotted one at coverage with phi = 1 rad, in the curve's
   colour. */
#include "core/core.h"
#include "lm/experiment.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_TOK = 64, WIDTH = 430, HEIGHT = 300, LEFT = 45, RIGHT = 165, TOP = 30, BOTTOM = 40, ACROSS = 2 };
static const double most_nats = 3;

/* Eight colours that stay apart for colour-blind readers (Okabe and Ito), as hexadecimal RGB. */
static const char *const colours[] = {"000000", "E69F00", "56B4E9", "009E73",
                                      "CC79A7", "0072B2", "D55E00", "808080"};

static const char *colour(size_t in_panel) {
    return colours[in_panel % CORE_COUNT(colours)];
}

static bool starts_panel(const ropelaw_train_result *r, size_t i) {
    return i == 0 || strcmp(r->runs[i].model, r->runs[i - 1].model);
}

static size_t count_panels(const ropelaw_train_result *r) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_runs; i++) n += starts_panel(r, i);
    return n;
}

/* "base 5000, tuned on 128, 150 steps" */
static void label(lm_text *t, const ropelaw_train_run *run) {
    lm_text_add(t, "base ");
    lm_text_number(t, run->base, "");
    lm_text_add(t, ", %zu tok, %zu steps", run->tune_len, run->n_tune_steps);
}

/* ---- SVG */

typedef struct {
    double left, top, eval_len; /* of the panel in use */
} frame;

static double x_of(const frame *f, double length) {
    return f->left + LEFT + (WIDTH - LEFT - RIGHT) * log(length / FIRST_TOK) / log(f->eval_len / FIRST_TOK);
}

static double y_of(const frame *f, double nats) {
    double inside = nats < 0 ? 0 : nats > most_nats ? most_nats : nats;
    return f->top + HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * inside / most_nats;
}

static void attribute(lm_text *t, const char *name, double value) {
    lm_text_add(t, " %s=\"", name);
    lm_text_number(t, round(value * 100) / 100, "\"");
}

static void svg_text(lm_text *t, double x, double y, const char *anchor, const char *words) {
    lm_text_add(t, "<text");
    attribute(t, "x", x), attribute(t, "y", y);
    lm_text_add(t, " text-anchor=\"%s\">%s</text>\n", anchor, words);
}

static void svg_line(lm_text *t, const double *ends, const char *style) {
    lm_text_add(t, "<line");
    attribute(t, "x1", ends[0]), attribute(t, "y1", ends[1]), attribute(t, "x2", ends[2]);
    attribute(t, "y2", ends[3]);
    lm_text_add(t, " %s/>\n", style);
}

static void svg_axes(lm_text *t, const frame *f, const char *title) {
    char number[32];
    svg_text(t, f->left + LEFT, f->top + TOP - 10, "start", title);
    for (double length = FIRST_TOK; length <= f->eval_len * 1.0001; length *= 2) {
        const double tick[] = {x_of(f, length), y_of(f, 0), x_of(f, length), y_of(f, 0) + 4};
        svg_line(t, tick, "stroke=\"#000000\"");
        snprintf(number, sizeof number, "%.0f", length);
        svg_text(t, tick[0], tick[3] + 11, "middle", number);
    }
    for (int nats = 0; nats <= (int)most_nats; nats++) {
        const double tick[] = {f->left + LEFT, y_of(f, nats), f->left + WIDTH - RIGHT, y_of(f, nats)};
        svg_line(t, tick, nats ? "stroke=\"#dddddd\"" : "stroke=\"#000000\"");
        snprintf(number, sizeof number, "%d", nats);
        svg_text(t, tick[0] - 5, tick[1] + 4, "end", number);
    }
    svg_text(t, (x_of(f, FIRST_TOK) + x_of(f, f->eval_len)) / 2, f->top + HEIGHT - 8, "middle",
             "length [token]");
    svg_text(t, f->left + 5, f->top + TOP - 10, "start", "nat");
}

static void svg_theory(lm_text *t, const frame *f, double length, const char *dash, const char *rgb) {
    char style[96];
    if (!(length > FIRST_TOK && length < f->eval_len)) return;
    const double ends[] = {x_of(f, length), y_of(f, 0), x_of(f, length), y_of(f, most_nats)};
    snprintf(style, sizeof style, "stroke=\"#%s\" stroke-width=\"0.6\" stroke-dasharray=\"%s\"", rgb, dash);
    svg_line(t, ends, style);
}

static void svg_run(lm_text *t, const frame *f, const ropelaw_train_result *r, size_t i, size_t in_panel) {
    const ropelaw_train_run *run = &r->runs[i];
    const ropelaw_run *curve = &r->series.runs[i];
    const char *rgb = colour(in_panel);
    svg_theory(t, f, run->closed_form, "5 3", rgb);
    svg_theory(t, f, run->coverage, "1 3", rgb);
    lm_text_add(t, "<polyline fill=\"none\" stroke=\"#%s\" stroke-width=\"1.3\" points=\"", rgb);
    for (size_t k = 0; k < curve->n_points; k++) {
        lm_text_number(t, round(100 * x_of(f, curve->points[k].eval_len_tok)) / 100, ",");
        lm_text_number(t, round(100 * y_of(f, curve->points[k].value - run->reference_nats)) / 100, " ");
    }
    lm_text_add(t, "\"/>\n");
    if (!run->onset.censored) {
        lm_text_add(t, "<circle r=\"3\" fill=\"#%s\"", rgb);
        attribute(t, "cx", x_of(f, run->onset.onset_tok)), attribute(t, "cy", y_of(f, LM_ONSET_NATS));
        lm_text_add(t, "/>\n");
    }
    double y = f->top + TOP + 14 * (double)in_panel, x = f->left + WIDTH - RIGHT + 8;
    lm_text_add(t, "<text fill=\"#%s\"", rgb);
    attribute(t, "x", x), attribute(t, "y", y);
    lm_text_add(t, ">");
    label(t, run);
    lm_text_add(t, "</text>\n");
}

void lm_plot_svg(lm_text *t, const ropelaw_train_result *r, double eval_len) {
    size_t n = count_panels(r), across = n < ACROSS ? n : ACROSS, panel = 0, in_panel = 0;
    lm_text_add(
        t,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" font-family=\"sans-serif\" "
        "font-size=\"10\">\n<title>Excess loss by length; dot: onset (+0.2 nat), dashed: closed form, "
        "dotted: "
        "phase coverage with phi = 1 rad</title>\n<rect width=\"100%%\" height=\"100%%\" "
        "fill=\"#ffffff\"/>\n",
        across * WIDTH, (n + ACROSS - 1) / ACROSS * HEIGHT);
    for (size_t i = 0; i < r->n_runs; i++) {
        if (starts_panel(r, i)) panel += i > 0, in_panel = 0;
        const frame f = {(double)(panel % ACROSS * WIDTH), (double)(panel / ACROSS * HEIGHT), eval_len};
        if (!in_panel) svg_axes(t, &f, r->runs[i].model);
        svg_run(t, &f, r, i, in_panel++);
    }
    lm_text_add(t, "</svg>\n");
}

/* ---- pgfplots */

static void tex_theory(lm_text *t, double length, double eval_len, const char *style, size_t in_panel) {
    if (!(length > FIRST_TOK && length < eval_len)) return;
    lm_text_add(t, "\\addplot[%s, c%zu, forget plot] coordinates {(", style, in_panel % CORE_COUNT(colours));
    lm_text_number(t, length, ",0) (");
    lm_text_number(t, length, "");
    lm_text_add(t, ",%d)};\n", (int)most_nats);
}

static void tex_run(lm_text *t, const ropelaw_train_result *r, size_t i, size_t in_panel, double eval_len) {
    const ropelaw_train_run *run = &r->runs[i];
    const ropelaw_run *curve = &r->series.runs[i];
    size_t c = in_panel % CORE_COUNT(colours);
    tex_theory(t, run->closed_form, eval_len, "dashed, very thin", in_panel);
    tex_theory(t, run->coverage, eval_len, "dotted", in_panel);
    if (!run->onset.censored) {
        lm_text_add(t, "\\addplot[only marks, mark=*, c%zu, forget plot] coordinates {(", c);
        lm_text_number(t, run->onset.onset_tok, "");
        lm_text_add(t, ",0.2)};\n");
    }
    lm_text_add(t, "\\addplot[c%zu, thick] coordinates {", c);
    for (size_t k = 0; k < curve->n_points; k++) {
        lm_text_add(t, "(");
        lm_text_number(t, curve->points[k].eval_len_tok, ",");
        lm_text_number(t, curve->points[k].value - run->reference_nats, ") ");
    }
    lm_text_add(t, "};\n\\addlegendentry{");
    label(t, run);
    lm_text_add(t, "}\n");
}

void lm_plot_tex(lm_text *t, const ropelaw_train_result *r, double eval_len) {
    size_t in_panel = 0;
    lm_text_add(
        t,
        "%% Excess loss by length; dot: onset (+0.2 nat), dashed: closed form, dotted: phase coverage with "
        "phi = 1 rad.\n%% Needs \\usepackage{pgfplots} and \\pgfplotsset{compat=1.14} or later.\n");
    for (size_t i = 0; i < CORE_COUNT(colours); i++)
        lm_text_add(t, "\\definecolor{c%zu}{HTML}{%s}\n", i, colours[i]);
    for (size_t i = 0; i < r->n_runs; i++) {
        if (starts_panel(r, i)) {
            lm_text_add(
                t,
                "%s\\begin{tikzpicture}\n\\begin{axis}[title={%s}, xmode=log, log basis x=2, log ticks with "
                "fixed point, xmin=%d, xmax=",
                i ? "\\end{axis}\n\\end{tikzpicture}\n" : "", r->runs[i].model, FIRST_TOK);
            lm_text_number(t, eval_len, "");
            lm_text_add(
                t,
                ", ymin=0, ymax=%d, xlabel={length [token]}, ylabel={excess loss [nat]}, legend pos=outer "
                "north east, legend style={font=\\tiny}]\n",
                (int)most_nats);
            in_panel = 0;
        }
        tex_run(t, r, i, in_panel++, eval_len);
    }
    if (r->n_runs) lm_text_add(t, "\\end{axis}\n\\end{tikzpicture}\n");
}
