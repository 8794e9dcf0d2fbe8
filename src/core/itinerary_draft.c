
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdio.h>
#include <string.h>

#include "itinerary_char.h"
#include "itinerary_draft.h"
#include "itinerary_name.h"


#define ITINERARY_DRAFT_FIELD_MAX  255

#define itinerary_draft_bit(element)  (1u << (element))


typedef struct {
    itinerary_element_e    element;
    size_t                 offset;    /* in the document */
} itinerary_draft_field_t;


static itinerary_result_e itinerary_draft_booking(itinerary_draft_t *draft,
    unsigned line);
static itinerary_result_e itinerary_draft_grow(itinerary_draft_t *draft);
static itinerary_result_e itinerary_draft_booked(itinerary_draft_t *draft);
static unsigned itinerary_draft_hash(const itinerary_str_t *name);
static itinerary_result_e itinerary_draft_name(itinerary_draft_t *draft,
    itinerary_element_e element);
static itinerary_result_e itinerary_draft_confirmation(
    itinerary_draft_t *draft);
static itinerary_result_e itinerary_draft_field(itinerary_draft_t *draft,
    itinerary_element_e element);
static itinerary_result_e itinerary_draft_id(itinerary_draft_t *draft,
    itinerary_str_t *id);
static void itinerary_draft_cut(itinerary_str_t *text);
static itinerary_result_e itinerary_draft_violation(
    itinerary_draft_t *draft, itinerary_element_e element, const char *what);
static itinerary_result_e itinerary_draft_refuse(itinerary_draft_t *draft,
    itinerary_reason_e reason, const char *text);


static const itinerary_draft_field_t  itinerary_draft_fields[] = {

    { ITINERARY_EL_TRIP_STATUS,
          offsetof(itinerary_document_t, trip_status) },
    { ITINERARY_EL_TRIP_ID,
          offsetof(itinerary_document_t, trip_id) },
    { ITINERARY_EL_ITIN_LOCATOR,
          offsetof(itinerary_document_t, itin_locator) },
    { ITINERARY_EL_ID,
          offsetof(itinerary_document_t, id) },
    { ITINERARY_EL_TRIP_NAME,
          offsetof(itinerary_document_t, trip_name) },
    { ITINERARY_EL_START,
          offsetof(itinerary_document_t, start) },
    { ITINERARY_EL_END,
          offsetof(itinerary_document_t, end) }
};

#define ITINERARY_DRAFT_NFIELDS                                              \
    (sizeof(itinerary_draft_fields) / sizeof(itinerary_draft_fields[0]))


/* what a name's result means for a post */

static const char *const  itinerary_draft_names[] = {
    [ITINERARY_NAME_EMPTY] = "is empty",
    [ITINERARY_NAME_TOO_LONG] = "is too long",
    [ITINERARY_NAME_BAD_CHARACTER] = "has a character that is not allowed"
};


void
itinerary_draft_init(itinerary_draft_t *draft, itinerary_pool_t *pool,
    const itinerary_reader_conf_t *conf)
{
    memset(draft, 0, sizeof(itinerary_draft_t));

    draft->pool = pool;
    draft->conf = conf;

    itinerary_violations_init(&draft->violations, pool, &draft->document);
}


int
itinerary_draft_has(const itinerary_draft_t *draft,
    itinerary_element_e element)
{
    return (draft->seen & itinerary_draft_bit(element)) != 0;
}


