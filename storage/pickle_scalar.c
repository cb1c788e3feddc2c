/* The instructions of a pickle that push a scalar, and how its bytes are read. */
#include "storage/pickle_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT_BYTES = 64 };

enum status pickle_take(struct pickle_bytes *out, struct pickle *pickle, uint64_t byte_count)
{
    *out = (struct pickle_bytes){ 0 };
    if (byte_count > pickle->byte_count - pickle->at)
        return pickle_fail(pickle, "cut short");
    *out = (struct pickle_bytes){ .at = pickle->bytes + pickle->at, .count = (size_t)byte_count };
    pickle->at += (size_t)byte_count;
    return STATUS_OK;
}

enum status pickle_take_number(uint64_t *out, struct pickle *pickle, size_t width)
{
    struct pickle_bytes bytes;
    const enum status outcome = pickle_take(&bytes, pickle, width);
    *out = 0;
    if (outcome == STATUS_OK)
        for (size_t i = width; i-- > 0;)
            *out = *out << 8 | bytes.at[i];
    return outcome;
}

enum status pickle_take_line(struct pickle_bytes *out, struct pickle *pickle)
{
    const uint8_t *at = pickle->bytes + pickle->at;
    const uint8_t *end = memchr(at, '\n', pickle->byte_count - pickle->at);
    *out = (struct pickle_bytes){ 0 };
    if (end == NULL)
        return pickle_fail(pickle, "cut short");
    *out = (struct pickle_bytes){ .at = at, .count = (size_t)(end - at) };
    pickle->at += out->count + 1;
    return STATUS_OK;
}

enum status pickle_take_memo_index(uint64_t *index, struct pickle *pickle, uint8_t code)
{
    if (code == 'q' || code == 'h')
        return pickle_take_number(index, pickle, 1);
    if (code == 'r' || code == 'j')
        return pickle_take_number(index, pickle, 4);

    struct pickle_bytes line;
    const enum status outcome = pickle_take_line(&line, pickle);
    *index = 0;
    if (outcome != STATUS_OK)
        return outcome;
    if (line.count == 0 || line.count > 9)
        return pickle_fail(pickle, "a memo index that is none");
    for (size_t i = 0; i < line.count; i++) {
        if (line.at[i] < '0' || line.at[i] > '9')
            return pickle_fail(pickle, "a memo index that is none");
        *index = *index * 10 + (line.at[i] - '0');
    }
    return STATUS_OK;
}

static enum status push_value(struct pickle *pickle, struct pickle_value value)
{
    struct pickle_value *made = NULL;
    const enum status outcome = pickle_make(&made, pickle, value.kind);
    if (outcome != STATUS_OK)
        return outcome;
    *made = value;
    return pickle_push(pickle, &pickle->stack, made);
}

/* Text or bytes behind a length of `width` bytes. */
static enum status push_bytes(struct pickle *pickle, enum pickle_kind kind, size_t width)
{
    uint64_t byte_count;
    struct pickle_value value = { .kind = kind };
    enum status outcome = pickle_take_number(&byte_count, pickle, width);
    if (outcome == STATUS_OK)
        outcome = pickle_take(&value.bytes, pickle, byte_count);
    return outcome == STATUS_OK ? push_value(pickle, value) : outcome;
}

static enum status push_unsigned(struct pickle *pickle, size_t width)
{
    uint64_t number;
    const enum status outcome = pickle_take_number(&number, pickle, width);
    if (outcome != STATUS_OK)
        return outcome;
    return push_value(pickle,
                      (struct pickle_value){ .kind = PICKLE_INTEGER, .integer = (int64_t)number });
}

static enum status push_signed_32(struct pickle *pickle)
{
    uint64_t number;
    const enum status outcome = pickle_take_number(&number, pickle, 4);
    if (outcome != STATUS_OK)
        return outcome;
    return push_value(pickle, (struct pickle_value){ .kind = PICKLE_INTEGER,
                                                     .integer = (int32_t)(uint32_t)number });
}

/* Two's complement of any length: up to 64 bits as a number, beyond that as its bytes. */
static enum status push_long(struct pickle *pickle, size_t width)
{
    uint64_t byte_count, number = 0;
    struct pickle_value value = { .kind = PICKLE_INTEGER };
    enum status outcome = pickle_take_number(&byte_count, pickle, width);
    if (outcome == STATUS_OK)
        outcome = pickle_take(&value.bytes, pickle, byte_count);
    if (outcome != STATUS_OK)
        return outcome;
    if (byte_count > 8) {
        value.kind = PICKLE_BIG;
        return push_value(pickle, value);
    }
    if (byte_count > 0 && value.bytes.at[byte_count - 1] >= 0x80)
        number = UINT64_MAX;
    for (size_t i = (size_t)byte_count; i-- > 0;)
        number = number << 8 | value.bytes.at[i];
    value.integer = (int64_t)number;
    value.bytes = (struct pickle_bytes){ 0 };
    return push_value(pickle, value);
}

