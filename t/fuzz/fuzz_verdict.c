
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The verdict, against a model: the table of effects and rights once more,
 * slowly, booking by booking, and with nothing of the verdict's own.
 *
 * The input is a case, see words.h.
 */


#include "words.h"


typedef struct {
    itinerary_effect_e     effect;
    unsigned               none:1;      /* it is not touched */
    unsigned               allowed:1;
    unsigned               claim:1;
    unsigned               bind:1;
    unsigned               take:1;
} effect_t;

typedef struct {
    const itinerary_case_t *c;
    itinerary_verdict_e     verdict;
    unsigned                wrong[ITINERARY_REASON_MAX];   /* how often */
    effect_t                posted[CASE_BOOKINGS];
    effect_t                held[CASE_BOOKINGS];
    effect_t                meant[CASE_BOOKINGS];
    unsigned                create:1;
    unsigned                record:1;
    unsigned                cancel:1;
    unsigned                echo:1;
} model_t;


/* the order in which the answer names the reasons */

static const itinerary_reason_e  reasons[] = {
    ITINERARY_AMBIGUOUS_BODY,
    ITINERARY_INVALID_DOCUMENT,
    ITINERARY_TRIP_NOT_OWNED,
    ITINERARY_BOOKING_NOT_OWNED,
    ITINERARY_BOOKING_SOURCE_NOT_OWNED,
    ITINERARY_STALE_VIEW,
    ITINERARY_TRIP_BUSY
};


static int
same(const itinerary_str_t *a, const itinerary_str_t *b)
{
    return a->len == b->len && (a->len == 0 || !memcmp(a->data, b->data,
                                                       a->len));
}


static int
mine(const model_t *m, const itinerary_str_t *owner)
{
    return owner->len && same(owner, &m->c->supplier);
}


static int
op(const model_t *m, itinerary_operation_e operation)
{
    return m->c->operation == operation;
}


static int
has_locator(const itinerary_record_t *record, const itinerary_str_t *name)
{
    size_t  a, b;

    for (a = 0; record->name.data[a] != '|'; a++) { /* void */ }
    for (b = 0; name->data[b] != '|'; b++) { /* void */ }

    return record->name.len - a == name->len - b
           && !memcmp(record->name.data + a, name->data + b, name->len - b);
}


/* no owner is on record, and the operator lets that through */

static int
nobodys(const model_t *m, const itinerary_str_t *owner)
{
    return owner->len == 0
           && m->c->policy.unknown_trip != ITINERARY_UNKNOWN_TRIP_DENY;
}


/* the same of a booking: not where it may be another's under a new source */

static int
may_change(const model_t *m, const itinerary_str_t *name,
    const itinerary_str_t *owner)
{
    unsigned                   i;
    const itinerary_record_t  *r;

    if (mine(m, owner)) {
        return 1;
    }

    for (i = 0; i < m->c->trip.nbookings; i++) {
        r = &m->c->trip.bookings[i];

        if (r->owner.len && !mine(m, &r->owner) && has_locator(r, name)) {
            return 0;
        }
    }

    return nobodys(m, owner);
}


static int
is_posted(const model_t *m, const itinerary_str_t *name)
{
    unsigned  i;

    for (i = 0; m->c->document && i < m->c->document->nbookings; i++) {
        if (same(&m->c->document->bookings[i].name, name)) {
            return 1;
        }
    }

    return 0;
}


static int
fresh(const model_t *m)
{
    return m->c->view.known && m->c->view.rev == m->c->trip.rev;
}


/* as the supplier was last shown it, whoever has written since */

static int
as_shown(const model_t *m, const itinerary_str_t *posted,
    const itinerary_str_t *shown)
{
    return op(m, ITINERARY_OP_UPDATE) && m->c->view.known && posted->len
           && same(posted, shown);
}


static int
fields_as_shown(const model_t *m)
{
    return as_shown(m, &m->c->document->digest, &m->c->view.digest);
}


static int
booking_as_shown(const model_t *m, unsigned i)
{
    return as_shown(m, &m->c->document->bookings[i].digest,
                    &m->c->records[i].shown);
}


/* it has left the trip: the supplier was shown all of it, without this one */

static int
has_left(const model_t *m, const itinerary_record_t *r)
{
    return op(m, ITINERARY_OP_UPDATE) && fresh(m) && r->shown.len == 0
           && (r->state == ITINERARY_STATE_ACTIVE
               || r->state == ITINERARY_STATE_SEEN
               || r->state == ITINERARY_STATE_CANCELLED)
           && !mine(m, &r->owner);
}


