#include "test.h"
#include <ropelaw/lm.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DOC = ROPELAW_LM_DOC_BYTES };

static char *generate(uint64_t seed, uint64_t first, size_t n) {
    char *text = malloc(n * DOC);
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_text(seed, first, n, text, &error), error);
    return text;
}

START_TEST(a_document_depends_on_seed_and_number_only) {
    char *three = generate(42, 5, 3), *one = generate(42, 7, 1), *other = generate(43, 7, 1);
    ck_assert(!memcmp(three + 2 * DOC, one, DOC));
    ck_assert(memcmp(other, one, DOC));
    ck_assert(memcmp(three, three + DOC, DOC));
    free(three), free(one), free(other);
}
END_TEST

START_TEST(text_is_words_and_sentences) {
    char *text = generate(1, 0, 2);
    for (size_t i = 0; i < 2 * DOC; i++) {
        char c = text[i];
        ck_assert((c >= 'a' && c <= 'z') || c == ' ' || c == '.' || c == '\n');
        ck_assert_int_eq(c == '\n', i % DOC == DOC - 1);
    }
    ck_assert_uint_eq(ropelaw_lm_text_vocab(text, 2 * DOC), 128);
    free(text);
}
END_TEST

/* Words as numbers of a dictionary made on the way; returns how many words. */
typedef struct {
    char word[400][8];
    size_t n_words, n, n_stops;
    uint16_t *sequence, *doc;
} corpus;

static void read_corpus(const char *text, size_t n_docs, corpus *c) {
    memset(c, 0, sizeof *c);
    c->sequence = calloc(n_docs * DOC, sizeof *c->sequence), c->doc = calloc(n_docs * DOC, sizeof *c->doc);
    for (size_t d = 0; d < n_docs; d++) {
        const char *p = text + d * DOC, *end = p + DOC - 16; /* the last word may be cut */
        while (p < end) {
            size_t length = strspn(p, "abcdefghijklmnopqrstuvwxyz"), i = 0;
            while (i < c->n_words && (strlen(c->word[i]) != length || strncmp(c->word[i], p, length))) i++;
            ck_assert_uint_lt(i, 400);
            if (i == c->n_words) memcpy(c->word[c->n_words++], p, length);
            c->sequence[c->n] = (uint16_t)i, c->doc[c->n++] = (uint16_t)d;
            c->n_stops += p[length] == '.';
            p += length + (p[length] == '.' ? 2 : 1);
        }
    }
}

/* 40 documents give n ~ 58000 words. Sentence ends: 0.08 with standard error sqrt(.08 * .92 / n) = 0.0011. A
   word's six commonest followers carry 0.60 plus what topic and Zipf words add to them (a share below 6 *
   (0.25 + 0.15) * 12/400): between 0.58 and 0.66. Bounds at 5 standard errors. */
START_TEST(statistics_are_those_documented) {
    enum { N_DOCS = 40 };
    char *text = generate(42, 0, N_DOCS);
    corpus c;
    read_corpus(text, N_DOCS, &c);
    ck_assert_uint_eq(c.n_words, 400);
    test_assert_abs((double)c.n_stops / (double)c.n, 0.08, 5 * 0.0011);
    uint32_t(*pairs)[400] = calloc(400, sizeof *pairs);
    for (size_t i = 0; i + 1 < c.n; i++) pairs[c.sequence[i]][c.sequence[i + 1]]++;
    double top = 0, all = 0;
    for (size_t w = 0; w < 400; w++) {
        for (size_t k = 0; k < 6; k++) {
            size_t best = 0;
            for (size_t v = 1; v < 400; v++)
                if (pairs[w][v] > pairs[w][best]) best = v;
            top += pairs[w][best], pairs[w][best] = 0, all += k == 0;
        }
    }
    double share = top / (double)(c.n - 1);
    ck_assert_msg(share > 0.58 && share < 0.66, "%g", share);
    free(pairs), free(c.sequence), free(c.doc), free(text);
}
END_TEST

/* Long-range structure: a word is likelier in a document that already had it than across documents. With 12
   topic words at 25 % the probability that two words of one document agree is higher by about 0.25^2 / 12 =
   0.0052. */
START_TEST(documents_have_topics) {
    enum { N_DOCS = 40 };
    char *text = generate(42, 0, N_DOCS);
    corpus c;
    read_corpus(text, N_DOCS, &c);
    double within = 0, n_within = 0, across = 0, n_across = 0;
    for (size_t i = 0; i + 3000 < c.n; i += 7) {
        within += c.sequence[i] == c.sequence[i + 200] && c.doc[i] == c.doc[i + 200],
            n_within += c.doc[i] == c.doc[i + 200];
        across += c.sequence[i] == c.sequence[i + 3000], n_across++;
    }
    double gain = within / n_within - across / n_across;
    /* standard error: sqrt(0.01 / 7000) = 0.0012 for each of the two */
    ck_assert_msg(gain > 0.0052 - 4 * 0.0017 && gain > 0.0017, "%g", gain);
    free(c.sequence), free(c.doc), free(text);
}
END_TEST

