
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_id.h"


#define NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS  10

#define NGX_HTTP_ITINERARY_SANDBOX_LOCATOR     "CNQR%010uL"
#define NGX_HTTP_ITINERARY_SANDBOX_DIGITS      10


static const char  ngx_http_itinerary_sandbox_id_locator[] = "CNQR";
static const char  ngx_http_itinerary_sandbox_id_opaque[] = "I2uwiJJw8r7Ow";
static const char  ngx_http_itinerary_sandbox_id_letters[] =
    "bchijloqrstuwxyz";


u_char *
ngx_http_itinerary_sandbox_id(u_char *p, uint64_t number, ngx_uint_t opaque)
{
    u_char      c;
    uint64_t    letters;
    ngx_uint_t  i;

    if (!opaque) {
        return ngx_sprintf(p, NGX_HTTP_ITINERARY_SANDBOX_LOCATOR, number);
    }

    p = ngx_cpymem(p, ngx_http_itinerary_sandbox_id_opaque,
                   sizeof(ngx_http_itinerary_sandbox_id_opaque) - 1);

    /* the lowest bits say which letters are capitals */

    letters = number >> NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS;

    for (i = 0; i < NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS; i++) {

        c = ngx_http_itinerary_sandbox_id_letters[letters & 0xf];
        letters >>= 4;

        *p++ = (number & ((uint64_t) 1 << i)) ? ngx_toupper(c) : c;
    }

    return p;
}


ngx_int_t
ngx_http_itinerary_sandbox_id_number(ngx_str_t *id, uint64_t *number)
{
    off_t        value;
    u_char       c, *p;
    size_t       len;
    uint64_t     letter;
    ngx_uint_t   i;

    len = sizeof(ngx_http_itinerary_sandbox_id_locator) - 1;

    if (id->len == len + NGX_HTTP_ITINERARY_SANDBOX_DIGITS
        && ngx_memcmp(id->data, ngx_http_itinerary_sandbox_id_locator, len)
           == 0)
    {
        value = ngx_atoof(id->data + len, id->len - len);
        if (value == NGX_ERROR) {
            return NGX_DECLINED;
        }

        *number = (uint64_t) value;

        return NGX_OK;
    }

    len = sizeof(ngx_http_itinerary_sandbox_id_opaque) - 1;

    if (id->len != len + NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS
        || ngx_memcmp(id->data, ngx_http_itinerary_sandbox_id_opaque, len)
           != 0)
    {
        return NGX_DECLINED;
    }

    *number = 0;

    for (i = 0; i < NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS; i++) {

        c = id->data[len + i];

        if (c >= 'A' && c <= 'Z') {
            *number |= (uint64_t) 1 << i;
            c = ngx_tolower(c);
        }

        p = (u_char *) ngx_strchr(ngx_http_itinerary_sandbox_id_letters, c);

        if (c == '\0' || p == NULL) {
            return NGX_DECLINED;
        }

        letter = p - (u_char *) ngx_http_itinerary_sandbox_id_letters;

        *number |= letter << (NGX_HTTP_ITINERARY_SANDBOX_ID_LETTERS + 4 * i);
    }

    return NGX_OK;
}
