/* Sends a CXF document, and waits for each step:
 *
 *     exporter DOCUMENT [DIRECTORY]
 *
 * In the directory are attachments, in files that are named after the ids of their `file` credentials.
 * Ends with 0 once the importer has reported. See importer.c for an app that has a loop and does not wait. */

#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <limits.h>

#include <credex.h>

#include "files.h"

/* For calls that wait for no person. */
#define SOON_MS 60000
#define FOR_EVER (-1)

static int failed(const char *what, CredexError *error)
{
    fprintf(stderr, "%s: %s\n", what, credex_error_message(error));
    if (credex_error_handed_over(error))
        fprintf(stderr, "The other app has the credentials all the same.\n");
    credex_error_free(error);
    return EXIT_FAILURE;
}

static bool add_attachments(CredexPayload *payload, const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    bool done = directory != NULL;

    while (done && (entry = readdir(directory)) != NULL) {
        char file[PATH_MAX];
        size_t len;
        uint8_t *bytes;

        if (entry->d_name[0] == '.')
            continue;
        done = (size_t)snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < sizeof file;
        bytes = done ? read_file(file, &len) : NULL;
        done = bytes != NULL &&
            credex_payload_add_attachment(payload, entry->d_name, bytes, len, NULL) == CREDEX_STATUS_OK;
        if (bytes != NULL)
            wipe(bytes, len);
    }
    if (directory != NULL)
        closedir(directory);
    return done;
}

static void show(CredexReceipt *receipt)
{
    CredexTally tally;
    const char *difference;

    for (size_t i = 0; credex_receipt_type(receipt, i, &tally, NULL) == CREDEX_STATUS_OK; i++)
        printf("%s: %u taken, %u failed, %u ignored\n", tally.type_name, (unsigned)tally.succeeded,
               (unsigned)tally.failed, (unsigned)tally.ignored);
    for (size_t i = 0; (difference = credex_receipt_discrepancy(receipt, i)) != NULL; i++)
        printf("not as announced: %s\n", difference);
}

/* Asks the person, and only then sends. */
static int export(CredexExporter *exporter, CredexRequest *request, CredexPayload *payload)
{
    CredexGrant *grant = NULL;
    CredexReceipt *receipt = NULL;
    CredexError *error = NULL;
    CredexStatus sent;

    puts("waiting for your answer");
    if (credex_exporter_request_blocking(exporter, request, FOR_EVER, &grant, &error) != CREDEX_STATUS_OK)
        return failed("nobody may have it", error);
    sent = credex_grant_send_blocking(grant, payload, FOR_EVER, &receipt, &error);
    credex_grant_free(grant);
    if (sent != CREDEX_STATUS_OK)
        return failed("it did not arrive", error);
    show(receipt);
    credex_receipt_free(receipt);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    CredexClient *client = NULL;
    CredexExporter *exporter = NULL;
    CredexRequest *request = NULL;
    CredexPayload *payload = NULL;
    CredexError *error = NULL;
    uint8_t *document = NULL;
    size_t len = 0;
    int code = EXIT_FAILURE;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s DOCUMENT [DIRECTORY]\n", argv[0]);
        return 2;
    }
    document = read_file(argv[1], &len);
    if (document == NULL) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }

    if (credex_client_new(&client, &error) != CREDEX_STATUS_OK ||
        credex_request_new(&request, &error) != CREDEX_STATUS_OK ||
        credex_payload_new(document, len, &payload, &error) != CREDEX_STATUS_OK)
        code = failed("libcredex", error);
    else if (credex_request_declare_document(request, document, len, &error) != CREDEX_STATUS_OK)
        code = failed(argv[1], error);
    else if (argc == 3 && !add_attachments(payload, argv[2]))
        fprintf(stderr, "%s: not all of it can be read\n", argv[2]);
    else if (credex_exporter_connect_blocking(client, "org.example.CExporter", NULL, SOON_MS, &exporter,
                                              &error) != CREDEX_STATUS_OK)
        code = failed("the bus", error);
    else
        code = export(exporter, request, payload);

    wipe(document, len);
    credex_payload_free(payload);
    credex_request_free(request);
    credex_exporter_free(exporter);
    credex_client_free(client, NULL);
    return code;
}
