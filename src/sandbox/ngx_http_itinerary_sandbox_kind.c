
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_name.h"
#include "ngx_http_itinerary_sandbox_kind.h"


static struct {
    const char  *segment;
    ngx_str_t    source;
} ngx_http_itinerary_sandbox_kinds[] = {
    { "Air", ngx_string("ConcurAir") },
    { "Car", ngx_string("ConcurCars") },
    { "Dining", ngx_string("ConcurDining") },
    { "Event", ngx_string("ConcurEvent") },
    { "Hotel", ngx_string("ConcurHotel") },
    { "Parking", ngx_string("ConcurParking") },
    { "Rail", ngx_string("ConcurRail") },
    { "Ride", ngx_string("ConcurRide") },
    { "Travel", ngx_string("ConcurTravel") },
    { NULL, ngx_null_string }
};


ngx_uint_t
ngx_http_itinerary_sandbox_kind(xmlNodePtr booking)
{
    ngx_uint_t   i;
    xmlNodePtr   segment;
    const char  *name;

    segment = ngx_http_itinerary_sandbox_document_segment(booking, NULL);

    if (segment == NULL) {
        return 0;
    }

    for (i = 0; ngx_http_itinerary_sandbox_kinds[i].segment; i++) {
        name = ngx_http_itinerary_sandbox_kinds[i].segment;

        if (ngx_http_itinerary_sandbox_is(segment, name)) {
            return i + 1;
        }
    }

    return 0;
}


ngx_str_t *
ngx_http_itinerary_sandbox_kind_source(ngx_uint_t kind)
{
    return &ngx_http_itinerary_sandbox_kinds[kind - 1].source;
}


ngx_uint_t
ngx_http_itinerary_sandbox_kind_is_source(ngx_str_t *source)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_itinerary_sandbox_kinds[i].segment; i++) {
        if (ngx_http_itinerary_sandbox_same(
                              source,
                              &ngx_http_itinerary_sandbox_kinds[i].source))
        {
            return 1;
        }
    }

    return 0;
}
