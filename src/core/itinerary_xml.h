
/*
 * Copyright (C) Itinerary gateway authors
 */


/* what differs between versions of libxml2 */


#ifndef _ITINERARY_XML_H_INCLUDED_
#define _ITINERARY_XML_H_INCLUDED_


#include <libxml/parser.h>
#include <libxml/xmlerror.h>


#if (LIBXML_VERSION >= 21200)
typedef const xmlError  itinerary_xml_error_t;
#else
typedef xmlError        itinerary_xml_error_t;
#endif


#endif /* _ITINERARY_XML_H_INCLUDED_ */
