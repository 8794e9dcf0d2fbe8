
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xmlschemas.h>

#include "itinerary_char.h"
#include "itinerary_schema.h"
#include "itinerary_xml.h"


#define ITINERARY_SCHEMA_FILES_MAX  64

#define ITINERARY_SCHEMA_NS  "http://www.w3.org/2001/XMLSchema"


typedef struct {
    const char            *file;
    char                  *text;      /* what is wrong, empty: nothing yet */
    size_t                 size;
    unsigned               nfiles;
    xmlChar               *files[ITINERARY_SCHEMA_FILES_MAX];
} itinerary_schema_loading_t;


static xmlSchemaPtr itinerary_schema_parse(
    itinerary_schema_loading_t *loading, xmlDocPtr doc);
static xmlDocPtr itinerary_schema_read(itinerary_schema_loading_t *loading,
    const char *file);
static int itinerary_schema_check(itinerary_schema_loading_t *loading,
    xmlDocPtr doc);
static int itinerary_schema_check_entities(
    itinerary_schema_loading_t *loading, xmlDocPtr doc);
static int itinerary_schema_check_reference(
    itinerary_schema_loading_t *loading, xmlDocPtr doc, xmlNodePtr node);
static int itinerary_schema_check_file(itinerary_schema_loading_t *loading,
    xmlChar *file);
static int itinerary_schema_is_reference(xmlNodePtr node);
static int itinerary_schema_is_remote(const xmlChar *location);
static void itinerary_schema_parser_error(void *data,
    itinerary_xml_error_t *error);
static void itinerary_schema_xml_error(void *data,
    itinerary_xml_error_t *error);
static void itinerary_schema_error(itinerary_schema_loading_t *loading,
    const char *file, long line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));


itinerary_schema_t *
itinerary_schema_load(const char *file, char *text, size_t size)
{
    FILE                        *f;
    unsigned                     i;
    itinerary_schema_t          *schema;
    itinerary_schema_loading_t   loading;

    memset(&loading, 0, sizeof(itinerary_schema_loading_t));

    loading.file = file;
    loading.text = text;
    loading.size = size;
    text[0] = '\0';

    /* libxml2 does not tell why it cannot read a file */

    f = fopen(file, "rb");
    if (f == NULL) {
        itinerary_schema_error(&loading, file, 0, "%s", strerror(errno));
        return NULL;
    }

    (void) fclose(f);

    schema = calloc(1, sizeof(itinerary_schema_t));

    if (schema) {
        schema->doc = itinerary_schema_read(&loading, file);

        if (schema->doc && itinerary_schema_check(&loading, schema->doc)) {
            schema->xml = itinerary_schema_parse(&loading, schema->doc);
        }
    }

    for (i = 0; i < loading.nfiles; i++) {
        xmlFree(loading.files[i]);
    }

    xmlResetLastError();

    if (schema && schema->xml) {
        return schema;
    }

    if (text[0] == '\0') {
        itinerary_schema_error(&loading, file, 0, "no memory");
    }

    itinerary_schema_destroy(schema);

    return NULL;
}


void
itinerary_schema_destroy(itinerary_schema_t *schema)
{
    if (schema == NULL) {
        return;
    }

    xmlSchemaFree(schema->xml);
    xmlFreeDoc(schema->doc);

    free(schema);
}


static xmlSchemaPtr
itinerary_schema_parse(itinerary_schema_loading_t *loading, xmlDocPtr doc)
{
    xmlSchemaPtr            xml;
    xmlSchemaParserCtxtPtr  ctxt;

    ctxt = xmlSchemaNewDocParserCtxt(doc);
    if (ctxt == NULL) {
        return NULL;
    }

    xmlSchemaSetParserStructuredErrors(ctxt, itinerary_schema_xml_error,
                                       loading);

    xml = xmlSchemaParse(ctxt);

    xmlSchemaFreeParserCtxt(ctxt);

    return xml;
}


/*
 * A schema that says it is UTF-16 may be no such thing, as the API's own:
 * libxml2 knows UTF-16 by its first bytes, and can ignore what it says.
 */

static xmlDocPtr
itinerary_schema_read(itinerary_schema_loading_t *loading, const char *file)
{
    xmlDocPtr         doc;
    xmlParserCtxtPtr  ctxt;

    ctxt = xmlNewParserCtxt();
    if (ctxt == NULL) {
        return NULL;
    }

    /* the data of these handlers is the context itself */

    ctxt->sax->serror = itinerary_schema_parser_error;
    ctxt->_private = loading;

    doc = xmlCtxtReadFile(ctxt, file, NULL, XML_PARSE_NONET);

    if (doc == NULL && ctxt->errNo == XML_ERR_INVALID_ENCODING) {
        loading->text[0] = '\0';

        doc = xmlCtxtReadFile(ctxt, file, NULL,
                              XML_PARSE_NONET|XML_PARSE_IGNORE_ENC);
    }

    if (doc == NULL && ctxt->errNo != XML_ERR_NO_MEMORY) {
        itinerary_schema_error(loading, file, 0, "cannot be read");
    }

    xmlFreeParserCtxt(ctxt);

    return doc;
}


/*
 * libxml2 would load what a schema names from anywhere, and not tell what it
 * could not: whatever it will be asked for is looked at first.
 */

static int
itinerary_schema_check(itinerary_schema_loading_t *loading, xmlDocPtr doc)
{
    xmlNodePtr  node;

    if (!itinerary_schema_check_entities(loading, doc)) {
        return 0;
    }

    node = xmlDocGetRootElement(doc);

    for (node = node ? node->children : NULL; node; node = node->next) {

        if (itinerary_schema_is_reference(node)
            && !itinerary_schema_check_reference(loading, doc, node))
        {
            return 0;
        }
    }

    return 1;
}


