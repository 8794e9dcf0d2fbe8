
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_itinerary_sandbox_form.h"


typedef struct {
    ngx_str_t         name;
    size_t            offset;
    ngx_conf_enum_t  *values;
} ngx_http_itinerary_sandbox_parameter_t;


static ngx_int_t ngx_http_itinerary_sandbox_form_unknown(ngx_conf_t *cf,
    ngx_str_t *value);
static ngx_int_t ngx_http_itinerary_sandbox_form_invalid(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_itinerary_sandbox_parameter_t *parameter);


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_id[] = {
    { ngx_string("locator"), 0 },
    { ngx_string("opaque"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_xmlns[] = {
    { ngx_string("http"), NGX_HTTP_ITINERARY_SANDBOX_FORM_HTTP },
    { ngx_string("https"), NGX_HTTP_ITINERARY_SANDBOX_FORM_HTTPS },
    { ngx_string("none"), NGX_HTTP_ITINERARY_SANDBOX_FORM_NONE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_bookings[] = {
    { ngx_string("wrapped"), NGX_HTTP_ITINERARY_SANDBOX_FORM_WRAPPED },
    { ngx_string("direct"), NGX_HTTP_ITINERARY_SANDBOX_FORM_DIRECT },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_booking[] = {
    { ngx_string("itinerary"), 0 },
    { ngx_string("booking"), NGX_HTTP_ITINERARY_SANDBOX_FORM_BOOKING },
    { ngx_string("segment"), NGX_HTTP_ITINERARY_SANDBOX_FORM_SEGMENT },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_sources[] = {
    { ngx_string("posted"), 0 },
    { ngx_string("renamed"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_reach[] = {
    { ngx_string("own"), 0 },
    { ngx_string("all"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_flag[] = {
    { ngx_string("off"), 0 },
    { ngx_string("on"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_itinerary_sandbox_form_answer[] = {
    { ngx_string("document"), 0 },
    { ngx_string("message"), NGX_HTTP_ITINERARY_SANDBOX_FORM_MESSAGE },
    { ngx_string("empty"), NGX_HTTP_ITINERARY_SANDBOX_FORM_EMPTY },
    { ngx_string("truncated"), NGX_HTTP_ITINERARY_SANDBOX_FORM_TRUNCATED },
    { ngx_null_string, 0 }
};


static ngx_http_itinerary_sandbox_parameter_t
    ngx_http_itinerary_sandbox_parameters[] =
{
    { ngx_string("id="),
      offsetof(ngx_http_itinerary_sandbox_form_t, opaque),
      ngx_http_itinerary_sandbox_form_id },

    { ngx_string("xmlns="),
      offsetof(ngx_http_itinerary_sandbox_form_t, xmlns),
      ngx_http_itinerary_sandbox_form_xmlns },

    { ngx_string("bookings="),
      offsetof(ngx_http_itinerary_sandbox_form_t, bookings),
      ngx_http_itinerary_sandbox_form_bookings },

    { ngx_string("booking="),
      offsetof(ngx_http_itinerary_sandbox_form_t, booking),
      ngx_http_itinerary_sandbox_form_booking },

    { ngx_string("sources="),
      offsetof(ngx_http_itinerary_sandbox_form_t, renamed),
      ngx_http_itinerary_sandbox_form_sources },

    { ngx_string("amounts="),
      offsetof(ngx_http_itinerary_sandbox_form_t, amounts),
      ngx_http_itinerary_sandbox_form_reach },

    { ngx_string("cancel="),
      offsetof(ngx_http_itinerary_sandbox_form_t, overreach),
      ngx_http_itinerary_sandbox_form_reach },

    { ngx_string("gzip="),
      offsetof(ngx_http_itinerary_sandbox_form_t, gzip),
      ngx_http_itinerary_sandbox_form_flag },

    { ngx_string("answer="),
      offsetof(ngx_http_itinerary_sandbox_form_t, answer),
      ngx_http_itinerary_sandbox_form_answer },

    { ngx_null_string, 0, NULL }
};


ngx_int_t
ngx_http_itinerary_sandbox_form_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_itinerary_sandbox_form_t *form)
{
    ngx_str_t                                text;
    ngx_uint_t                               i;
    ngx_conf_enum_t                         *e;
    ngx_http_itinerary_sandbox_parameter_t  *parameter;

    for (i = 0; /* void */ ; i++) {

        parameter = &ngx_http_itinerary_sandbox_parameters[i];

        if (parameter->name.len == 0) {
            return ngx_http_itinerary_sandbox_form_unknown(cf, value);
        }

        if (value->len >= parameter->name.len
            && ngx_strncmp(value->data, parameter->name.data,
                           parameter->name.len)
               == 0)
        {
            break;
        }
    }

    if (form->given & ((ngx_uint_t) 1 << i)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"itinerary_sandbox\" is duplicate",
                           &parameter->name);
        return NGX_ERROR;
    }

    form->given |= (ngx_uint_t) 1 << i;

    text.data = value->data + parameter->name.len;
    text.len = value->len - parameter->name.len;

    for (e = parameter->values; e->name.len; e++) {

        if (e->name.len == text.len
            && ngx_strncmp(e->name.data, text.data, text.len) == 0)
        {
            *(ngx_uint_t *) ((char *) form + parameter->offset) = e->value;
            return NGX_OK;
        }
    }

    return ngx_http_itinerary_sandbox_form_invalid(cf, &text, parameter);
}


static ngx_int_t
ngx_http_itinerary_sandbox_form_unknown(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char                                  *p, *last;
    u_char                                   allowed[NGX_MAX_CONF_ERRSTR / 2];
    ngx_http_itinerary_sandbox_parameter_t  *parameter;

    p = allowed;
    last = allowed + sizeof(allowed);

    for (parameter = ngx_http_itinerary_sandbox_parameters;
         parameter->name.len;
         parameter++)
    {
        p = ngx_slprintf(p, last, "%s \"%V\"",
                         parameter[1].name.len ? "," : " and",
                         &parameter->name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"itinerary_sandbox\", it "
                       "must be one of \"zone=\"%*s", value,
                       (size_t) (p - allowed), allowed);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_sandbox_form_invalid(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_itinerary_sandbox_parameter_t *parameter)
{
    u_char           *p, *last;
    u_char            allowed[NGX_MAX_CONF_ERRSTR / 2];
    ngx_conf_enum_t  *e;

    p = allowed;
    last = allowed + sizeof(allowed);

    for (e = parameter->values; e->name.len; e++) {
        p = ngx_slprintf(p, last, "%s \"%V\"",
                         (e == parameter->values) ? ""
                         : e[1].name.len ? "," : " or",
                         &e->name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\" in "
                       "\"itinerary_sandbox\", it must be%*s", value,
                       &parameter->name, (size_t) (p - allowed), allowed);

    return NGX_ERROR;
}