/* what is sent back unchanged is not validated again */

static void
model_valid(model_t *m)
{
    unsigned                     i, all, own;
    const itinerary_document_t  *d;

    d = m->c->document;
    all = d->nviolations;
    own = d->nviolations;

    for (i = 0; i < d->nbookings; i++) {
        own -= d->bookings[i].nviolations;

        if (booking_as_shown(m, i) && fresh(m)) {
            all -= d->bookings[i].nviolations;
        }
    }

    if (fields_as_shown(m) && fresh(m)) {
        all -= own;
    }

    m->wrong[ITINERARY_INVALID_DOCUMENT] += all;
}


static void
model_posted(model_t *m)
{
    int                          own, shown, stale;
    unsigned                     i;
    effect_t                    *e;
    const itinerary_record_t    *r;
    const itinerary_booking_t   *b;

    for (i = 0; i < m->c->document->nbookings; i++) {

        b = &m->c->document->bookings[i];
        r = &m->c->records[i];
        e = &m->posted[i];

        own = mine(m, &r->owner);
        shown = booking_as_shown(m, i);
        stale = shown && !fresh(m) && !own;

        e->none = 0;
        e->allowed = 1;

        if (r->state == ITINERARY_STATE_NONE && r->shown.len == 0) {
            e->effect = ITINERARY_ADDED;
            e->claim = 1;
            e->take = 1;

        } else if (own && r->state == ITINERARY_STATE_PENDING) {
            e->effect = ITINERARY_CHANGED;
            e->claim = 1;
            e->take = 1;

        } else if (shown && fresh(m)) {
            e->effect = ITINERARY_ECHOED;
            continue;

        } else {
            e->effect = ITINERARY_CHANGED;
            e->claim = own && r->state == ITINERARY_STATE_CANCELLED;
            e->take = own;

            if (stale) {
                e->allowed = 0;

            } else if (!may_change(m, &b->name, &r->owner)) {
                e->allowed = 0;
                m->wrong[ITINERARY_BOOKING_NOT_OWNED]++;
            }
        }

        if (stale) {
            m->wrong[ITINERARY_STALE_VIEW]++;
            continue;
        }

        switch (m->c->policy.booking_source) {

        case ITINERARY_BOOKING_SOURCE_ANY:
            continue;

        case ITINERARY_BOOKING_SOURCE_CLAIM:

            if (r->bound.len == 0 || mine(m, &r->bound)) {
                e->bind = e->claim;
                continue;
            }

            break;

        case ITINERARY_BOOKING_SOURCE_REGISTERED:

            if (mine(m, &r->bound)) {
                continue;
            }
        }

        m->wrong[ITINERARY_BOOKING_SOURCE_NOT_OWNED]++;

        e->allowed = 0;
        e->claim = 0;
        e->take = 0;
    }
}


static int
is_two(const itinerary_str_t *status)
{
    size_t  i;

    for (i = 0; i + 1 < status->len; i++) {
        if (status->data[i] != '0' && status->data[i] != '+') {
            return 0;
        }
    }

    return status->len && status->data[i] == '2';
}


/* what becomes of the trip's bookings on record */

static void
model_held(model_t *m, int all, int cancels)
{
    int                         reach;
    unsigned                    i;
    effect_t                   *e;
    const itinerary_record_t   *r;
    const itinerary_policy_t   *policy;

    policy = &m->c->policy;

    for (i = 0; i < m->c->trip.nbookings; i++) {

        r = &m->c->trip.bookings[i];
        e = &m->held[i];

        if (has_left(m, r)) {
            continue;
        }

        reach = may_change(m, &r->name, &r->owner);

        /* left out of a document that replaces the trip */

        if (op(m, ITINERARY_OP_UPDATE) && policy->replace
            && !is_posted(m, &r->name))
        {
            e->none = 0;
            e->effect = ITINERARY_REMOVED;
            e->allowed = reach;

            m->wrong[ITINERARY_BOOKING_NOT_OWNED] += !reach;
        }

        if (!cancels || (!all && !mine(m, &r->owner))) {
            continue;
        }

        reach |= policy->cancel_foreign && mine(m, &m->c->trip.owner);

        m->wrong[ITINERARY_BOOKING_NOT_OWNED] += !reach;

        if (e->none && !is_posted(m, &r->name)) {
            e->none = 0;
            e->effect = ITINERARY_CANCELLED;
            e->allowed = reach;
        }
    }
}