static int
itinerary_schema_check_entities(itinerary_schema_loading_t *loading,
    xmlDocPtr doc)
{
    xmlNodePtr    node;
    xmlEntityPtr  entity;

    node = doc->intSubset ? doc->intSubset->children : NULL;

    for ( /* void */ ; node; node = node->next) {

        if (node->type != XML_ENTITY_DECL) {
            continue;
        }

        entity = (xmlEntityPtr) node;

        if (entity->etype == XML_EXTERNAL_GENERAL_PARSED_ENTITY
            || entity->etype == XML_EXTERNAL_GENERAL_UNPARSED_ENTITY
            || entity->etype == XML_EXTERNAL_PARAMETER_ENTITY)
        {
            itinerary_schema_error(loading, (const char *) doc->URL, 0,
                                   "the external entity \"%s\" is not allowed",
                                   (const char *) entity->name);
            return 0;
        }
    }

    return 1;
}


/* an import may leave it to others where its schema is */

static int
itinerary_schema_check_reference(itinerary_schema_loading_t *loading,
    xmlDocPtr doc, xmlNodePtr node)
{
    int       rc;
    xmlChar  *location, *base, *file;

    rc = 0;
    file = NULL;

    location = xmlGetNoNsProp(node, (const xmlChar *) "schemaLocation");
    if (location == NULL) {
        return 1;
    }

    base = xmlNodeGetBase(doc, node);

    if (base) {
        file = xmlBuildURI(location, base);
    }

    if (file == NULL) {
        itinerary_schema_error(loading, (const char *) doc->URL,
                               xmlGetLineNo(node),
                               "cannot tell what file \"%s\" is",
                               (char *) location);

    } else if (itinerary_schema_is_remote(location)
               || itinerary_schema_is_remote(file))
    {
        itinerary_schema_error(loading, (const char *) doc->URL,
                               xmlGetLineNo(node),
                               "%s of \"%s\": it must be the path of a file",
                               (const char *) node->name, (char *) location);

    } else {
        rc = itinerary_schema_check_file(loading, file);
        file = NULL;
    }

    xmlFree(location);

    if (base) {
        xmlFree(base);
    }

    if (file) {
        xmlFree(file);
    }

    return rc;
}


/* takes the file's name */

static int
itinerary_schema_check_file(itinerary_schema_loading_t *loading, xmlChar *file)
{
    int        rc;
    unsigned   i;
    xmlDocPtr  doc;

    for (i = 0; i < loading->nfiles; i++) {
        if (xmlStrEqual(loading->files[i], file)) {
            xmlFree(file);
            return 1;
        }
    }

    if (i == ITINERARY_SCHEMA_FILES_MAX) {
        itinerary_schema_error(loading, (char *) file, 0,
                               "more than %d files",
                               ITINERARY_SCHEMA_FILES_MAX);
        xmlFree(file);
        return 0;
    }

    loading->files[loading->nfiles++] = file;

    doc = itinerary_schema_read(loading, (char *) file);
    if (doc == NULL) {
        return 0;
    }

    rc = itinerary_schema_check(loading, doc);

    xmlFreeDoc(doc);

    return rc;
}


static int
itinerary_schema_is_reference(xmlNodePtr node)
{
    const char  *name;

    if (node->type != XML_ELEMENT_NODE
        || node->ns == NULL
        || !xmlStrEqual(node->ns->href, (const xmlChar *) ITINERARY_SCHEMA_NS))
    {
        return 0;
    }

    name = (const char *) node->name;

    return strcmp(name, "include") == 0
           || strcmp(name, "import") == 0
           || strcmp(name, "redefine") == 0;
}


/* whether it names a scheme or a host (RFC 3986, 4.2) */

static int
itinerary_schema_is_remote(const xmlChar *location)
{
    const xmlChar  *p;

    p = location;

    if (p[0] == '/' && p[1] == '/') {
        return 1;
    }

    while (itinerary_is_alnum(*p) || *p == '+' || *p == '-' || *p == '.') {
        p++;
    }

    return *p == ':';
}


static void
itinerary_schema_parser_error(void *data, itinerary_xml_error_t *error)
{
    xmlParserCtxtPtr ctxt = data;

    itinerary_schema_xml_error(ctxt->_private, error);
}


static void
itinerary_schema_xml_error(void *data, itinerary_xml_error_t *error)
{
    itinerary_schema_loading_t *loading = data;

    int  len;

    if (error->level < XML_ERR_ERROR || error->message == NULL) {
        return;
    }

    len = (int) strcspn(error->message, "\n");

    itinerary_schema_error(loading, error->file, error->line, "%.*s", len,
                           error->message);
}


/* the first error counts */

static void
itinerary_schema_error(itinerary_schema_loading_t *loading, const char *file,
    long line, const char *format, ...)
{
    int      n;
    va_list  args;

    if (loading->text[0] != '\0') {
        return;
    }

    n = snprintf(loading->text, loading->size, line > 0 ? "\"%s\" line %ld: "
                                                        : "\"%s\": ",
                 file ? file : loading->file, line);

    if (n > 0 && (size_t) n < loading->size) {
        va_start(args, format);
        (void) vsnprintf(loading->text + n, loading->size - n, format, args);
        va_end(args);
    }

    itinerary_printable(loading->text);
}
