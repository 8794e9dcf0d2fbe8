
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What the judgement needs of the registry, once the request is known.
 */


#include "ngx_http_itinerary_registry_step.h"
#include "itinerary_index.h"


/* the batches of a view, in reg->step */

typedef enum {
    ngx_http_itinerary_view_begun = 0,
    ngx_http_itinerary_view_leased,     /* the trip that the booking is in */
    ngx_http_itinerary_view_followed    /* it is another trip than it was */
} ngx_http_itinerary_view_e;


static ngx_int_t ngx_http_itinerary_registry_add_needed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_lease(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_posted(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_ids(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_sources(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_compared(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_find_missing(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_add_own(
    ngx_http_itinerary_registry_t *reg);

static ngx_int_t ngx_http_itinerary_registry_viewed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_read_lease(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_follow(
    ngx_http_itinerary_registry_t *reg, const itinerary_str_t *trip);
static ngx_int_t ngx_http_itinerary_registry_read_followed(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_read_posted(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command);
static ngx_int_t ngx_http_itinerary_registry_read_compared(
    ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command);
static ngx_int_t ngx_http_itinerary_registry_carry(
    ngx_http_itinerary_registry_t *reg);
static ngx_int_t ngx_http_itinerary_registry_read_own(
    ngx_http_itinerary_registry_t *reg, ngx_http_itinerary_command_t *command,
    ngx_uint_t n);


static ngx_str_t  ngx_http_itinerary_empty = ngx_string("");


void
ngx_http_itinerary_registry_view(ngx_http_itinerary_registry_t *reg,
    itinerary_operation_e operation, const itinerary_document_t *document,
    ngx_uint_t anybody, ngx_uint_t any)
{
    ngx_int_t  rc;

    ngx_http_itinerary_registry_begin(reg, 2 * (document ? document->nbookings
                                                : reg->trip.nbookings) + 7,
                                      ngx_http_itinerary_registry_viewed);

    reg->operation = operation;
    reg->document = document;
    reg->anybody = anybody;
    reg->any = any;
    reg->followed = 0;

    rc = reg->known ? NGX_OK : ngx_http_itinerary_registry_add_id(reg);

    if (rc == NGX_OK) {
        rc = ngx_http_itinerary_registry_add_needed(reg);
    }

    ngx_http_itinerary_registry_send(reg, rc);
}


static ngx_int_t
ngx_http_itinerary_registry_add_needed(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t  rc;

    reg->nids = 0;
    reg->nsources = 0;
    reg->nmissing = 0;

    rc = NGX_OK;

    if (reg->document) {
        rc = ngx_http_itinerary_registry_add_posted(reg);

    } else if (reg->operation == ITINERARY_OP_CANCEL) {
        rc = ngx_http_itinerary_registry_add_own(reg);
    }

    /* the lease is taken last, so that what was read is not newer */

    reg->asks = reg->trip.id.len && !reg->leased;

    if (rc == NGX_OK && reg->asks) {
        rc = ngx_http_itinerary_registry_add_lease(reg);
    }

    return rc;
}


/*
 * The trip's lease; and where the look-up did not know the trip: an answer may
 * have shown since which trip its id is of.
 */

static ngx_int_t
ngx_http_itinerary_registry_add_lease(ngx_http_itinerary_registry_t *reg)
{
    if (ngx_http_itinerary_registry_add_trip(reg, 1,
                                    reg->anybody ? &ngx_http_itinerary_empty
                                                 : &reg->supplier)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->trip.known) {
        return NGX_OK;
    }

    return ngx_http_itinerary_registry_add_get(reg, "alias:", &reg->trip.id);
}


static ngx_int_t
ngx_http_itinerary_registry_add_posted(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                   i;
    const itinerary_document_t  *document;

    document = reg->document;

    if (ngx_http_itinerary_registry_add_ids(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (document->nbookings) {
        reg->records = ngx_pcalloc(reg->pool, document->nbookings
                                              * sizeof(itinerary_record_t));
        if (reg->records == NULL) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < document->nbookings; i++) {
        if (ngx_http_itinerary_registry_add_record(reg,
                                                 &document->bookings[i].name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (!reg->any && ngx_http_itinerary_registry_add_sources(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    return reg->operation == ITINERARY_OP_UPDATE
           ? ngx_http_itinerary_registry_add_compared(reg) : NGX_OK;
}


/* for which trips do the ids in the body stand? */

static ngx_int_t
ngx_http_itinerary_registry_add_ids(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t              i;
    const itinerary_str_t  *ids[3];

    ids[0] = &reg->document->id;
    ids[1] = &reg->document->itin_locator;
    ids[2] = &reg->document->trip_id;

    for (i = 0; i < 3; i++) {

        if (ids[i]->len == 0) {
            continue;
        }

        reg->body_ids[reg->nids] = *ids[i];

        if (ngx_http_itinerary_registry_add_get(reg, "alias:",
                                                &reg->body_ids[reg->nids++])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* to whom are the posted sources bound?  Mostly they are one */

static ngx_int_t
ngx_http_itinerary_registry_add_sources(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t                  i, k, n;
    itinerary_str_t            *source;
    itinerary_index_t           posted;
    const itinerary_booking_t  *bookings;

    n = reg->document->nbookings;
    bookings = reg->document->bookings;

    if (n == 0) {
        return NGX_OK;
    }

    reg->sources = ngx_palloc(reg->pool, n * sizeof(itinerary_str_t));
    reg->source_of = ngx_palloc(reg->pool, n * sizeof(unsigned));

    if (reg->sources == NULL || reg->source_of == NULL
        || itinerary_index(reg->core, &posted, &bookings[0].source,
                           sizeof(itinerary_booking_t), n)
           != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        k = itinerary_index_first(&posted, &bookings[i].source);

        if (k != i) {
            reg->source_of[i] = reg->source_of[k];
            continue;
        }

        reg->source_of[i] = reg->nsources;

        source = &reg->sources[reg->nsources++];
        *source = bookings[i].source;

        if (ngx_http_itinerary_registry_add_get(reg, "source:", source)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * What the supplier was shown of the posted bookings, and of those that are
 * missing.  Of the latter it matters whether they are in doubt, and whether
 * those that the trip lists as the supplier's still are: a claim that was given
 * back stays in the list where Redis failed before it was taken off.
 */

static ngx_int_t
ngx_http_itinerary_registry_add_compared(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                     *field;
    ngx_uint_t                     i, n;
    itinerary_str_t               *name;
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_find_missing(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->nmissing; i++) {
        if (ngx_http_itinerary_registry_add_record(reg, &reg->missing[i]->name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    n = reg->document->nbookings;

    command = ngx_http_itinerary_registry_add_shown(reg, n + reg->nmissing);
    if (command == NULL) {
        return NGX_ERROR;
    }

    field = &command->argv[4];

    for (i = 0; i < n + reg->nmissing; i++) {
        name = i < n ? &reg->document->bookings[i].name
                     : &reg->missing[i - n]->name;

        field[i] = ngx_http_itinerary_text(name);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_find_missing(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t           i, n;
    itinerary_index_t    posted;
    itinerary_record_t  *record;

    if (reg->trip.nbookings == 0) {
        return NGX_OK;
    }

    n = reg->document->nbookings;

    ngx_memzero(&posted, sizeof(itinerary_index_t));

    if (n && itinerary_index(reg->core, &posted,
                             &reg->document->bookings[0].name,
                             sizeof(itinerary_booking_t), n)
             != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    reg->missing = ngx_palloc(reg->pool, reg->trip.nbookings
                                         * sizeof(itinerary_record_t *));
    if (reg->missing == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->trip.nbookings; i++) {

        record = &reg->trip.bookings[i];

        if (itinerary_index_first(&posted, &record->name)
            == ITINERARY_INDEX_NONE)
        {
            reg->missing[reg->nmissing++] = record;
        }
    }

    return NGX_OK;
}


/* who did not create the trip may cancel its own bookings that are active */

static ngx_int_t
ngx_http_itinerary_registry_add_own(ngx_http_itinerary_registry_t *reg)
{
    ngx_uint_t           i;
    itinerary_record_t  *record;

    if (ngx_http_itinerary_registry_is_own(reg, &reg->trip.owner)) {
        return NGX_OK;
    }

    for (i = 0; i < reg->trip.nbookings; i++) {

        record = &reg->trip.bookings[i];

        if (ngx_http_itinerary_registry_is_own(reg, &record->owner)
            && ngx_http_itinerary_registry_add_record(reg, &record->name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_viewed(ngx_http_itinerary_registry_t *reg)
{
    ngx_int_t                      rc;
    ngx_uint_t                     n;
    ngx_http_itinerary_command_t  *command;

    if (reg->step == ngx_http_itinerary_view_followed) {
        return ngx_http_itinerary_registry_read_followed(reg);
    }

    if (reg->step == ngx_http_itinerary_view_leased) {
        return ngx_http_itinerary_registry_read_lease(reg);
    }

    command = reg->call.commands.elts;
    n = reg->call.commands.nelts;

    if (!reg->known) {

        if (ngx_http_itinerary_registry_read_id(reg, command++) != NGX_OK) {
            return NGX_ERROR;
        }

        n--;
    }

    if (reg->document
        && ngx_http_itinerary_registry_read_posted(reg, &command) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->asks) {

        n -= reg->trip.known ? 1 : 2;

        rc = ngx_http_itinerary_registry_read_lease(reg);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_itinerary_registry_carry(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (reg->operation == ITINERARY_OP_CANCEL) {
        return ngx_http_itinerary_registry_read_own(reg, command, n);
    }

    if (reg->operation != ITINERARY_OP_BOOK || reg->trip.id.len
        || reg->records[0].trip.len == 0)
    {
        return NGX_OK;
    }

    /* a booking that is known is written to where it is */

    reg->trip.id = reg->records[0].trip;
    reg->anybody = 1;

    if (ngx_http_itinerary_registry_again(reg, ngx_http_itinerary_view_leased,
                                          2)
        != NGX_OK
        || ngx_http_itinerary_registry_add_lease(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/* the last commands of the batch */

static ngx_int_t
ngx_http_itinerary_registry_read_lease(ngx_http_itinerary_registry_t *reg)
{
    ngx_str_t                      alias;
    ngx_uint_t                     known;
    itinerary_str_t                trip;
    ngx_http_itinerary_command_t  *last;

    known = reg->trip.known;

    last = reg->call.commands.elts;
    last += reg->call.commands.nelts - 1;

    if (ngx_http_itinerary_registry_read_trip(reg, known ? last : last - 1, 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (known) {
        return NGX_OK;
    }

    if (ngx_http_itinerary_registry_read_text(reg, last, &alias) != NGX_OK) {
        return NGX_ERROR;
    }

    if (alias.data == NULL) {
        return NGX_OK;
    }

    trip = ngx_http_itinerary_core_text(&alias);

    return ngx_http_itinerary_registry_follow(reg, &trip);
}


/* the id is another trip's: all is asked again, of that */

static ngx_int_t
ngx_http_itinerary_registry_follow(ngx_http_itinerary_registry_t *reg,
    const itinerary_str_t *trip)
{
    if (reg->followed) {

        /*
         * An alias of an alias, which only answers at the same time leave that
         * show different ids: it is not followed any further.
         */

        reg->trip.busy = 1;
        return NGX_OK;
    }

    reg->followed = 1;

    if (ngx_http_itinerary_registry_again(reg, ngx_http_itinerary_view_followed,
                                          2)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (reg->leased) {

        if (ngx_http_itinerary_registry_add_settle(reg, &reg->lease_id, 0,
                                              ngx_http_itinerary_count_none)
            == NULL)
        {
            return NGX_ERROR;
        }

        reg->leased = 0;
    }

    ngx_memzero(&reg->trip, sizeof(itinerary_trip_t));
    reg->trip.id = *trip;

    return ngx_http_itinerary_registry_add_trip(reg, 0, NULL) == NGX_OK
           ? NGX_AGAIN : NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_registry_read_followed(ngx_http_itinerary_registry_t *reg)
{
    ngx_http_itinerary_command_t  *command;

    if (ngx_http_itinerary_registry_check(reg) != NGX_OK) {
        return NGX_ERROR;
    }

    command = reg->call.commands.elts;
    command += reg->call.commands.nelts - 1;

    if (ngx_http_itinerary_registry_read_trip(reg, command, 0) != NGX_OK
        || ngx_http_itinerary_registry_again(reg,
                                             ngx_http_itinerary_view_begun,
                                             2 * (reg->document
                                                  ? reg->document->nbookings
                                                  : reg->trip.nbookings) + 7)
           != NGX_OK
        || ngx_http_itinerary_registry_add_needed(reg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_itinerary_registry_read_posted(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command)
{
    ngx_str_t   text, *bound;
    ngx_uint_t  i, n;

    for (i = 0; i < reg->nids; i++) {

        if (ngx_http_itinerary_registry_read_text(reg, (*command)++, &text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        reg->ids[i] = reg->body_ids[i];

        if (text.data) {
            reg->ids[i] = ngx_http_itinerary_core_text(&text);
        }
    }

    n = reg->document->nbookings;

    for (i = 0; i < n; i++) {
        if (ngx_http_itinerary_registry_read_record(reg, (*command)++,
                                                    &reg->records[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (reg->nsources) {

        bound = ngx_palloc(reg->pool, reg->nsources * sizeof(ngx_str_t));
        if (bound == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < reg->nsources; i++) {
            if (ngx_http_itinerary_registry_read_text(reg, (*command)++,
                                                      &bound[i])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        for (i = 0; i < n; i++) {
            text = bound[reg->source_of[i]];

            reg->records[i].bound = ngx_http_itinerary_core_text(&text);
        }
    }

    return reg->operation == ITINERARY_OP_UPDATE
           ? ngx_http_itinerary_registry_read_compared(reg, command) : NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_registry_read_compared(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t **command)
{
    ngx_uint_t                   i, n;
    itinerary_record_t          *record;
    ngx_http_itinerary_value_t  *value;

    for (i = 0; i < reg->nmissing; i++) {
        if (ngx_http_itinerary_registry_read_record(reg, (*command)++,
                                                    reg->missing[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_itinerary_registry_read_shown(reg, *command) != NGX_OK) {
        return NGX_ERROR;
    }

    value = &(*command)++->elts[2];
    n = reg->document->nbookings;

    for (i = 0; i < n + reg->nmissing; i++) {
        record = i < n ? &reg->records[i] : reg->missing[i - n];

        record->shown = ngx_http_itinerary_core_text(&value[i].text);
    }

    return NGX_OK;
}


/*
 * The trip was read again with its lease: what is known of the bookings that
 * are missing from the document goes with them.
 */

static ngx_int_t
ngx_http_itinerary_registry_carry(ngx_http_itinerary_registry_t *reg)
{
    unsigned             k;
    ngx_uint_t           i;
    itinerary_index_t    listed;
    itinerary_record_t  *record;

    if (reg->nmissing == 0 || reg->trip.nbookings == 0) {
        return NGX_OK;
    }

    if (itinerary_index(reg->core, &listed, &reg->trip.bookings[0].name,
                        sizeof(itinerary_record_t), reg->trip.nbookings)
        != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < reg->nmissing; i++) {

        k = itinerary_index_first(&listed, &reg->missing[i]->name);

        if (k == ITINERARY_INDEX_NONE) {
            continue;
        }

        record = &reg->trip.bookings[k];

        record->state = reg->missing[i]->state;
        record->shown = reg->missing[i]->shown;

        if (ngx_http_itinerary_registry_is_own(reg, &record->owner)) {
            record->owner = reg->missing[i]->owner;
        }
    }

    return NGX_OK;
}


/* the states of a cancel's own bookings go to the trip's list */

static ngx_int_t
ngx_http_itinerary_registry_read_own(ngx_http_itinerary_registry_t *reg,
    ngx_http_itinerary_command_t *command, ngx_uint_t n)
{
    size_t             prefix;
    unsigned           k;
    ngx_uint_t         i;
    itinerary_str_t    name;
    itinerary_index_t  listed;

    if (n == 0 || reg->trip.nbookings == 0) {
        return NGX_OK;
    }

    if (itinerary_index(reg->core, &listed, &reg->trip.bookings[0].name,
                        sizeof(itinerary_record_t), reg->trip.nbookings)
        != ITINERARY_OK)
    {
        return NGX_ERROR;
    }

    prefix = reg->redis->prefix.len + sizeof("booking:") - 1;

    for (i = 0; i < n; i++) {

        name.len = command[i].argv[1].len - prefix;
        name.data = command[i].argv[1].data + prefix;

        k = itinerary_index_first(&listed, &name);

        if (k != ITINERARY_INDEX_NONE
            && ngx_http_itinerary_registry_read_record(reg, &command[i],
                                                       &reg->trip.bookings[k])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
