
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_place.h"


static itinerary_result_e itinerary_place_post(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element);
static itinerary_result_e itinerary_place_elsewhere(itinerary_place_t *place,
    const itinerary_draft_t *draft, itinerary_element_e *element);
static int itinerary_place_is_inner(itinerary_element_e element);
static itinerary_result_e itinerary_place_answer(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element);
static itinerary_result_e itinerary_place_root(itinerary_place_t *place,
    itinerary_element_e element, const itinerary_tag_t *tag);
static int itinerary_place_is_xinclude(const u_char *uri);
static int itinerary_place_has_xsi(const itinerary_tag_t *tag);
static itinerary_result_e itinerary_place_attributes(itinerary_place_t *place,
    const itinerary_tag_t *tag, itinerary_element_e element);
static int itinerary_place_has_guarded(const itinerary_tag_t *tag,
    itinerary_element_e element);
static itinerary_result_e itinerary_place_refuse(itinerary_place_t *place,
    itinerary_reason_e reason, const char *text);


#define itinerary_place_ambiguous(place, text)                               \
    itinerary_place_refuse(place, ITINERARY_AMBIGUOUS_BODY, text)


void
itinerary_place_init(itinerary_place_t *place, itinerary_reading_e reading,
    unsigned roots)
{
    memset(place, 0, sizeof(itinerary_place_t));

    place->reading = reading;
    place->roots = roots;
    place->elements[0] = ITINERARY_EL_DOCUMENT;
}


itinerary_result_e
itinerary_place_judge(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element)
{
    /* the guard has seen to it */

    if (place->depth == ITINERARY_DEPTH_MAX) {
        return itinerary_place_refuse(place, ITINERARY_BODY_TOO_LARGE,
                                      "more than 64 levels of elements");
    }

    if (place->reading != ITINERARY_READ_POST) {
        return itinerary_place_answer(place, draft, tag, element);
    }

    if (itinerary_place_post(place, draft, tag, element) != ITINERARY_OK) {
        return ITINERARY_REFUSED;
    }

    if (tag->nattributes == 0) {
        return ITINERARY_OK;
    }

    if (itinerary_place_has_guarded(tag, *element)) {
        return itinerary_place_ambiguous(place, "an attribute that can be "
                                                "taken for an element");
    }

    return itinerary_place_attributes(place, tag, *element);
}


int
itinerary_place_is_plain(const itinerary_place_t *place)
{
    unsigned  flags;

    if (place->reading != ITINERARY_READ_POST) {
        return 0;
    }

    flags = ITINERARY_EL_GUARDED|ITINERARY_EL_TEXT;

    return (itinerary_elements[itinerary_place_element(place)].flags & flags)
           == flags;
}


itinerary_element_e
itinerary_place_known(const itinerary_place_t *place)
{
    unsigned  depth;

    depth = place->depth;

    while (place->elements[depth] == ITINERARY_EL_OTHER) {
        depth--;
    }

    return place->elements[depth];
}


int
itinerary_place_is_ours(const itinerary_place_t *place, const u_char *uri)
{
    return uri == place->namespace
           || (uri && place->namespace
               && strcmp((const char *) uri,
                         (const char *) place->namespace)
                  == 0);
}


/* what is guarded stands at its place, once, and as it is expected */

static itinerary_result_e
itinerary_place_post(itinerary_place_t *place, const itinerary_draft_t *draft,
    const itinerary_tag_t *tag, itinerary_element_e *element)
{
    int                         exact, ours;
    unsigned                    guarded;
    itinerary_element_e         parent;
    const itinerary_element_t  *row;

    parent = itinerary_place_element(place);

    ours = itinerary_place_is_ours(place, tag->uri);

    if (!ours && itinerary_place_is_xinclude(tag->uri)) {
        return itinerary_place_ambiguous(place, "XInclude");
    }

    if (itinerary_place_is_plain(place)) {
        return itinerary_place_ambiguous(place, "an element within text");
    }

    *element = itinerary_element_find(tag->name, &exact);

    row = &itinerary_elements[*element];

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (itinerary_place_root(place, *element, tag) != ITINERARY_OK) {
            return ITINERARY_REFUSED;
        }

        ours = itinerary_is_ours(tag->uri);

    } else if (*element == ITINERARY_EL_OTHER || parent != row->parent) {
        return itinerary_place_elsewhere(place, draft, element);
    }

    guarded = row->flags & ITINERARY_EL_GUARDED;

    if (!exact || !ours) {

        if (guarded) {
            return itinerary_place_ambiguous(place,
                                             exact ? "another namespace"
                                                   : "another letter case");
        }

        *element = ITINERARY_EL_OTHER;

        return ITINERARY_OK;
    }

    if ((row->flags & ITINERARY_EL_ONCE)
        && itinerary_draft_has(draft, *element))
    {
        return itinerary_place_ambiguous(place, "a second one");
    }

    if (guarded && itinerary_place_has_xsi(tag)) {
        return itinerary_place_ambiguous(place, "xsi:nil or xsi:type");
    }

    return ITINERARY_OK;
}


/*
 * Tickets, charges and the like have locators and numbers of their own: below
 * an element that the judgement does not look into, these are harmless.
 */

static itinerary_result_e
itinerary_place_elsewhere(itinerary_place_t *place,
    const itinerary_draft_t *draft, itinerary_element_e *element)
{
    unsigned             flags;
    itinerary_element_e  parent;

    parent = itinerary_place_element(place);
    flags = itinerary_elements[*element].flags;

    if (flags & ITINERARY_EL_GUARDED) {

        if (!(flags & ITINERARY_EL_INNER)
            || !itinerary_place_is_inner(parent)
            || (*element == ITINERARY_EL_RECORD_LOCATOR && !draft->booking))
        {
            return itinerary_place_ambiguous(place,
                                             "at another place than its own");
        }
    }

    *element = (parent == ITINERARY_EL_SEGMENTS) ? ITINERARY_EL_SEGMENT
                                                 : ITINERARY_EL_OTHER;
    return ITINERARY_OK;
}