static void
model_update(model_t *m)
{
    int  cancels, shown;

    const itinerary_trip_t  *trip = &m->c->trip;

    m->record = trip->known;

    if (m->c->document == NULL) {
        m->echo = m->c->view.known;

        if (!m->echo && !mine(m, &trip->owner) && !nobodys(m, &trip->owner)) {
            m->wrong[ITINERARY_TRIP_NOT_OWNED]++;
        }

        return;
    }

    shown = fields_as_shown(m);
    m->echo = shown && fresh(m);

    if (shown && !fresh(m) && !mine(m, &trip->owner)) {
        m->wrong[ITINERARY_STALE_VIEW]++;
    }

    if (!shown && !mine(m, &trip->owner) && !nobodys(m, &trip->owner)) {
        m->wrong[ITINERARY_TRIP_NOT_OWNED]++;
    }

    cancels = is_two(&m->c->document->trip_status)
              && (mine(m, &trip->owner) || !shown);

    m->cancel = cancels;

    model_held(m, 1, cancels);
}


static void
model_cancel(model_t *m)
{
    unsigned  i, own;

    const itinerary_trip_t  *trip = &m->c->trip;

    m->record = trip->known;

    own = 0;

    for (i = 0; i < trip->nbookings; i++) {
        own |= mine(m, &trip->bookings[i].owner)
               && trip->bookings[i].state == ITINERARY_STATE_ACTIVE;
    }

    if (!mine(m, &trip->owner) && own) {
        m->verdict = ITINERARY_PARTIAL;
        model_held(m, 0, 1);

    } else if (mine(m, &trip->owner) || nobodys(m, &trip->owner)) {
        m->cancel = 1;
        model_held(m, 1, 1);

    } else {
        m->wrong[ITINERARY_TRIP_NOT_OWNED]++;
    }
}


static void
model_unbook(model_t *m)
{
    unsigned                   i, known;
    const itinerary_str_t     *bound;
    const itinerary_record_t  *r;

    static const itinerary_str_t  nobody;

    m->record = m->c->trip.known;

    for (i = 0, known = 0; i < m->c->nmeant; i++) {

        r = &m->c->meant[i];

        if (r->state == ITINERARY_STATE_NONE) {
            continue;
        }

        known++;

        m->meant[i].none = 0;
        m->meant[i].effect = ITINERARY_CANCELLED;
        m->meant[i].allowed = may_change(m, &r->name, &r->owner);
        m->wrong[ITINERARY_BOOKING_NOT_OWNED] += !m->meant[i].allowed;
    }

    if (known == 0) {
        bound = m->c->nmeant ? &m->c->meant[0].bound : &nobody;

        m->wrong[ITINERARY_BOOKING_NOT_OWNED] +=
            !nobodys(m, &nobody)
            || (bound->len && !mine(m, bound)
                && m->c->policy.booking_source
                   != ITINERARY_BOOKING_SOURCE_ANY);
    }

    m->wrong[ITINERARY_BOOKING_NOT_OWNED] += m->c->vague;
}


