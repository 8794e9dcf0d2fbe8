
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_tag.h"


int
itinerary_is_ours(const u_char *uri)
{
    const char         *text;
    static const char   name[] = "://www.concursolutions.com"
                                 "/api/travel/trip/2010/06";

    if (uri == NULL) {
        return 1;
    }

    text = (const char *) uri;

    if (strncmp(text, "http", 4) != 0) {
        return 0;
    }

    text += (text[4] == 's') ? 5 : 4;

    return strcmp(text, name) == 0;
}


int
itinerary_is_xsi(const u_char *uri)
{
    return uri != NULL
           && strcmp((const char *) uri,
                     "http://www.w3.org/2001/XMLSchema-instance")
              == 0;
}
