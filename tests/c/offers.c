/* What an importer can know of an offer besides what is in it: that somebody else has ended it, what of the
 * document can be used, and what differs from what was said. Both sides are here. Ends with 0 if all was as it
 * should be. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <string.h>

#include "expect.h"

static const char document[] =
    "{\"version\": {\"major\": 1, \"minor\": 0}, \"exporterRpId\": \"example.org\","
    " \"exporterDisplayName\": \"Offers\", \"timestamp\": 1700000000, \"accounts\": [{\"id\": \"YQ\","
    " \"username\": \"ada\", \"email\": \"\", \"collections\": [], \"items\": [{\"id\": \"Yg\", \"title\": \"Mail\","
    " \"credentials\": [{\"type\": \"basic-auth\", \"password\": {\"value\": \"x\","
    " \"fieldType\": \"concealed-string\"}}, {\"type\": \"passkey\"}]}]}]}";

static bool same(const char *expected, const char *seen)
{
    return seen != NULL && strcmp(expected, seen) == 0;
}

static CredexImporter *an_importer(CredexClient *client)
{
    CredexImporterOptions *options = NULL;
    CredexImporter *importer = NULL;

    EXPECT(OK, credex_importer_options_new("org.example.COffers", &options, NULL));
    EXPECT(OK, credex_importer_options_add_format_version(options, "1.0", NULL));
    EXPECT(OK, credex_importer_connect_blocking(client, options, NULL, SOON_MS, &importer, NULL));
    EXPECT(OK, credex_importer_options_free(options));
    return importer;
}

/* Has the person asked, who agrees, and sends. */
static CredexOperation *sent(CredexExporter *exporter)
{
    CredexRequest *request = NULL;
    CredexGrant *grant = NULL;
    CredexPayload *payload = NULL;
    CredexOperation *sending = NULL;

    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(OK, credex_request_add_format_version(request, "9.9", NULL));
    EXPECT(OK, credex_request_add_format_version(request, "1.0", NULL));
    /* One more login than there is. */
    EXPECT(OK, credex_request_declare(request, "basic-auth", 2, NULL));
    EXPECT(OK, credex_request_declare(request, "passkey", 1, NULL));
    EXPECT(OK, credex_exporter_request_blocking(exporter, request, SOON_MS, &grant, NULL));
    EXPECT(1, same("1.0", credex_grant_format_version(grant)));
    EXPECT(1, strstr(credex_grant_importer(grant), "org.example.COffers") != NULL);
    EXPECT(OK, credex_payload_new((const uint8_t *)document, sizeof document - 1, &payload, NULL));
    EXPECT(OK, credex_grant_send(grant, payload, NULL, NULL, &sending, NULL));
    EXPECT(OK, credex_payload_free(payload));
    EXPECT(OK, credex_grant_free(grant));
    EXPECT(OK, credex_request_free(request));
    return sending;
}

static CredexOffer *offered(CredexImporter *importer)
{
    CredexOffer *offer = NULL;

    EXPECT(OK, credex_importer_next_offer_blocking(importer, SOON_MS, &offer, NULL));
    EXPECT(1, same("basic-auth", credex_offer_granted_type(offer, 0)));
    EXPECT(1, same("passkey", credex_offer_granted_type(offer, 1)));
    EXPECT(1, credex_offer_granted_type(offer, 2) == NULL);
    EXPECT(1, same("1.0", credex_offer_format_version(offer)));
    return offer;
}

static int told = 0;

static void tell(CredexOperation *operation, void *data)
{
    CredexError *error = NULL;

    (void)data;
    told++;
    EXPECT(CREDEX_STATUS_ENDED, credex_operation_finish(operation, &error));
    EXPECT(1, same("Cancelled", credex_error_reason(error)));
    EXPECT(OK, credex_error_free(error));
    EXPECT(OK, credex_operation_free(operation));
}

/* The exporter takes back what it sent, while the app would ask for a master password. */
static void withdrawn_by_the_exporter(CredexClient *client, CredexExporter *exporter, CredexImporter *importer)
{
    CredexOperation *sending = sent(exporter);
    CredexOffer *offer = offered(importer);
    CredexOperation *withdrawn = NULL;
    CredexImport *import = NULL;
    struct pollfd due = {.fd = credex_client_fd(client), .events = POLLIN};

    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_offer_withdrawn_blocking(offer, 0, NULL));
    EXPECT(OK, credex_offer_withdrawn(offer, tell, NULL, NULL, NULL));
    EXPECT(OK, credex_offer_withdrawn(offer, NULL, NULL, &withdrawn, NULL));
    EXPECT(OK, credex_offer_extend_blocking(offer, 600, SOON_MS, NULL));
    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_operation_wait(withdrawn, 0, NULL));
    EXPECT(OK, credex_operation_free(sending));
    EXPECT(CREDEX_STATUS_ENDED, credex_operation_wait(withdrawn, SOON_MS, NULL));
    EXPECT(OK, credex_operation_free(withdrawn));
    EXPECT(CREDEX_STATUS_ENDED, credex_offer_withdrawn_blocking(offer, 0, NULL));
    EXPECT(1, poll(&due, 1, SOON_MS));
    EXPECT(OK, credex_client_dispatch(client, NULL, NULL));
    EXPECT(1, told);
    EXPECT(CREDEX_STATUS_ENDED, credex_offer_redeem_blocking(offer, SOON_MS, &import, NULL));
    EXPECT(OK, credex_offer_free(offer));
}

