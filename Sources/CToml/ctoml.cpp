#include <stdexcept>

// With exceptions, the parser stops at its first error. Without, toml++ 3.3 reads on behind some
// errors and then fails its own assertions: bytes that are not UTF-8 in a comment do that. Its
// assertions throw, so that no file can end the process.
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#undef NDEBUG
#define TOML_ASSERT(expression) \
    ((expression) ? void() : throw std::logic_error("the parser contradicts itself"))
#include <toml++/toml.h>

#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include "ctoml.h"

struct ctoml_document {
    std::vector<ctoml_item> items;
    // Owns every key and text: a deque never moves what it holds.
    std::deque<std::string> texts;
    std::string error;
    uint32_t error_line = 0, error_column = 0;
};

namespace {

void keep(ctoml_document &document, std::string_view text, const char *&start, size_t &length) {
    document.texts.emplace_back(text);
    start = document.texts.back().data();
    length = document.texts.back().size();
}

void append(ctoml_document &document, const toml::key *key, const toml::node &node) {
    ctoml_item item = {};
    item.line = node.source().begin.line;
    item.column = node.source().begin.column;
    if (key) {
        keep(document, key->str(), item.key, item.key_length);
        item.key_line = key->source().begin.line;
        item.key_column = key->source().begin.column;
    }
    if (const auto *table = node.as_table()) {
        item.kind = CTOML_TABLE;
        item.child_count = static_cast<uint32_t>(table->size());
        document.items.push_back(item);
        for (const auto &[name, child] : *table) append(document, &name, child);
        return;
    }
    if (const auto *array = node.as_array()) {
        item.kind = CTOML_ARRAY;
        item.child_count = static_cast<uint32_t>(array->size());
        document.items.push_back(item);
        for (const auto &child : *array) append(document, nullptr, child);
        return;
    }
    if (const auto *text = node.as_string()) {
        item.kind = CTOML_TEXT;
        keep(document, text->get(), item.text, item.text_length);
    } else if (const auto *integer = node.as_integer()) {
        item.kind = CTOML_INTEGER;
        item.integer = integer->get();
    } else if (const auto *number = node.as_floating_point()) {
        item.kind = CTOML_NUMBER;
        item.number = number->get();
    } else if (const auto *boolean = node.as_boolean()) {
        item.kind = CTOML_BOOLEAN;
        item.integer = boolean->get() ? 1 : 0;
    } else {
        item.kind = CTOML_DATE;
        std::ostringstream spelling;
        node.visit([&](const auto &value) { spelling << value; });
        keep(document, spelling.str(), item.text, item.text_length);
    }
    document.items.push_back(item);
}

}  // namespace

extern "C" ctoml_document *ctoml_parse(const char *source, size_t length) {
    ctoml_document *document = nullptr;
    try {
        document = new ctoml_document;
        try {
            append(*document, nullptr, toml::parse(std::string_view(source, length)));
        } catch (const toml::parse_error &error) {
            document->error = std::string(error.description());
            document->error_line = error.source().begin.line;
            document->error_column = error.source().begin.column;
        } catch (const std::logic_error &error) {
            document->items.clear();
            document->error = error.what();
        }
        return document;
    } catch (...) {
        delete document;
        return nullptr;
    }
}

extern "C" const ctoml_item *ctoml_items(const ctoml_document *document, size_t *count) {
    *count = document->items.size();
    return document->items.empty() ? nullptr : document->items.data();
}

extern "C" const char *ctoml_error(
    const ctoml_document *document, uint32_t *line, uint32_t *column) {
    if (!document->items.empty()) return nullptr;
    *line = document->error_line;
    *column = document->error_column;
    return document->error.c_str();
}

extern "C" void ctoml_free(ctoml_document *document) { delete document; }
