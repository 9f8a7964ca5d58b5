/* The built-in language. Everything random comes from Philox streams of one seed: stream 0 draws the lexicon
   and the successors, stream 1 + document number a document, so documents can be made in any order. */
#include "core/core.h"
#include <ropelaw/lm.h>
#include <ropelaw/random.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_WORDS = 400, N_SUCCESSORS = 6, N_TOPIC = 12, MOST_LETTERS = 6 };
static const double p_successor = 0.60, p_topic = 0.25, p_stop = 0.08;

typedef struct {
    char word[N_WORDS][MOST_LETTERS + 1];
    uint16_t successor[N_WORDS][N_SUCCESSORS];
    double zipf[N_WORDS]; /* cumulative probabilities of rank 1 .. N_WORDS */
} language;

static void draw_word(ropelaw_random *r, char *word) {
    static const char consonants[] = "bcdfghjklmnprstvwz", vowels[] = "aeiou";
    size_t n = 1 + ropelaw_random_below(r, 3);
    for (size_t i = 0; i < n; i++) {
        *word++ = consonants[ropelaw_random_below(r, sizeof consonants - 1)];
        *word++ = vowels[ropelaw_random_below(r, sizeof vowels - 1)];
    }
    *word = 0;
}

static int is_new(const language *l, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(l->word[i], l->word[n])) return 0;
    return 1;
}

static size_t zipf_word(const language *l, double u) {
    size_t i = 0;
    while (i < N_WORDS - 1 && u > l->zipf[i]) i++;
    return i;
}

static void draw_language(uint64_t seed, language *l) {
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 0);
    double total = 0;
    for (size_t i = 0; i < N_WORDS; i++) {
        do draw_word(&r, l->word[i]);
        while (!is_new(l, i));
        total += 1.0 / (double)(i + 1);
        l->zipf[i] = total;
    }
    for (size_t i = 0; i < N_WORDS; i++) l->zipf[i] /= total;
    for (size_t i = 0; i < N_WORDS; i++)
        for (size_t j = 0; j < N_SUCCESSORS; j++)
            l->successor[i][j] = (uint16_t)zipf_word(l, ropelaw_random_uniform(&r));
}

static size_t next_word(const language *l, const uint16_t *topic, size_t last, ropelaw_random *r) {
    double u = ropelaw_random_uniform(r);
    if (u < p_successor) return l->successor[last][ropelaw_random_below(r, N_SUCCESSORS)];
    if (u < p_successor + p_topic) return topic[ropelaw_random_below(r, N_TOPIC)];
    return zipf_word(l, ropelaw_random_uniform(r));
}

/* What an observer pays for the words of a text who knows the language: sums of -ln P(word | word before), by the
   topics of each document and with topics unknown, when any word is a topic as likely as any other. */
typedef struct {
    core_sum known, unknown;
    double n_bytes;
} information;

static void tell_word(information *told, const language *l, const uint16_t *topic, size_t last, size_t word) {
    double p = (1 - p_successor - p_topic) * (l->zipf[word] - (word ? l->zipf[word - 1] : 0)), unknown;
    for (size_t i = 0; i < N_SUCCESSORS; i++)
        if (l->successor[last][i] == word) p += p_successor / N_SUCCESSORS;
    unknown = p + p_topic / N_WORDS;
    for (size_t i = 0; i < N_TOPIC; i++)
        if (topic[i] == word) p += p_topic / N_TOPIC;
    core_sum_add(&told->known, -log(p));
    core_sum_add(&told->unknown, -log(unknown));
    told->n_bytes += (double)strlen(l->word[word]) + 1;
}

static void tell_stop(information *told, bool stop) {
    double p = stop ? p_stop : 1 - p_stop;
    core_sum_add(&told->known, -log(p));
    core_sum_add(&told->unknown, -log(p));
    told->n_bytes += stop;
}

static void write_document(const language *l, uint64_t seed, uint64_t doc, char *text, information *told) {
    ropelaw_random r;
    ropelaw_random_init(&r, seed, 1 + doc);
    uint16_t topic[N_TOPIC];
    for (size_t i = 0; i < N_TOPIC; i++) topic[i] = (uint16_t)ropelaw_random_below(&r, N_WORDS);
    size_t word = topic[0];
    char *end = text + ROPELAW_LM_DOC_BYTES - 1;
    *end = '\n';
    for (char *p = text; p < end;) {
        size_t last = word;
        word = next_word(l, topic, word, &r);
        const char *stop = ropelaw_random_uniform(&r) < p_stop ? ". " : " ";
        if (told) tell_word(told, l, topic, last, word), tell_stop(told, *stop == '.');
        for (const char *c = l->word[word]; *c && p < end; c++) *p++ = *c;
        for (; *stop && p < end; stop++) *p++ = *stop;
    }
}