static int
itinerary_place_is_inner(itinerary_element_e element)
{
    return element == ITINERARY_EL_OTHER
           || element == ITINERARY_EL_SEGMENT
           || element == ITINERARY_EL_PASSENGERS
           || element == ITINERARY_EL_PASSENGER;
}


/*
 * In an answer, a Booking may stand right below Itinerary, and of what is
 * there twice, the first counts.
 */

static itinerary_result_e
itinerary_place_answer(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element)
{
    int                         exact;
    itinerary_element_e         found, parent;
    const itinerary_element_t  *row;

    *element = ITINERARY_EL_OTHER;
    parent = itinerary_place_element(place);

    if (parent == ITINERARY_EL_SEGMENTS) {
        *element = ITINERARY_EL_SEGMENT;
        return ITINERARY_OK;
    }

    found = itinerary_element_find(tag->name, &exact);
    row = &itinerary_elements[found];

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (!exact || !itinerary_is_ours(tag->uri)) {
            found = ITINERARY_EL_OTHER;
        }

        if (itinerary_place_root(place, found, tag) != ITINERARY_OK) {
            return ITINERARY_REFUSED;
        }

        *element = found;

        return ITINERARY_OK;
    }

    if (exact
        && (parent == row->parent
            || (parent == ITINERARY_EL_ITINERARY
                && found == ITINERARY_EL_BOOKING))
        && (tag->uri == place->namespace || itinerary_is_ours(tag->uri))
        && (!(row->flags & ITINERARY_EL_TEXT)
            || !itinerary_draft_has(draft, found)))
    {
        *element = found;
    }

    return ITINERARY_OK;
}


/* a segment may be the root of an answer, and is of no further interest */

static itinerary_result_e
itinerary_place_root(itinerary_place_t *place, itinerary_element_e element,
    const itinerary_tag_t *tag)
{
    unsigned  root;

    switch (element) {

    case ITINERARY_EL_ITINERARY:
        root = ITINERARY_ROOT_ITINERARY;
        break;

    case ITINERARY_EL_BOOKING:
        root = ITINERARY_ROOT_BOOKING;
        break;

    default:
        root = itinerary_is_segment(tag->name) ? ITINERARY_ROOT_SEGMENT : 0;
    }

    if (!(root & place->roots)) {
        return itinerary_place_refuse(place, ITINERARY_INVALID_DOCUMENT,
                                      place->roots == ITINERARY_ROOT_BOOKING
                                      ? "the root is not Booking"
                                      : "the root is not Itinerary");
    }

    place->root = root;
    place->namespace = tag->uri;

    return ITINERARY_OK;
}


static int
itinerary_place_is_xinclude(const u_char *uri)
{
    const char  *text;

    text = (const char *) uri;

    return text != NULL
           && (strcmp(text, "http://www.w3.org/2001/XInclude") == 0
               || strcmp(text, "http://www.w3.org/2003/XInclude") == 0);
}


static int
itinerary_place_has_xsi(const itinerary_tag_t *tag)
{
    int          i;
    const char  *name;

    for (i = 0; i < tag->nattributes; i++) {
        name = (const char *) tag->attributes[5 * i];

        if (itinerary_is_xsi(tag->attributes[5 * i + 2])
            && (strcmp(name, "nil") == 0 || strcmp(name, "type") == 0))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Attributes say how to take an element to who obeys them: of what type and in
 * which encoding its text is, or that it is nil, without a namespace.
 */

static itinerary_result_e
itinerary_place_attributes(itinerary_place_t *place,
    const itinerary_tag_t *tag, itinerary_element_e element)
{
    int             i;
    size_t          len;
    unsigned        flags;
    const char     *value;
    const u_char  **attribute;

    flags = itinerary_elements[element].flags;

    if (!(flags & ITINERARY_EL_GUARDED)) {
        return ITINERARY_OK;
    }

    if (flags & ITINERARY_EL_TEXT) {
        return itinerary_place_ambiguous(place, "an attribute");
    }

    for (i = 0; i < tag->nattributes; i++) {
        attribute = &tag->attributes[5 * i];

        value = (const char *) attribute[3];
        len = attribute[4] - attribute[3];

        if (strcmp((const char *) attribute[0], "nil") == 0
            && ((len == 4 && memcmp(value, "true", 4) == 0)
                || (len == 1 && value[0] == '1')))
        {
            return itinerary_place_ambiguous(place, "nil");
        }
    }

    return ITINERARY_OK;
}


/*
 * Who binds XML to objects does not tell an attribute from a child of that
 * name, in whatever namespace and letter case.
 */

static int
itinerary_place_has_guarded(const itinerary_tag_t *tag,
    itinerary_element_e element)
{
    int                         i, exact;
    const itinerary_element_t  *row;

    for (i = 0; i < tag->nattributes; i++) {
        row = &itinerary_elements[itinerary_element_find(
                                      tag->attributes[5 * i], &exact)];

        if ((row->flags & ITINERARY_EL_GUARDED) && row->parent == element) {
            return 1;
        }
    }

    return 0;
}


static itinerary_result_e
itinerary_place_refuse(itinerary_place_t *place, itinerary_reason_e reason,
    const char *text)
{
    place->reason = reason;
    place->text = text;

    return ITINERARY_REFUSED;
}
