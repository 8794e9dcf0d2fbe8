
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A user's XML Schema, by which libxml2 validates a post while the reader
 * streams it, see itinerary_validator.h.
 */


#ifndef _ITINERARY_SCHEMA_H_INCLUDED_
#define _ITINERARY_SCHEMA_H_INCLUDED_


#include "itinerary.h"


/* never changed once it is loaded: any number of readers may share it */

typedef struct {
    struct _xmlSchema     *xml;
    struct _xmlDoc        *doc;     /* parts of "xml" point into it */
} itinerary_schema_t;


/*
 * Loads the schema from a file, and what it includes, imports or redefines
 * from other files; never from the network.  Returns NULL where that failed:
 * "text", of "size" bytes, then says in printable ASCII what is wrong where.
 * The schema is allocated by libxml2 and malloc(), and freed by
 * itinerary_schema_destroy().
 */

itinerary_schema_t *itinerary_schema_load(const char *file, char *text,
    size_t size);
void itinerary_schema_destroy(itinerary_schema_t *schema);


#endif /* _ITINERARY_SCHEMA_H_INCLUDED_ */