ropelaw_status ropelaw_lm_text(uint64_t seed, uint64_t first_doc, size_t n_docs, char *text,
                               ropelaw_error *error) {
    if (!text) return core_fail(error, ROPELAW_INVALID, "text", "", "", "text is NULL");
    language *l = core_malloc(1, sizeof *l);
    if (!l) return core_fail_memory(error, 1, sizeof *l);
    draw_language(seed, l);
    for (size_t i = 0; i < n_docs; i++)
        write_document(l, seed, first_doc + i, text + i * ROPELAW_LM_DOC_BYTES, NULL);
    core_free(l);
    return ROPELAW_OK;
}

ropelaw_status ropelaw_lm_text_floor(uint64_t seed, uint64_t first_doc, size_t n_docs,
                                     ropelaw_lm_text_information *floor, ropelaw_error *error) {
    if (!floor || !n_docs)
        return core_fail(error, ROPELAW_INVALID, floor ? "n_docs" : "floor", "", "",
                         "a required argument is missing");
    language *l = core_malloc(1, sizeof *l + ROPELAW_LM_DOC_BYTES);
    if (!l) return core_fail_memory(error, 1, sizeof *l + ROPELAW_LM_DOC_BYTES);
    information told = {0};
    draw_language(seed, l);
    for (size_t i = 0; i < n_docs; i++) write_document(l, seed, first_doc + i, (char *)(l + 1), &told);
    core_free(l);
    floor->topics_known_nats = core_sum_value(&told.known) / told.n_bytes;
    floor->topics_unknown_nats = core_sum_value(&told.unknown) / told.n_bytes;
    return ROPELAW_OK;
}

/* ---- text from a file ---- */

static ropelaw_status io_failure(const char *path, ropelaw_error *error) {
    core_fail(error, ROPELAW_IO, "", "", "", "cannot read: %s", strerror(errno));
    core_error_at(error, path, 0);
    return ROPELAW_IO;
}

static ropelaw_status read_all(FILE *file, const char *path, char **text, size_t *n_bytes,
                               ropelaw_error *error) {
    size_t room = 1 << 16, n = 0;
    char *data = core_malloc(room, 1);
    while (data) {
        n += fread(data + n, 1, room - n, file);
        if (n < room) break;
        char *more = room > SIZE_MAX / 2 ? NULL : core_realloc(data, room *= 2, 1);
        if (!more) core_free(data);
        data = more;
    }
    if (!data) return core_fail_memory(error, room, 1);
    if (ferror(file)) {
        core_free(data);
        return io_failure(path, error);
    }
    *text = data, *n_bytes = n;
    return ROPELAW_OK;
}

static ropelaw_status check_text(const char *text, size_t n, const char *path, ropelaw_error *error) {
    if (!n) core_fail(error, ROPELAW_SHAPE, "text", "", "", "the text is empty");
    const char *nul = n ? memchr(text, 0, n) : NULL;
    if (nul) {
        size_t line = 1;
        for (const char *p = text; p < nul; p++) line += *p == '\n';
        core_fail(error, ROPELAW_PARSE, "text", "", "",
                  "a NUL byte at offset %zu: this is a binary file, not text", (size_t)(nul - text));
        core_error_at(error, path, line);
        return ROPELAW_PARSE;
    }
    if (n) return ROPELAW_OK;
    core_error_at(error, path, 0);
    return ROPELAW_SHAPE;
}

ropelaw_status ropelaw_lm_text_read(const char *path, char **text, size_t *n_bytes, ropelaw_error *error) {
    if (!path || !text || !n_bytes)
        return core_fail(error, ROPELAW_INVALID, !path ? "path" : "text", "", "",
                         "a required argument is NULL");
    FILE *file = fopen(path, "rb");
    if (!file) return io_failure(path, error);
    char *data = NULL;
    size_t n = 0;
    ropelaw_status status = read_all(file, path, &data, &n, error);
    fclose(file);
    if (status) return status;
    if ((status = check_text(data, n, path, error))) {
        core_free(data);
        return status;
    }
    *text = data, *n_bytes = n;
    return ROPELAW_OK;
}

void ropelaw_lm_text_free(char *text) {
    core_free(text);
}

size_t ropelaw_lm_text_vocab(const char *text, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++)
        if ((unsigned char)text[i] >= 128) return 256;
    return 128;
}
