
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A post that is validated by a schema while it streams: whole and in random
 * pieces with the same result, and with violations where, and only where,
 * libxml2 finds one in its tree.
 *
 * The first byte of the input says how it is cut into pieces; from the second
 * line it is the document.
 */


#include "document.h"

#include <libxml/xmlschemas.h>
#include <unistd.h>


/* a little of everything, in no namespace */

static const char  xsd[] =
    "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>"
    "<xs:element name='Itinerary'><xs:complexType><xs:sequence>"
    "<xs:element name='TripName' minOccurs='0'><xs:simpleType>"
    "<xs:restriction base='xs:string'><xs:maxLength value='8'/>"
    "</xs:restriction></xs:simpleType></xs:element>"
    "<xs:element name='Comments' type='xs:string' nillable='true'"
    " minOccurs='0'/>"
    "<xs:element name='StartDateLocal' type='xs:dateTime' minOccurs='0'/>"
    "<xs:element name='Bookings' minOccurs='0'><xs:complexType><xs:sequence>"
    "<xs:element name='Booking' maxOccurs='unbounded'><xs:complexType>"
    "<xs:choice maxOccurs='unbounded'>"
    "<xs:element name='Segments'><xs:complexType><xs:choice minOccurs='0'"
    " maxOccurs='unbounded'>"
    "<xs:element name='Car'><xs:complexType mixed='true'><xs:sequence>"
    "<xs:element name='Doors' type='xs:int' minOccurs='0' maxOccurs='3'/>"
    "<xs:any minOccurs='0' processContents='lax'/>"
    "</xs:sequence><xs:attribute name='Class' type='xs:token'/>"
    "</xs:complexType></xs:element>"
    "<xs:element name='Air' type='xs:boolean'/>"
    "</xs:choice></xs:complexType></xs:element>"
    "<xs:element name='RecordLocator' type='xs:string'/>"
    "<xs:element name='BookingSource' type='xs:string'/>"
    "</xs:choice></xs:complexType></xs:element>"
    "</xs:sequence></xs:complexType></xs:element>"
    "</xs:sequence><xs:attribute name='kind' type='xs:NMTOKEN'/>"
    "</xs:complexType></xs:element></xs:schema>";


static itinerary_schema_t *
loaded(void)
{
    int                  fd;
    char                 path[] = "/tmp/itinerary-fuzz-XXXXXX", text[256];
    itinerary_schema_t  *schema;

    fd = mkstemp(path);

    fuzz_check(fd != -1 && write(fd, xsd, sizeof(xsd) - 1)
                           == sizeof(xsd) - 1, "%s", path);
    close(fd);

    schema = itinerary_schema_load(path, text, sizeof(text));
    unlink(path);

    fuzz_check(schema, "%s", text);

    return schema;
}


/* the schema has no namespace, so that the trip's is as good as none */

static void
strip(xmlNode *node, const xmlNs *ns)
{
    for ( /* void */ ; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            strip(node->children, ns);

            if (node->ns && strcmp((char *) node->ns->href, (char *) ns->href)
                            == 0)
            {
                node->ns = NULL;
            }
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                        rc;
    u_char                     pieces;
    xmlDoc                    *doc;
    xmlNode                   *root;
    document_t                 d;
    fuzz_input_t               in;
    itinerary_str_t            text;
    xmlSchemaValidCtxtPtr      ctxt;
    itinerary_reader_conf_t    conf;

    static itinerary_schema_t  *schema;

    in.p = data;
    in.last = data + size;

    pieces = fuzz_byte(&in);
    (void) fuzz_line(&in);

    text = fuzz_rest(&in);

    if (schema == NULL) {
        schema = loaded();
    }

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = ITINERARY_READ_POST;
    conf.roots = ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = DOCUMENT_BOOKINGS;
    conf.schema = schema;

    document_read(&d, &conf, &text, 0);
    document_check_pieces(&d, &conf, &text, pieces);

    if (d.document) {
        doc = document_tree(&text);
        fuzz_check(doc, "no tree");

        root = xmlDocGetRootElement(doc);

        if (root->ns) {
            strip(root, root->ns);
        }

        ctxt = xmlSchemaNewValidCtxt(schema->xml);
        fuzz_check(ctxt, "no memory");

        xmlSchemaSetValidErrors(ctxt, NULL, NULL, NULL);

        rc = xmlSchemaValidateDoc(ctxt, doc);

        fuzz_check((rc == 0) == (d.document->nviolations == 0),
                   "%d, but %u violations", rc, d.document->nviolations);

        xmlSchemaFreeValidCtxt(ctxt);
        xmlFreeDoc(doc);
    }

    document_free(&d);

    return 0;
}
