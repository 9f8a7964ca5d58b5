/* What the files behind <ropelaw/series.h> share, and importers use to build runs. */
#ifndef ROPELAW_TABLE_SERIES_H
#define ROPELAW_TABLE_SERIES_H

#include "core/core.h"
#include <ropelaw/series.h>

/* The numeric facts of a run: column, place in ropelaw_run, range. */
typedef struct {
    const char *column;
    size_t offset; /* of a double in ropelaw_run */
    const char *range;
    bool (*good)(double value);
    bool is_length; /* takes 32k */
} table_fact;

enum { TABLE_FACTS = 6 };
extern const table_fact table_facts[TABLE_FACTS];

/* The columns of the long CSV, in the order in which they are written. VALUE and SE stand for three each, in
   the order of ropelaw_value_kind, FACT for TABLE_FACTS. */
enum {
    TABLE_RUN,
    TABLE_LENGTH,
    TABLE_VALUE,
    TABLE_SE = TABLE_VALUE + 3,
    TABLE_N_TOKENS = TABLE_SE + 3,
    TABLE_N_TRIALS,
    TABLE_DOC,
    TABLE_REPLICATE,
    TABLE_CENSORED,
    TABLE_MODEL,
    TABLE_METHOD,
    TABLE_DIGITISED,
    TABLE_FACT,
    TABLE_COLUMNS = TABLE_FACT + TABLE_FACTS
};
const char *table_column_name(int column);

/* A run without points and facts, its strings allocated; points and docs grow by the two calls below. */
ropelaw_status table_run_init(ropelaw_run *run, const char *name, ropelaw_value_kind kind,
                              ropelaw_error *error);
void table_run_clear(ropelaw_run *run);
double *table_run_fact(ropelaw_run *run, const table_fact *fact);

/* Append: arrays double their room, which is derived from the count. */
ropelaw_status table_series_add_run(ropelaw_series *series, ropelaw_run *run, ropelaw_error *error);
ropelaw_status table_run_add_point(ropelaw_run *run, const ropelaw_point *point, ropelaw_error *error);
ropelaw_status table_run_add_doc(ropelaw_run *run, const char *name, ropelaw_error *error);
/* One more column that ropelaw does not know; all of them before the first row of their cells. */
ropelaw_status table_run_add_extra(ropelaw_run *run, const char *column, ropelaw_error *error);
/* The cells of one row, in the order of the columns ("": empty); *row is what the point remembers, 0 if all are
   empty. */
ropelaw_status table_run_add_cells(ropelaw_run *run, const char *const *cells, size_t *row,
                                   ropelaw_error *error);
ropelaw_status table_series_add_key(ropelaw_series *series, const char *key, const char *value,
                                    ropelaw_error *error);
ropelaw_status table_series_add_note(ropelaw_series *series, const char *note, ropelaw_error *error);

/* Points by length, ties by line. */
void table_run_sort(ropelaw_run *run);

/* Parse and free `text` (text[length] writable): what the two public readers share. */
ropelaw_status table_series_take(char *text, size_t length, const char *name, ropelaw_series *series,
                                 ropelaw_error *error);

#endif