itinerary_result_e
itinerary_draft_begin(itinerary_draft_t *draft, itinerary_element_e element,
    unsigned line)
{
    draft->seen |= itinerary_draft_bit(element);

    switch (element) {

    case ITINERARY_EL_BOOKING:
        return itinerary_draft_booking(draft, line);

    case ITINERARY_EL_SEGMENT:
        draft->document.bookings[draft->document.nbookings - 1].segments++;
        draft->seen &= ~itinerary_draft_bit(ITINERARY_EL_CONFIRMATION);
        break;

    case ITINERARY_EL_PASSENGER:
        draft->passengers++;
        break;

    default:

        if (itinerary_elements[element].flags & ITINERARY_EL_TEXT) {
            draft->line = line;
            draft->len = 0;
            draft->cut = 0;
        }
    }

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_draft_end(itinerary_draft_t *draft, itinerary_element_e element)
{
    switch (element) {

    case ITINERARY_EL_BOOKING:
        return itinerary_draft_booked(draft);

    case ITINERARY_EL_RECORD_LOCATOR:
    case ITINERARY_EL_BOOKING_SOURCE:
        return itinerary_draft_name(draft, element);

    case ITINERARY_EL_CONFIRMATION:
        return itinerary_draft_confirmation(draft);

    default:

        if (itinerary_elements[element].flags & ITINERARY_EL_TEXT) {
            return itinerary_draft_field(draft, element);
        }
    }

    return ITINERARY_OK;
}


/* white space before the text is not kept, so that it cannot hide the text */

void
itinerary_draft_text(itinerary_draft_t *draft, const u_char *data, size_t len)
{
    size_t  rest;

    if (draft->len == 0) {
        while (len && itinerary_is_space(*data)) {
            data++;
            len--;
        }
    }

    rest = ITINERARY_DRAFT_TEXT_MAX - draft->len;

    if (len > rest) {
        len = rest;
        draft->cut = 1;
    }

    memcpy(draft->buf + draft->len, data, len);
    draft->len += len;
}


void
itinerary_draft_path(const itinerary_draft_t *draft,
    itinerary_element_e element, const char *name, char *path, size_t size)
{
    int                         n;
    unsigned                    index;
    itinerary_element_e         steps[ITINERARY_EL_MAX];
    const itinerary_element_t  *row;
    const itinerary_document_t *document;

    n = 0;

    document = &draft->document;
    path[0] = '\0';

    while (element > ITINERARY_EL_DOCUMENT) {
        steps[n++] = element;

        if (element == ITINERARY_EL_BOOKING
            && document->root == ITINERARY_ROOT_BOOKING)
        {
            break;
        }

        element = itinerary_elements[element].parent;
    }

    while (n-- && size > 1) {
        row = &itinerary_elements[steps[n]];
        index = 0;

        if (steps[n] == ITINERARY_EL_BOOKING
            && document->root != ITINERARY_ROOT_BOOKING)
        {
            index = document->nbookings;

        } else if (steps[n] == ITINERARY_EL_SEGMENT) {
            index = document->bookings[document->nbookings - 1].segments;

        } else if (steps[n] == ITINERARY_EL_PASSENGER) {
            index = draft->passengers;
        }

        (void) snprintf(path, size, index ? "/%s[%u]" : "/%s",
                        (char *) row->name.data, index);

        index = strlen(path);
        path += index;
        size -= index;
    }

    if (name) {
        (void) snprintf(path, size, "/%s", name);
    }
}


static itinerary_result_e
itinerary_draft_booking(itinerary_draft_t *draft, unsigned line)
{
    itinerary_booking_t   *booking;
    itinerary_document_t  *document;

    document = &draft->document;

    if (document->nbookings == draft->conf->max_bookings) {
        return itinerary_draft_refuse(draft, ITINERARY_BODY_TOO_LARGE,
                                      "more bookings than are allowed");
    }

    if (document->nbookings == draft->allocated
        && itinerary_draft_grow(draft) != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    booking = &document->bookings[document->nbookings++];

    memset(booking, 0, sizeof(itinerary_booking_t));
    booking->line = line;

    draft->booking = 1;
    draft->passengers = 0;
    draft->seen &= ~(itinerary_draft_bit(ITINERARY_EL_SEGMENTS)
                     | itinerary_draft_bit(ITINERARY_EL_RECORD_LOCATOR)
                     | itinerary_draft_bit(ITINERARY_EL_BOOKING_SOURCE));

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_draft_grow(itinerary_draft_t *draft)
{
    unsigned              *hashes, n;
    itinerary_pool_t      *pool;
    itinerary_booking_t   *bookings;
    itinerary_document_t  *document;

    pool = draft->pool;
    document = &draft->document;

    n = draft->allocated ? draft->allocated : 4;

    if (n > draft->conf->max_bookings - draft->allocated) {
        n = draft->conf->max_bookings - draft->allocated;
    }

    n += draft->allocated;

    bookings = pool->alloc(pool->data, n * sizeof(itinerary_booking_t));
    if (bookings == NULL) {
        return ITINERARY_NOMEM;
    }

    hashes = pool->alloc(pool->data, n * sizeof(unsigned));
    if (hashes == NULL) {
        return ITINERARY_NOMEM;
    }

    if (document->nbookings) {
        memcpy(bookings, document->bookings,
               document->nbookings * sizeof(itinerary_booking_t));
        memcpy(hashes, draft->hashes,
               document->nbookings * sizeof(unsigned));
    }

    document->bookings = bookings;
    draft->hashes = hashes;
    draft->allocated = n;

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_draft_booked(itinerary_draft_t *draft)
{
    unsigned              i, hash;
    itinerary_booking_t  *booking, *bookings;

    draft->booking = 0;

    i = draft->document.nbookings - 1;
    bookings = draft->document.bookings;
    booking = &bookings[i];

    draft->hashes[i] = 0;

    if (booking->locator.len == 0 || booking->source.len == 0) {
        return ITINERARY_OK;
    }

    if (itinerary_booking_name(draft->pool, &booking->source,
                               &booking->locator, &booking->name)
        != ITINERARY_OK)
    {
        return ITINERARY_NOMEM;
    }

    if (draft->conf->reading != ITINERARY_READ_POST) {
        return ITINERARY_OK;
    }

    hash = itinerary_draft_hash(&booking->name);
    draft->hashes[i] = hash;

    while (i--) {
        if (draft->hashes[i] == hash
            && itinerary_equal(&bookings[i].name, &booking->name))
        {
            return itinerary_draft_refuse(draft, ITINERARY_AMBIGUOUS_BODY,
                                          "the same booking twice");
        }
    }

    return ITINERARY_OK;
}


/* FNV-1a; a collision costs a comparison */

static unsigned
itinerary_draft_hash(const itinerary_str_t *name)
{
    size_t    i;
    unsigned  hash;

    hash = 2166136261u;

    for (i = 0; i < name->len; i++) {
        hash = (hash ^ name->data[i]) * 16777619u;
    }

    return hash;
}


static itinerary_result_e
itinerary_draft_name(itinerary_draft_t *draft, itinerary_element_e element)
{
    itinerary_str_t       text;
    itinerary_name_e      rc;
    itinerary_booking_t  *booking;

    booking = &draft->document.bookings[draft->document.nbookings - 1];

    text.data = draft->buf;
    text.len = draft->len;

    if (draft->cut) {
        rc = ITINERARY_NAME_TOO_LONG;

    } else if (element == ITINERARY_EL_RECORD_LOCATOR) {
        rc = itinerary_locator(draft->pool, &text, &booking->locator);

    } else {
        rc = itinerary_source(draft->pool, &text, &booking->source);
    }

    switch (rc) {

    case ITINERARY_NAME_OK:
        return ITINERARY_OK;

    case ITINERARY_NAME_NOMEM:
        return ITINERARY_NOMEM;

    default:
        return itinerary_draft_violation(draft, element,
                                         itinerary_draft_names[rc]);
    }
}


/* a number that cannot be one of a cancellation is of no use */

static itinerary_result_e
itinerary_draft_confirmation(itinerary_draft_t *draft)
{
    itinerary_str_t            text, number;
    itinerary_booking_t       *booking;
    itinerary_confirmation_t  *confirmation;

    text.data = draft->buf;
    text.len = draft->len;

    if (draft->cut) {
        return ITINERARY_OK;
    }

    switch (itinerary_locator(draft->pool, &text, &number)) {

    case ITINERARY_NAME_OK:
        break;

    case ITINERARY_NAME_NOMEM:
        return ITINERARY_NOMEM;

    default:
        return ITINERARY_OK;
    }

    confirmation = draft->pool->alloc(draft->pool->data,
                                      sizeof(itinerary_confirmation_t));
    if (confirmation == NULL) {
        return ITINERARY_NOMEM;
    }

    booking = &draft->document.bookings[draft->document.nbookings - 1];

    confirmation->number = number;
    confirmation->next = booking->confirmations;
    booking->confirmations = confirmation;

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_draft_field(itinerary_draft_t *draft, itinerary_element_e element)
{
    unsigned                        i;
    itinerary_str_t                 text, *dst;
    itinerary_result_e              rc;
    const itinerary_draft_field_t  *field;

    for (i = 0; i < ITINERARY_DRAFT_NFIELDS; i++) {
        if (itinerary_draft_fields[i].element == element) {
            break;
        }
    }

    if (i == ITINERARY_DRAFT_NFIELDS) {
        return ITINERARY_OK;
    }

    field = &itinerary_draft_fields[i];

    text.data = draft->buf;
    text.len = draft->len;

    while (text.len && itinerary_is_space(text.data[text.len - 1])) {
        text.len--;
    }

    switch (element) {

    case ITINERARY_EL_TRIP_ID:
    case ITINERARY_EL_ITIN_LOCATOR:
    case ITINERARY_EL_ID:

        if (draft->cut) {
            return itinerary_draft_violation(draft, element, "is too long");
        }

        if (element == ITINERARY_EL_ID) {
            rc = itinerary_draft_id(draft, &text);

            if (rc != ITINERARY_OK) {
                return rc;
            }
        }

        break;

    case ITINERARY_EL_TRIP_STATUS:

        /* it is judged: what it says must not lie behind a cut */

        if (text.len > ITINERARY_DRAFT_FIELD_MAX) {
            rc = itinerary_draft_violation(draft, element, "is too long");

            if (rc != ITINERARY_OK) {
                return rc;
            }
        }

        /* fall through */

    default:
        itinerary_draft_cut(&text);
    }

    if (text.len == 0) {
        return ITINERARY_OK;
    }

    dst = (itinerary_str_t *) ((u_char *) &draft->document + field->offset);

    return itinerary_copy(draft->pool, dst, text.data, text.len);
}


/*
 * The last segment of the URI's path.  A post's URI must have one and nothing
 * behind it.
 */

static itinerary_result_e
itinerary_draft_id(itinerary_draft_t *draft, itinerary_str_t *id)
{
    size_t   len;
    u_char  *p;

    for (len = 0; len < id->len; len++) {
        if (id->data[len] == '?' || id->data[len] == '#') {
            break;
        }
    }

    p = id->data + len;

    while (p > id->data && p[-1] != '/') {
        p--;
    }

    if (draft->conf->reading == ITINERARY_READ_POST
        && id->len != 0
        && (len != id->len || p == id->data + len))
    {
        return itinerary_draft_refuse(draft, ITINERARY_AMBIGUOUS_BODY,
                                      "an id that does not end in a path "
                                      "segment");
    }

    id->len = id->data + len - p;
    id->data = p;

    return ITINERARY_OK;
}


/* at 255 bytes, and not within a character */

static void
itinerary_draft_cut(itinerary_str_t *text)
{
    if (text->len <= ITINERARY_DRAFT_FIELD_MAX) {
        return;
    }

    text->len = ITINERARY_DRAFT_FIELD_MAX;

    while (text->len && (text->data[text->len] & 0xc0) == 0x80) {
        text->len--;
    }
}


/* an answer is read as it occurs */

static itinerary_result_e
itinerary_draft_violation(itinerary_draft_t *draft,
    itinerary_element_e element, const char *what)
{
    char  path[ITINERARY_PATH_MAX];

    if (draft->conf->reading != ITINERARY_READ_POST) {
        return ITINERARY_OK;
    }

    draft->invalid = 1;

    itinerary_draft_path(draft, element, NULL, path, sizeof(path));

    return itinerary_violate(&draft->violations, NULL,
                             itinerary_draft_open_booking(draft), draft->line,
                             path, "%s %s",
                             (char *) itinerary_elements[element].name.data,
                             what);
}


static itinerary_result_e
itinerary_draft_refuse(itinerary_draft_t *draft, itinerary_reason_e reason,
    const char *text)
{
    draft->reason = reason;
    draft->text = text;

    return ITINERARY_REFUSED;
}