/* Eight bytes, the highest first. */
static enum status push_double(struct pickle *pickle)
{
    struct pickle_bytes bytes;
    const enum status outcome = pickle_take(&bytes, pickle, 8);
    if (outcome != STATUS_OK)
        return outcome;
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; i++)
        bits = bits << 8 | bytes.at[i];
    struct pickle_value value = { .kind = PICKLE_NUMBER };
    memcpy(&value.number, &bits, sizeof bits);
    return push_value(pickle, value);
}

/* A number as a line of text: "12", "12L", "01" for True, "1.5". */
static enum status push_number_line(struct pickle *pickle, uint8_t code)
{
    char text[NUMBER_TEXT_BYTES], *end;
    struct pickle_bytes line;
    const enum status outcome = pickle_take_line(&line, pickle);
    if (outcome != STATUS_OK)
        return outcome;
    if (line.count == 0 || line.count >= sizeof text)
        return pickle_fail(pickle, "a number that is none");
    memcpy(text, line.at, line.count);
    text[line.count] = '\0';
    if (code == 'L' && text[line.count - 1] == 'L')
        text[line.count - 1] = '\0';

    struct pickle_value value = { .kind = code == 'F' ? PICKLE_NUMBER : PICKLE_INTEGER };
    errno = 0;
    if (code == 'F')
        value.number = strtod(text, &end);
    else
        value.integer = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || (code != 'F' && errno != 0))
        return pickle_fail(pickle, "a number that is none, or beyond 64 bits");
    if (code == 'I' && line.count == 2 && text[0] == '0')
        value.kind = PICKLE_SWITCH;
    return push_value(pickle, value);
}

/* A line of text: 'V' bare, 'S' in quotes. */
static enum status push_text_line(struct pickle *pickle, uint8_t code)
{
    struct pickle_value value = { .kind = PICKLE_TEXT };
    const enum status outcome = pickle_take_line(&value.bytes, pickle);
    if (outcome != STATUS_OK)
        return outcome;
    if (memchr(value.bytes.at, '\\', value.bytes.count) != NULL)
        return status_fail(STATUS_INVALID, "%s: pickle at byte %zu: escapes are not supported",
                           pickle->name, pickle->at);
    if (code == 'S') {
        if (value.bytes.count < 2)
            return pickle_fail(pickle, "a string without quotes");
        value.bytes.at++;
        value.bytes.count -= 2;
    }
    return push_value(pickle, value);
}

static enum status push_plain(struct pickle *pickle, enum pickle_kind kind, int64_t integer)
{
    return push_value(pickle, (struct pickle_value){ .kind = kind, .integer = integer });
}

enum status pickle_push_scalar(struct pickle *pickle, uint8_t code, bool *is_known)
{
    *is_known = true;
    switch (code) {
    case 'N': /* None */
        return push_plain(pickle, PICKLE_NONE, 0);
    case 0x88: /* True */
    case 0x89: /* False */
        return push_plain(pickle, PICKLE_SWITCH, code == 0x88);
    case 'K': /* 1, 2 and 4 bytes */
        return push_unsigned(pickle, 1);
    case 'M':
        return push_unsigned(pickle, 2);
    case 'J':
        return push_signed_32(pickle);
    case 0x8a: /* long behind a length of 1 or 4 bytes */
        return push_long(pickle, 1);
    case 0x8b:
        return push_long(pickle, 4);
    case 'G':
        return push_double(pickle);
    case 'I':
    case 'L':
    case 'F':
        return push_number_line(pickle, code);
    case 'S':
    case 'V':
        return push_text_line(pickle, code);
    case 'U': /* text behind a length of 1, 4 or 8 bytes, of Python 2 and 3 */
    case 0x8c:
        return push_bytes(pickle, PICKLE_TEXT, 1);
    case 'T':
    case 'X':
        return push_bytes(pickle, PICKLE_TEXT, 4);
    case 0x8d:
        return push_bytes(pickle, PICKLE_TEXT, 8);
    case 'C': /* bytes and bytearray, likewise */
        return push_bytes(pickle, PICKLE_BYTES, 1);
    case 'B':
        return push_bytes(pickle, PICKLE_BYTES, 4);
    case 0x8e:
    case 0x96:
        return push_bytes(pickle, PICKLE_BYTES, 8);
    default:
        *is_known = false;
        return STATUS_OK;
    }
}