/* Counts of a report, of which each has one credential. */
static void one_each(CredexReport *report, int counted, const char *first, const char *second)
{
    CredexCount count;
    const char *expected[] = {first, second};
    size_t index;

    for (index = 0; index < 2 && expected[index] != NULL; index++) {
        EXPECT(OK, credex_report_type(report, counted, index, &count, NULL));
        EXPECT(1, same(expected[index], count.type_name) && count.number == 1);
    }
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_type(report, counted, index, &count, NULL));
}

static void read_through(CredexReport *report)
{
    one_each(report, CREDEX_COUNTED_PRESENT, "basic-auth", "passkey");
    one_each(report, CREDEX_COUNTED_USABLE, "basic-auth", NULL);
    one_each(report, CREDEX_COUNTED_IGNORED, NULL, NULL);
    EXPECT(6, credex_report_problems(report));
    EXPECT(1, strstr(credex_report_problem(report, 0), "$.accounts[0].items[0].credentials[1]") != NULL);
    EXPECT(1, credex_report_problem(report, 5) != NULL && credex_report_problem(report, 6) == NULL);
    EXPECT(OK, credex_report_free(report));
}

static void taken(CredexExporter *exporter, CredexImporter *importer)
{
    CredexOperation *sending = sent(exporter);
    CredexOffer *offer = offered(importer);
    CredexOperation *withdrawn = NULL;
    CredexImport *import = NULL;
    CredexReport *report = NULL;
    CredexReceipt *receipt = NULL;

    EXPECT(OK, credex_offer_withdrawn(offer, NULL, NULL, &withdrawn, NULL));
    EXPECT(OK, credex_offer_redeem_blocking(offer, SOON_MS, &import, NULL));
    EXPECT(CREDEX_STATUS_CANCELLED, credex_operation_wait(withdrawn, SOON_MS, NULL));
    EXPECT(OK, credex_operation_free(withdrawn));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_offer_withdrawn_blocking(offer, SOON_MS, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_offer_withdrawn(offer, NULL, NULL, &withdrawn, NULL));
    EXPECT(OK, credex_offer_free(offer));

    EXPECT(1, same("1.0", credex_import_format_version(import)));
    EXPECT(1, same("basic-auth: 2 expected, 1 arrived", credex_import_discrepancy(import, 0)));
    EXPECT(1, credex_import_discrepancy(import, 1) == NULL);
    EXPECT(OK, credex_import_report(import, &report, NULL));
    EXPECT(OK, credex_import_complete_all_blocking(import, SOON_MS, NULL));
    EXPECT(OK, credex_import_free(import));
    read_through(report);
    EXPECT(OK, credex_operation_wait(sending, SOON_MS, NULL));
    EXPECT(OK, credex_operation_take_receipt(sending, &receipt, NULL));
    EXPECT(1, same("basic-auth: 2 expected, 1 arrived", credex_receipt_discrepancy(receipt, 0)));
    EXPECT(OK, credex_receipt_free(receipt));
    EXPECT(OK, credex_operation_free(sending));
}

/* Who looks at a document needs neither a bus nor anybody to send it to. */
static void looked_at(void)
{
    CredexReport *report = NULL;
    CredexError *error = NULL;

    EXPECT(OK, credex_report_new((const uint8_t *)document, sizeof document - 1, &report, NULL));
    read_through(report);
    EXPECT(CREDEX_STATUS_BAD_DOCUMENT, credex_report_new((const uint8_t *)"{}", 2, &report, &error));
    EXPECT(OK, credex_error_free(error));
}

int main(void)
{
    CredexClient *client = NULL;
    CredexExporter *exporter = NULL;
    CredexImporter *importer;
    CredexOperation *withdrawn = NULL;
    CredexOffer *offer;

    looked_at();
    EXPECT(OK, credex_client_new(&client, NULL));
    EXPECT(OK, credex_exporter_connect_blocking(client, "org.example.CSender", NULL, SOON_MS, &exporter, NULL));
    importer = an_importer(client);
    withdrawn_by_the_exporter(client, exporter, importer);
    taken(exporter, importer);

    /* Put aside by the app itself. */
    sent(exporter);
    offer = offered(importer);
    EXPECT(OK, credex_offer_withdrawn(offer, NULL, NULL, &withdrawn, NULL));
    EXPECT(OK, credex_offer_free(offer));
    EXPECT(CREDEX_STATUS_CANCELLED, credex_operation_wait(withdrawn, SOON_MS, NULL));
    EXPECT(OK, credex_client_free(client, NULL));
    return wrong;
}
