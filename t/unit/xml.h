
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * What libxml2 allocates in the unit tests: counted, and one allocation made
 * to fail, as of the arena.  Only the tests set this; the core sets nothing
 * that the whole process has.
 */


#ifndef _XML_H_INCLUDED_
#define _XML_H_INCLUDED_


#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>


/* allocations so far; the one to fail, from 1; and those not freed yet */

static unsigned  xml_count, xml_fail, xml_live;


static inline void *
xml_malloc(size_t size)
{
    void  *p;

    if (++xml_count == xml_fail) {
        return NULL;
    }

    p = malloc(size);
    xml_live += (p != NULL);

    return p;
}


static inline void *
xml_realloc(void *p, size_t size)
{
    if (p == NULL) {
        return xml_malloc(size);
    }

    return (++xml_count == xml_fail) ? NULL : realloc(p, size);
}


static inline void
xml_free(void *p)
{
    xml_live -= (p != NULL);
    free(p);
}


static inline char *
xml_strdup(const char *s)
{
    char  *p;

    p = xml_malloc(strlen(s) + 1);

    return p ? strcpy(p, s) : NULL;
}


static void
xml_silent(void *data, const char *format, ...)
{
    (void) data;
    (void) format;
}


/* to be called before anything of libxml2; 0 where that did not work */

static inline int
xml_setup(void)
{
    if (xmlMemSetup(xml_free, xml_malloc, xml_realloc, xml_strdup) != 0) {
        return 0;
    }

    xmlInitParser();
    xmlSetGenericErrorFunc(NULL, xml_silent);

    return 1;
}


#endif /* _XML_H_INCLUDED_ */