static itinerary_reason_e
model(const itinerary_case_t *c, model_t *m)
{
    unsigned            i;
    itinerary_reason_e  reason;

    memset(m, 0, sizeof(model_t));

    m->c = c;
    m->verdict = ITINERARY_ALLOW;

    for (i = 0; i < CASE_BOOKINGS; i++) {
        m->posted[i].none = 1;
        m->held[i].none = 1;
        m->meant[i].none = 1;
    }

    if (op(m, ITINERARY_OP_CREATE) || op(m, ITINERARY_OP_UPDATE)) {
        for (i = 0; i < c->nids; i++) {
            m->wrong[ITINERARY_AMBIGUOUS_BODY] +=
                op(m, ITINERARY_OP_CREATE) || !same(&c->ids[i], &c->trip.id);
        }
    }

    if (c->document) {
        model_valid(m);
        model_posted(m);
    }

    switch (c->operation) {

    case ITINERARY_OP_CREATE:
        m->create = c->nids == 0;
        m->record = 1;
        break;

    case ITINERARY_OP_BOOK:
        m->record = 1;
        break;

    case ITINERARY_OP_UPDATE:
        model_update(m);
        break;

    case ITINERARY_OP_CANCEL:
        model_cancel(m);
        break;

    default: /* ITINERARY_OP_CANCEL_BOOKING */
        model_unbook(m);
    }

    m->wrong[ITINERARY_TRIP_BUSY] += !op(m, ITINERARY_OP_CREATE)
                                     && c->trip.busy;

    reason = ITINERARY_REASON_NONE;

    for (i = 0; i < nelts(reasons) && reason == ITINERARY_REASON_NONE; i++) {
        if (m->wrong[reasons[i]]) {
            reason = reasons[i];
        }
    }

    /* what is adopted is, once it is allowed, the supplier's */

    if (reason == ITINERARY_REASON_NONE && m->verdict == ITINERARY_ALLOW
        && c->policy.unknown_trip == ITINERARY_UNKNOWN_TRIP_ADOPT)
    {
        if (c->trip.owner.len == 0
            && (op(m, ITINERARY_OP_UPDATE) || op(m, ITINERARY_OP_CANCEL)))
        {
            m->create = 1;
            m->record = 1;
        }

        for (i = 0; i < CASE_BOOKINGS; i++) {
            m->posted[i].take |= !m->posted[i].none
                                 && m->posted[i].effect == ITINERARY_CHANGED;
        }
    }

    if (reason != ITINERARY_REASON_NONE) {
        m->verdict = ITINERARY_DENY;
    }

    return reason;
}


/* one of the judgement's effects, which are in the model's order */

static void
check_effect(const itinerary_judgement_t *j, unsigned *n, const effect_t *e,
    const itinerary_str_t *name)
{
    const itinerary_booking_effect_t  *got;

    if (e->none) {
        return;
    }

    fuzz_check(*n < j->neffects, "\"%.*s\" has no effect", fuzz_quote(name));

    got = &j->effects[(*n)++];

    fuzz_check(same(&got->name, name), "\"%.*s\", not \"%.*s\"",
               fuzz_quote(&got->name), fuzz_quote(name));
    fuzz_check(got->effect == e->effect && got->allowed == e->allowed
               && got->claim == e->claim && got->bind == e->bind
               && got->take == e->take,
               "\"%.*s\": %d, not %d; allowed %u, claim %u, bind %u, take %u",
               fuzz_quote(name), got->effect, e->effect, got->allowed,
               got->claim, got->bind, got->take);
}


static void
check(const itinerary_case_t *c)
{
    arena_t                 arena;
    model_t                 m;
    unsigned                i, n;
    itinerary_reason_e      reason;
    itinerary_result_e      rc;
    itinerary_judgement_t   j;

    arena_init(&arena, 0);

    rc = itinerary_judge(&arena.pool, c, &j);
    reason = model(c, &m);

    fuzz_check(j.error.reason == reason && j.verdict == m.verdict
               && rc == (reason ? ITINERARY_REFUSED : ITINERARY_OK),
               "%s, not %s", itinerary_reason(j.error.reason)->code.data,
               itinerary_reason(reason)->code.data);
    fuzz_check(j.create == m.create && j.record == m.record
               && j.cancel == m.cancel && j.echo == m.echo,
               "create %u, record %u, cancel %u, echo %u", j.create, j.record,
               j.cancel, j.echo);

    n = 0;

    for (i = 0; c->document && i < c->document->nbookings; i++) {
        check_effect(&j, &n, &m.posted[i], &c->document->bookings[i].name);
    }

    for (i = 0; i < c->trip.nbookings; i++) {
        check_effect(&j, &n, &m.held[i], &c->trip.bookings[i].name);
    }

    for (i = 0; i < c->nmeant; i++) {
        check_effect(&j, &n, &m.meant[i], &c->meant[i].name);
    }

    fuzz_check(n == j.neffects, "%u effects, not %u", j.neffects, n);

    for (i = 0; i < j.neffects; i++) {
        fuzz_check(j.verdict == ITINERARY_DENY || j.effects[i].allowed,
                   "\"%.*s\" is not allowed",
                   fuzz_quote(&j.effects[i].name));
    }

    arena_free(&arena);

}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    case_t         t;
    arena_t        arena;
    words_t        words;
    fuzz_input_t   in;

    in.p = data;
    in.last = data + size;

    arena_init(&arena, 0);

    words_read(&in, &words);
    case_make(&arena, &words.row, &t);

    check(&t.c);

    arena_free(&arena);

    return 0;
}
