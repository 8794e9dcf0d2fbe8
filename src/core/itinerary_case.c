
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "itinerary_case.h"


static itinerary_echo_e itinerary_echo(const itinerary_case_t *c,
    const itinerary_str_t *posted, const itinerary_str_t *shown);
static int itinerary_is_fresh(const itinerary_case_t *c);


static const itinerary_str_t  itinerary_state_names[] = {
    itinerary_string(""),
    itinerary_string("pending"),
    itinerary_string("active"),
    itinerary_string("cancelled"),
    itinerary_string("seen")
};


int
itinerary_owns(const itinerary_case_t *c, const itinerary_str_t *owner)
{
    return owner->len != 0 && itinerary_equal(owner, &c->supplier);
}


int
itinerary_is_nobodys(const itinerary_case_t *c, const itinerary_str_t *owner)
{
    return owner->len == 0
           && c->policy.unknown_trip != ITINERARY_UNKNOWN_TRIP_DENY;
}


itinerary_echo_e
itinerary_echo_fields(const itinerary_case_t *c)
{
    return itinerary_echo(c, &c->document->digest, &c->view.digest);
}


itinerary_echo_e
itinerary_echo_booking(const itinerary_case_t *c, unsigned i)
{
    return itinerary_echo(c, &c->document->bookings[i].digest,
                          &c->records[i].shown);
}


/* without digests nothing is equal */

static itinerary_echo_e
itinerary_echo(const itinerary_case_t *c, const itinerary_str_t *posted,
    const itinerary_str_t *shown)
{
    if (c->operation != ITINERARY_OP_UPDATE || !c->view.known
        || posted->len == 0 || !itinerary_equal(posted, shown))
    {
        return ITINERARY_NO_ECHO;
    }

    return itinerary_is_fresh(c) ? ITINERARY_ECHO : ITINERARY_STALE_ECHO;
}


int
itinerary_is_stale(const itinerary_case_t *c, const itinerary_str_t *owner,
    itinerary_echo_e echo)
{
    return echo == ITINERARY_STALE_ECHO && !itinerary_owns(c, owner);
}


static int
itinerary_is_fresh(const itinerary_case_t *c)
{
    return c->view.known && c->view.rev == c->trip.rev;
}


/* one that is pending may be on its way into the trip */

int
itinerary_is_gone(const itinerary_case_t *c, const itinerary_record_t *record)
{
    return c->operation == ITINERARY_OP_UPDATE && itinerary_is_fresh(c)
           && record->shown.len == 0
           && record->state != ITINERARY_STATE_NONE
           && record->state != ITINERARY_STATE_PENDING
           && !itinerary_owns(c, &record->owner);
}


/*
 * A number for most readers: "02" and "+2" are 2 as well.  Who did not create
 * the trip, and sends back the status of a cancelled one, sets nothing.
 */

int
itinerary_is_cancelling(const itinerary_case_t *c)
{
    size_t   len;
    u_char  *p;

    p = c->document->trip_status.data;
    len = c->document->trip_status.len;

    while (len > 1 && (*p == '0' || *p == '+')) {
        p++;
        len--;
    }

    return len == 1 && *p == '2'
           && (itinerary_owns(c, &c->trip.owner)
               || itinerary_echo_fields(c) == ITINERARY_NO_ECHO);
}


itinerary_state_e
itinerary_state(const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 1; i <= ITINERARY_STATE_SEEN; i++) {
        if (itinerary_equal(&itinerary_state_names[i], name)) {
            return i;
        }
    }

    return ITINERARY_STATE_NONE;
}
