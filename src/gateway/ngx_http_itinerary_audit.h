
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The audit trail: one JSON object a line, UTF-8, written with one write().
 */


#ifndef _NGX_HTTP_ITINERARY_AUDIT_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_AUDIT_H_INCLUDED_


#include "ngx_http_itinerary_transaction.h"


typedef struct ngx_http_itinerary_audit_s  ngx_http_itinerary_audit_t;

typedef enum {
    ngx_http_itinerary_event_forwarded = 0,  /* before the API sees it */
    ngx_http_itinerary_event_completed,      /* after the registry knows */
    ngx_http_itinerary_event_rejected        /* instead of both */
} ngx_http_itinerary_event_e;


/* the setter of "itinerary_audit_log" */

char *ngx_http_itinerary_audit_log(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* writes a record to every target; NGX_ERROR where one did not take it */

ngx_int_t ngx_http_itinerary_audit(ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_event_e event);


#endif /* _NGX_HTTP_ITINERARY_AUDIT_H_INCLUDED_ */