/* The floor by another route: from the text alone. With many documents the frequency of a word after a word tends to
   the probability that the floor without topics uses, topic words being equally likely over documents; its mean -ln is
   the conditional entropy H(word | word before). Estimated on half of the documents (with the 160000 pairs of words
   smoothed by 0.05 a pair, cross entropy is at least the entropy) and spent on the other half, in words: */
START_TEST(the_floor_is_the_entropy_of_the_text) {
    enum { N_DOCS = 200, HALF = N_DOCS / 2 };
    char *text = generate(42, 0, N_DOCS);
    corpus c;
    read_corpus(text, N_DOCS, &c);
    double(*pairs)[400] = calloc(400, sizeof *pairs), *from = calloc(400, sizeof *from), cost = 0,
    n_bytes = 0;
    for (size_t i = 0; i + 1 < c.n; i++)
        if (c.doc[i] < HALF) pairs[c.sequence[i]][c.sequence[i + 1]]++, from[c.sequence[i]]++;
    for (size_t i = 0; i + 1 < c.n; i++) {
        if (c.doc[i] < HALF || c.doc[i] != c.doc[i + 1]) continue;
        double p = (pairs[c.sequence[i]][c.sequence[i + 1]] + 0.05) / (from[c.sequence[i]] + 20);
        cost += -log(p) - 0.08 * log(0.08) - 0.92 * log(0.92);
        n_bytes += (double)strlen(c.word[c.sequence[i + 1]]) + 1.08;
    }
    ropelaw_lm_text_information floor;
    ropelaw_error error = {0};
    test_assert_ok(ropelaw_lm_text_floor(42, HALF, HALF, &floor, &error), error);
    double excess = cost / n_bytes - floor.topics_unknown_nats;
    /* learning 400 * 399 probabilities from n/2 = 152000 words costs at most (399 * 400 / 2) / n words of nats, 0.1 a
       byte; it is never a gain, up to the standard error of the mean over n/2 words, 1.8 / sqrt(152000) / 5.4 */
    ck_assert_msg(excess > -4 * 0.0009 && excess < 0.1, "%g", excess);
    /* knowing the topics gains about the information a topic word carries: a quarter of the words, one of 12 instead
       of one of 400, mixed with the rest: between 0.05 and 0.25 ln(400/12) / 5.4 = 0.16 nat a byte */
    double gain = floor.topics_unknown_nats - floor.topics_known_nats;
    ck_assert_msg(gain > 0.05 && gain < 0.16, "%g", gain);
    test_assert_fails(ropelaw_lm_text_floor(42, 0, 0, &floor, &error), ROPELAW_INVALID, error, "n_docs");
    free(pairs), free(from), free(c.sequence), free(c.doc), free(text);
}
END_TEST

static void write_file(const char *path, const char *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    ck_assert(f && fwrite(bytes, 1, n, f) == n && !fclose(f));
}

START_TEST(files_are_read_or_refused) {
    char path[] = "/tmp/ropelaw_text_XXXXXX";
    close(mkstemp(path));
    char *text = NULL;
    size_t n = 0;
    ropelaw_error error = {0};
    write_file(path, "some text\n", 10);
    test_assert_ok(ropelaw_lm_text_read(path, &text, &n, &error), error);
    ck_assert_uint_eq(n, 10);
    ck_assert(!memcmp(text, "some text\n", 10));
    ropelaw_lm_text_free(text);
    write_file(path, "one\ntwo\0", 8);
    test_assert_fails(ropelaw_lm_text_read(path, &text, &n, &error), ROPELAW_PARSE, error, "text");
    ck_assert_uint_eq(error.line, 2);
    ck_assert_str_eq(error.file, path);
    write_file(path, "", 0);
    test_assert_fails(ropelaw_lm_text_read(path, &text, &n, &error), ROPELAW_SHAPE, error, "text");
    unlink(path);
    test_assert_fails(ropelaw_lm_text_read(path, &text, &n, &error), ROPELAW_IO, error, "");
    ck_assert_uint_eq(ropelaw_lm_text_vocab("na\xc3\xafve", 6), 256);
}
END_TEST

int main(void) {
    Suite *s = suite_create("text");
    const TTest *const tests[] = {a_document_depends_on_seed_and_number_only,
                                  text_is_words_and_sentences,
                                  statistics_are_those_documented,
                                  documents_have_topics,
                                  the_floor_is_the_entropy_of_the_text,
                                  files_are_read_or_refused,
                                  NULL};
    test_add(s, "text", tests);
    return test_run(s);
}
