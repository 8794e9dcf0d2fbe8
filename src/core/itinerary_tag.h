
/*
 * Copyright (C) Itinerary gateway authors
 */


/* a start tag as libxml2 has it, and the namespaces that matter */


#ifndef _ITINERARY_TAG_H_INCLUDED_
#define _ITINERARY_TAG_H_INCLUDED_


#include "itinerary.h"


/* names are NUL-terminated, "uri" may be NULL */

typedef struct {
    const u_char          *name;
    const u_char          *prefix;
    const u_char          *uri;
    int                    nnamespaces;
    const u_char         **namespaces;  /* two for each: prefix, URI */
    int                    nattributes;
    int                    ndefaulted;  /* of them, by a document type */
    const u_char         **attributes;  /* five for each: name, prefix, URI,
                                           value, the value's end */
} itinerary_tag_t;


/* whether it is the trip's namespace, with http or https, or none */

int itinerary_is_ours(const u_char *uri);

/* whether it is that of XMLSchema-instance */

int itinerary_is_xsi(const u_char *uri);


#endif /* _ITINERARY_TAG_H_INCLUDED_ */
