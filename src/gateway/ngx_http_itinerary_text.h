
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Text on its way between nginx and the core: both borrow it from the same
 * place.
 */


#ifndef _NGX_HTTP_ITINERARY_TEXT_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "itinerary.h"


/* the core's text for nginx */

static ngx_inline ngx_str_t
ngx_http_itinerary_text(const itinerary_str_t *text)
{
    ngx_str_t  str;

    str.len = text->len;
    str.data = text->data;

    return str;
}


/* nginx's text for the core */

static ngx_inline itinerary_str_t
ngx_http_itinerary_core_text(const ngx_str_t *text)
{
    itinerary_str_t  str;

    str.len = text->len;
    str.data = text->data;

    return str;
}


#endif /* _NGX_HTTP_ITINERARY_TEXT_H_INCLUDED_ */
