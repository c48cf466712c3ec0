#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What kind of value an item is.
typedef enum {
    CTOML_TABLE = 0,
    CTOML_ARRAY = 1,
    CTOML_TEXT = 2,
    CTOML_INTEGER = 3,
    CTOML_NUMBER = 4,
    CTOML_BOOLEAN = 5,
    /// A date, a time, or both: `text` is its TOML spelling.
    CTOML_DATE = 6,
} ctoml_kind;

/// One value of a document. A table or an array is followed by its `child_count` children, each
/// followed by its own.
typedef struct {
    uint32_t kind;
    uint32_t child_count;
    /// The key in the enclosing table, not terminated. Empty inside an array.
    const char *key;
    size_t key_length;
    uint32_t key_line, key_column;
    uint32_t line, column;
    const char *text;
    size_t text_length;
    int64_t integer;
    double number;
} ctoml_item;

typedef struct ctoml_document ctoml_document;

/// Parses TOML. Returns NULL if there is no memory.
ctoml_document *ctoml_parse(const char *source, size_t length);
/// The items, each table's in the order of its keys, the root table first. NULL if the source is
/// not TOML.
const ctoml_item *ctoml_items(const ctoml_document *document, size_t *count);
/// Why the source is not TOML, and where. NULL if it is TOML.
const char *ctoml_error(const ctoml_document *document, uint32_t *line, uint32_t *column);
void ctoml_free(ctoml_document *document);

#ifdef __cplusplus
}
#endif
