/* The loss of the committed models, against what their text costs and against the prototype's models of generated text
   (data/curves/small_models.csv), whose text was another draw of the same description: 400 words of 1-3 syllables, six
   successors, ... */
#include "csv_cells.h"
#include "curves.h"
#include "says.h"
#include "test.h"
#include <ropelaw/lm.h>
#include <string.h>

static const char *const guide = "docs/experiment.md";

/* Losses of the models of a set-up, three of them. */
static spread loss_of(const char *setup, double *v) {
    size_t n = 0;
    for (size_t m = 0; m < n_models; m++)
        for (size_t r = 0; r < n_runs; r++) {
            if (strcmp(runs[r].model, models[m]) || strcmp(runs[r].setup, setup)) continue;
            v[n++] = runs[r].pretrain_loss;
            break;
        }
    ck_assert_uint_eq(n, 3);
    return spread_of(v, n);
}

/* What a text of this description costs differs between languages: mean and standard deviation over 40 of them. */
static spread floors(ropelaw_lm_text_information *own) {
    enum { LANGUAGES = 40 };
    double sum = 0, squares = 0;
    ropelaw_lm_text_information floor;
    ropelaw_error error = {0};
    for (uint64_t language = 1; language <= LANGUAGES; language++) {
        test_assert_ok(ropelaw_lm_text_floor(language, ROPELAW_LM_HELD_OUT_DOC, 24, &floor, &error), error);
        sum += floor.topics_unknown_nats, squares += floor.topics_unknown_nats * floor.topics_unknown_nats;
    }
    test_assert_ok(ropelaw_lm_text_floor(42, ROPELAW_LM_HELD_OUT_DOC, 24, own, &error), error);
    double mean = sum / LANGUAGES;
    return (spread){mean, sqrt(squares / LANGUAGES - mean * mean), NAN};
}

START_TEST(losses_lie_above_the_floor) {
    ropelaw_lm_text_information floor;
    spread of_languages = floors(&floor);
    double v[3];
    for (size_t r = 0; r < n_runs; r++) ck_assert(runs[r].pretrain_loss > floor.topics_known_nats);
    spread loss = loss_of("t128-b500-w64", v);
    ck_assert(loss.mean > floor.topics_unknown_nats);
    test_says(guide, "the models of t128-b500-w64 have %.3f, %.3f and %.3f nat a byte", v[0], v[1], v[2]);
    test_says(guide, "%.3f with the topics of each document, %.3f without them", floor.topics_known_nats,
              floor.topics_unknown_nats);
    test_says(guide, "are %.2f above the second", loss.mean - floor.topics_unknown_nats);
    test_says(guide,
              "Over 40 languages of this generator the floor is %.3f with a standard deviation of %.3f",
              of_languages.mean, of_languages.sd);
    double narrow[3], wide[3];
    test_says(guide, "(width 32: %.2f, width 128: %.2f)", loss_of("t128-b500-w32", narrow).mean,
              loss_of("t128-b500-w128", wide).mean);
}
END_TEST

/* ---- the prototype */

typedef struct {
    char model[16];
    double sum, n, loss; /* mean over the trained length [nat] */
} prototype;

/* Its models of generated text (syn..., rec11 to rec13), each tuned with its own base and length: the curve holds means
   between one length and the next. */
static size_t read_prototypes(prototype *found, size_t most) {
    static char line[1024], header[1024];
    size_t n = 0;
    FILE *f = fopen("data/curves/small_models.csv", "r");
    ck_assert(f != NULL);
    header[0] = 0;
    while (fgets(line, sizeof line, f)) {
        char model[64];
        if (*line == '#') continue;
        if (!header[0]) {
            strcpy(header, line);
            continue;
        }
        copy_cell(model, sizeof model, line, header, "model");
        if (strncmp(model, "syn", 3) && strncmp(model, "rec1", 4)) continue;
        double tokens = number(line, header, "n_tokens"), train_len = number(line, header, "train_len_tok");
        if (number(line, header, "eval_len_tok") > train_len ||
            number(line, header, "tune_len_tok") != train_len ||
            number(line, header, "base") != number(line, header, "pretrain_base"))
            continue;
        if (!n || strcmp(found[n - 1].model, model)) {
            ck_assert(n < most && strlen(model) < sizeof found->model);
            memset(&found[n], 0, sizeof *found);
            strcpy(found[n++].model, model);
        }
        prototype *p = &found[n - 1];
        p->sum += tokens * number(line, header, "loss_nats"), p->n += tokens, p->loss = p->sum / p->n;
    }
    fclose(f);
    return n;
}

/* The recipe's models against the prototype's. Over all of its models of generated text (widths 64 and 128, one and two
   layers, training lengths 64 and 128, 500 to 2500 steps): within their range and within two standard deviations of their
   mean. Against the three of the recipe, which share one language: two standard deviations of the difference, that is of
   the floor between languages and of the prototype's evaluation: 0.021 nat, from the 0.102 nat between windows of 128 of
   the runs here and its 24 windows. */
START_TEST(the_loss_is_within_the_spread_of_the_prototypes) {
    prototype p[16];
    double all[16], recipe[16], v[3], lo = INFINITY, hi = 0, second = 0;
    size_t n = read_prototypes(p, 16), n_recipe = 0;
    for (size_t i = 0; i < n; i++) {
        all[i] = p[i].loss;
        if (!strncmp(p[i].model, "rec1", 4)) recipe[n_recipe++] = p[i].loss;
        lo = fmin(lo, p[i].loss);
        if (p[i].loss > hi)
            second = hi, hi = p[i].loss;
        else
            second = fmax(second, p[i].loss);
    }
    ck_assert(n == 9 && n_recipe == 3);
    spread of_all = spread_of(all, n), of_recipe = spread_of(recipe, 3);
    ropelaw_lm_text_information floor;
    double loss = loss_of("t128-b500-w64", v).mean, of_languages = floors(&floor).sd;
    double sd = sqrt(of_languages * of_languages + 0.021 * 0.021), away = (loss - of_recipe.mean) / sd;
    printf(
        "# loss %.4f; prototype: %.4f to %.4f, mean %.4f, sd %.4f, second %.4f; recipe %.4f, %.2f sd away\n",
        loss, lo, hi, of_all.mean, of_all.sd, second, of_recipe.mean, away);
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(v[i] > lo && v[i] < hi, "%g is outside %g to %g", v[i], lo, hi);
    ck_assert_msg(fabs(loss - of_all.mean) < 2 * of_all.sd, "%g, %g +- %g", loss, of_all.mean, of_all.sd);
    ck_assert_msg(fabs(away) < 2, "%g, expected %g within %g", loss, of_recipe.mean, 2 * sd);
    test_says(guide, "nine models of generated text have %.3f to %.3f (mean %.3f, standard deviation %.3f)",
              lo, hi, of_all.mean, of_all.sd);
    test_says(guide, "(the next highest has %.3f)", second);
    test_says(guide, "three of the recipe have %.3f, %.3f and %.3f", recipe[0], recipe[1], recipe[2]);
    test_says(guide, "%.1f standard deviations of the difference", away);
}
END_TEST

int main(void) {
    Suite *s = suite_create("curves_loss");
    const TTest *const tests[] = {losses_lie_above_the_floor, the_loss_is_within_the_spread_of_the_prototypes,
                                  NULL};
    test_add_after(s, "curves_loss", tests, load_curves);
    return test_run(s);
}
