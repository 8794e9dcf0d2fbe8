
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
static itinerary_result_e itinerary_place_answer(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element);
static int itinerary_place_is_ours(const u_char *uri);
static int itinerary_place_is_xinclude(const u_char *uri);
static int itinerary_place_has_xsi(const itinerary_tag_t *tag);
static itinerary_result_e itinerary_place_refuse(itinerary_place_t *place,
    itinerary_reason_e reason, const char *text);


#define itinerary_place_ambiguous(place, text)                               \
    itinerary_place_refuse(place, ITINERARY_AMBIGUOUS_BODY, text)


void
itinerary_place_init(itinerary_place_t *place, itinerary_reading_e reading)
{
    memset(place, 0, sizeof(itinerary_place_t));

    place->reading = reading;
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

    if (place->reading == ITINERARY_READ_POST) {
        return itinerary_place_post(place, draft, tag, element);
    }

    return itinerary_place_answer(place, draft, tag, element);
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

    ours = (tag->uri == place->namespace
            || (tag->uri && place->namespace
                && strcmp((const char *) tag->uri,
                          (const char *) place->namespace) == 0));

    if (!ours && itinerary_place_is_xinclude(tag->uri)) {
        return itinerary_place_ambiguous(place, "XInclude");
    }

    if (itinerary_place_is_plain(place)) {
        return itinerary_place_ambiguous(place, "an element within text");
    }

    *element = itinerary_element_find(tag->name, &exact);

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (*element != ITINERARY_EL_ITINERARY) {
            return itinerary_place_refuse(place, ITINERARY_INVALID_DOCUMENT,
                                          "the root is not Itinerary");
        }

        ours = itinerary_place_is_ours(tag->uri);
        place->namespace = tag->uri;
    }

    row = &itinerary_elements[*element];

    if (*element == ITINERARY_EL_OTHER || parent != row->parent) {
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
 * an element that the reader does not know, these are harmless.
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
            || (parent != ITINERARY_EL_OTHER && parent != ITINERARY_EL_SEGMENT)
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

    if (exact
        && (parent == row->parent
            || (parent == ITINERARY_EL_ITINERARY
                && found == ITINERARY_EL_BOOKING))
        && (tag->uri == place->namespace || itinerary_place_is_ours(tag->uri))
        && (!(row->flags & ITINERARY_EL_TEXT)
            || !itinerary_draft_has(draft, found)))
    {
        *element = found;
    }

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (*element != ITINERARY_EL_ITINERARY) {
            return itinerary_place_refuse(place, ITINERARY_INVALID_DOCUMENT,
                                          "the root is not Itinerary");
        }

        place->namespace = tag->uri;
    }

    return ITINERARY_OK;
}


static int
itinerary_place_is_ours(const u_char *uri)
{
    const char         *text;
    static const char   name[] = "://www.concursolutions.com"
                                 "/api/travel/trip/2010/06";

    if (uri == NULL) {
        return 1;
    }

    text = (const char *) uri;

    if (strncmp(text, "http", 4) != 0) {
        return 0;
    }

    text += (text[4] == 's') ? 5 : 4;

    return strcmp(text, name) == 0;
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
    int                 i;
    const char         *name, *uri;
    static const char   xsi[] = "http://www.w3.org/2001/XMLSchema-instance";

    for (i = 0; i < tag->nattributes; i++) {
        name = (const char *) tag->attributes[5 * i];
        uri = (const char *) tag->attributes[5 * i + 2];

        if (uri && strcmp(uri, xsi) == 0
            && (strcmp(name, "nil") == 0 || strcmp(name, "type") == 0))
        {
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
