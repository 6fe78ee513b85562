/* An exporter that says what will become of its credentials at an importer: plans IMPORTER, the ID of one that
 * is installed. Asks twice, of a person who says no, and once in vain. Ends with 0 if all was as it should be. */

#include <string.h>

#include "expect.h"

/* 9 logins and 3 cards. */
static CredexRequest *a_request(CredexPlan *plan)
{
    CredexRequest *request = NULL;

    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(OK, credex_request_declare(request, "basic-auth", 9, NULL));
    EXPECT(OK, credex_request_declare(request, "credit-card", 3, NULL));
    EXPECT(OK, credex_request_set_plan(request, plan, NULL));
    /* It has a copy. */
    EXPECT(OK, credex_plan_free(plan));
    return request;
}

static CredexImporter *an_importer(CredexClient *client)
{
    CredexImporterOptions *options = NULL;
    CredexImporter *importer = NULL;

    EXPECT(OK, credex_importer_options_new("org.example.CVault", &options, NULL));
    EXPECT(OK, credex_importer_connect_blocking(client, options, NULL, SOON_MS, &importer, NULL));
    EXPECT(OK, credex_importer_options_free(options));
    return importer;
}

/* To an importer in this process, with all that can be foreseen. */
static void at_one_that_runs(CredexClient *client, CredexExporter *exporter)
{
    CredexImporter *importer = an_importer(client);
    CredexPlan *plan = NULL;
    CredexRequest *request;
    CredexGrant *grant = NULL;

    EXPECT(OK, credex_plan_new(credex_importer_unique_name(importer), &plan, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_ADDED, 3, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_ADDED, 4, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_SAME, 21, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_KEPT, 22, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_REPLACED, 23, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_BOTH, 24, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_DROPPED, 25, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_UNREADABLE, 26, NULL));
    EXPECT(OK, credex_plan_add_loss(plan, CREDEX_LOST_WHOLE, "credit-card", CREDEX_LOSS_REASON_NO_PLACE, 2, NULL));
    EXPECT(OK,
           credex_plan_add_loss(plan, CREDEX_LOST_WHOLE, "credit-card", CREDEX_LOSS_REASON_WEBSITES_ONLY, 1, NULL));
    EXPECT(OK, credex_plan_add_loss(plan, CREDEX_LOST_PART, "basic-auth", CREDEX_LOSS_REASON_TOO_LARGE, 8, NULL));
    EXPECT(OK, credex_plan_add_loss(plan, CREDEX_LOST_OF_ITEM, NULL, CREDEX_LOSS_REASON_OTHER, 5, NULL));
    request = a_request(plan);
    EXPECT(CREDEX_STATUS_DECLINED, credex_exporter_request_blocking(exporter, request, SOON_MS, &grant, NULL));
    EXPECT(OK, credex_request_free(request));
    EXPECT(OK, credex_importer_free(importer));
}

/* To one that is installed, in one go. */
static void at_one_that_is_installed(CredexExporter *exporter, const char *importer)
{
    static const char document[] =
        "{\"version\": {\"major\": 1, \"minor\": 0}, \"exporterRpId\": \"example.org\","
        " \"exporterDisplayName\": \"Plans\", \"timestamp\": 1700000000, \"accounts\": [{\"id\": \"YQ\","
        " \"username\": \"ada\", \"email\": \"\", \"collections\": [], \"items\": []}]}";
    CredexPlan *plan = NULL;
    CredexRequest *request;
    CredexPayload *payload = NULL;
    CredexReceipt *receipt = NULL;

    EXPECT(OK, credex_plan_new(importer, &plan, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_ADDED, 12, NULL));
    request = a_request(plan);
    EXPECT(OK, credex_payload_new((const uint8_t *)document, sizeof document - 1, &payload, NULL));
    EXPECT(CREDEX_STATUS_DECLINED,
           credex_exporter_export_blocking(exporter, request, payload, SOON_MS, &receipt, NULL));
    EXPECT(OK, credex_payload_free(payload));
    EXPECT(OK, credex_request_free(request));
}

/* With a plan that loses more than there is, nobody is asked. */
static void with_more_lost_than_there_is(CredexExporter *exporter, const char *importer)
{
    CredexPlan *plan = NULL;
    CredexRequest *request;
    CredexGrant *grant = NULL;
    CredexError *error = NULL;

    EXPECT(OK, credex_plan_new(importer, &plan, NULL));
    EXPECT(OK, credex_plan_add_loss(plan, CREDEX_LOST_WHOLE, "credit-card", CREDEX_LOSS_REASON_NO_PLACE, 4, NULL));
    request = a_request(plan);
    EXPECT(CREDEX_STATUS_REFUSED, credex_exporter_request_blocking(exporter, request, SOON_MS, &grant, &error));
    EXPECT(0, strcmp(credex_error_reason(error), "InvalidArgument"));
    EXPECT(1, strstr(credex_error_message(error), "of which counts has 3") != NULL);
    EXPECT(OK, credex_error_free(error));
    EXPECT(OK, credex_request_free(request));
}

int main(int argc, char **argv)
{
    CredexClient *client = NULL;
    CredexExporter *exporter = NULL;

    if (argc != 2)
        return 2;
    EXPECT(OK, credex_client_new(&client, NULL));
    EXPECT(OK, credex_exporter_connect_blocking(client, "org.example.CMover", NULL, SOON_MS, &exporter, NULL));
    at_one_that_runs(client, exporter);
    at_one_that_is_installed(exporter, argv[1]);
    with_more_lost_than_there_is(exporter, argv[1]);
    EXPECT(OK, credex_exporter_free(exporter));
    EXPECT(OK, credex_client_free(client, NULL));
    return wrong;
}
