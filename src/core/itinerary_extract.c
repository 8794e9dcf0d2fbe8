
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "itinerary_char.h"
#include "itinerary_extract.h"


static int itinerary_extract_is_id(itinerary_element_e element);


void
itinerary_extract_destroy(itinerary_extract_t *extract)
{
    itinerary_digest_destroy(&extract->trip);
    itinerary_digest_destroy(&extract->booking);
}


void
itinerary_extract_start(itinerary_extract_t *extract,
    itinerary_element_e parent, itinerary_element_e element,
    const itinerary_tag_t *tag)
{
    if (extract->booked) {
        extract->booked++;
        itinerary_digest_start(&extract->booking, tag);
        return;
    }

    if (parent == ITINERARY_EL_DOCUMENT) {
        itinerary_digest_begin(&extract->trip);
    }

    if (element == ITINERARY_EL_BOOKING) {
        extract->booked = 1;
        itinerary_digest_gap(&extract->trip);
        itinerary_digest_begin(&extract->booking);
        itinerary_digest_start(&extract->booking, tag);
        return;
    }

    if (extract->skipped || itinerary_extract_is_id(element)) {
        extract->skipped++;
        itinerary_digest_gap(&extract->trip);
        return;
    }

    if (element == ITINERARY_EL_BOOKINGS || parent == ITINERARY_EL_BOOKINGS) {

        itinerary_digest_gap(&extract->trip);

        if (element != ITINERARY_EL_BOOKINGS || tag->nattributes) {
            itinerary_digest_spoil(&extract->trip);
        }

        return;
    }

    itinerary_digest_start(&extract->trip, tag);
}


itinerary_result_e
itinerary_extract_end(itinerary_extract_t *extract,
    itinerary_element_e parent, itinerary_element_e element,
    itinerary_pool_t *pool, itinerary_document_t *document)
{
    if (extract->booked) {
        itinerary_digest_end(&extract->booking);

        if (--extract->booked) {
            return ITINERARY_OK;
        }

        return itinerary_digest_finish(&extract->booking, pool,
                       &document->bookings[document->nbookings - 1].digest);
    }

    if (extract->skipped) {
        extract->skipped--;
        itinerary_digest_gap(&extract->trip);
        return ITINERARY_OK;
    }

    if (element == ITINERARY_EL_BOOKINGS || parent == ITINERARY_EL_BOOKINGS) {
        itinerary_digest_gap(&extract->trip);
        return ITINERARY_OK;
    }

    itinerary_digest_end(&extract->trip);

    if (parent != ITINERARY_EL_DOCUMENT) {
        return ITINERARY_OK;
    }

    return itinerary_digest_finish(&extract->trip, pool, &document->digest);
}


void
itinerary_extract_text(itinerary_extract_t *extract,
    itinerary_element_e element, const u_char *data, size_t len)
{
    size_t  i;

    if (extract->booked) {
        itinerary_digest_text(&extract->booking, data, len);
        return;
    }

    if (extract->skipped) {
        return;
    }

    if (element != ITINERARY_EL_BOOKINGS) {
        itinerary_digest_text(&extract->trip, data, len);
        return;
    }

    for (i = 0; i < len; i++) {
        if (!itinerary_is_space(data[i])) {
            itinerary_digest_spoil(&extract->trip);
            return;
        }
    }
}


static int
itinerary_extract_is_id(itinerary_element_e element)
{
    return element == ITINERARY_EL_ID
           || element == ITINERARY_EL_ITIN_LOCATOR
           || element == ITINERARY_EL_TRIP_ID;
}
