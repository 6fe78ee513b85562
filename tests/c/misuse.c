/* Everything that an app can do wrong with a handle or in a loop is an error, and never a crash. Needs a
 * session bus with Credex. Ends with 0 if all was as it should be; says what was not. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <credex.h>

#include "expect.h"

/* With nothing in it. */
static const char document[] =
    "{\"version\": {\"major\": 1, \"minor\": 0}, \"exporterRpId\": \"example.org\","
    " \"exporterDisplayName\": \"Misuse\", \"timestamp\": 1700000000, \"accounts\": [{\"id\": \"YQ\","
    " \"username\": \"ada\", \"email\": \"\", \"collections\": [], \"items\": []}]}";

static CredexClient *a_client(void)
{
    CredexClient *client = NULL;

    EXPECT(OK, credex_client_new(&client, NULL));
    return client;
}

static CredexImporter *an_importer(CredexClient *client)
{
    CredexImporterOptions *options = NULL;
    CredexImporter *importer = NULL;

    EXPECT(OK, credex_importer_options_new("org.example.Misuse", &options, NULL));
    EXPECT(OK, credex_importer_options_add_type(options, "basic-auth", NULL));
    EXPECT(OK, credex_importer_connect_blocking(client, options, NULL, SOON_MS, &importer, NULL));
    EXPECT(OK, credex_importer_options_free(options));
    return importer;
}

static void null(void)
{
    CredexClient *client = a_client();
    CredexRequest *request = NULL;
    CredexPayload *payload = NULL;
    CredexError *error = NULL;

    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_client_new(NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_client_dispatch(NULL, NULL, &error));
    EXPECT(1, strstr(credex_error_message(error), "CredexClient is NULL") != NULL);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_error_status(error));
    EXPECT(1, credex_error_reason(error) == NULL);
    EXPECT(OK, credex_error_free(error));

    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_declare(request, NULL, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_declare(request, "\xff\xfe", 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_declare_document(request, NULL, 7, NULL));
    EXPECT(CREDEX_STATUS_BAD_DOCUMENT,
           credex_request_declare_document(request, (const uint8_t *)"{", 1, NULL));
    EXPECT(OK, credex_request_free(request));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_payload_new(NULL, 7, &payload, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_payload_new((const uint8_t *)"", SIZE_MAX, &payload, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_exporter_connect(client, NULL, NULL, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_exporter_connect(client, "org.example.Misuse", NULL, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_exporter_connect_blocking(client, "org.example.Misuse", NULL, SOON_MS, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_exporter_export(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_offer_redeem(NULL, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_import_document(NULL, NULL, NULL));
    EXPECT(0, credex_receipt_types(NULL));
    EXPECT(1, credex_grant_type(NULL, 0) == NULL);
    EXPECT(-1, credex_client_fd(NULL));
    EXPECT(1, credex_error_message(NULL) != NULL);

    /* As free() does. */
    EXPECT(OK, credex_client_free(NULL, NULL));
    EXPECT(OK, credex_operation_free(NULL));
    EXPECT(OK, credex_import_free(NULL));
    EXPECT(OK, credex_error_free(NULL));
    EXPECT(OK, credex_client_free(client, NULL));
}

static void wrong_handles(void)
{
    CredexClient *client = a_client();
    CredexRequest *request = NULL;
    CredexError *error = NULL;
    int something = 7;

    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_payload_free((CredexPayload *)request));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_client_dispatch((CredexClient *)request, NULL, &error));
    EXPECT(1, strstr(credex_error_message(error), "handle of a CredexRequest") != NULL);
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_request_free((CredexRequest *)error));
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_wait((CredexOperation *)&something, 0, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_client_free((CredexClient *)&something, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_import_free((CredexImport *)(uintptr_t)0xdeadbeef));
    EXPECT(OK, credex_request_free(request));
    EXPECT(OK, credex_client_free(client, NULL));
}

static void double_free_and_use_after_close(void)
{
    CredexClient *client = a_client();
    CredexExporter *exporter = NULL;
    CredexPayload *payload = NULL;
    CredexOperation *operation = NULL;
    CredexError *error = NULL;
    struct pollfd due;

    EXPECT(OK, credex_exporter_connect_blocking(client, "org.example.Misuse", NULL, SOON_MS, &exporter, NULL));
    EXPECT(OK, credex_payload_new((const uint8_t *)"{}", 2, &payload, NULL));
    EXPECT(CREDEX_STATUS_BAD_DOCUMENT,
           credex_exporter_export_blocking(exporter, NULL, payload, SOON_MS,
                                           &(CredexReceipt *){NULL}, &error));
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_error_free(error));
    EXPECT(1, credex_error_message(error) != NULL);
    EXPECT(OK, credex_payload_free(payload));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_payload_free(payload));
    EXPECT(CREDEX_STATUS_BAD_HANDLE,
           credex_exporter_export(exporter, NULL, payload, NULL, NULL, &operation, NULL));

    EXPECT(OK, credex_exporter_connect(client, "org.example.Misuse", NULL, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_operation_wait(operation, SOON_MS, NULL));
    EXPECT(OK, credex_exporter_free(exporter));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_exporter_free(exporter));
    /* Another kind of result; the right one; and once more. */
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_finish(operation, NULL));
    EXPECT(OK, credex_operation_take_exporter(operation, &exporter, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_exporter(operation, &exporter, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_wait(operation, 0, NULL));

    due.fd = credex_client_fd(client);
    due.events = POLLIN;
    EXPECT(0, poll(&due, 1, 0));
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_client_free(client, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_exporter_free(exporter));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_client_dispatch(client, NULL, NULL));
    EXPECT(-1, credex_client_fd(client));
}

static void *dispatch_elsewhere(void *client)
{
    EXPECT(CREDEX_STATUS_WRONG_THREAD, credex_client_dispatch(client, NULL, NULL));
    EXPECT(CREDEX_STATUS_WRONG_THREAD, credex_client_free(client, NULL));
    return NULL;
}

static void *wait_elsewhere(void *importer)
{
    CredexOffer *offer = NULL;

    EXPECT(CREDEX_STATUS_CANCELLED, credex_importer_next_offer_blocking(importer, SOON_MS, &offer, NULL));
    return NULL;
}

static void wrong_threads_and_processes(void)
{
    CredexClient *client = a_client();
    CredexImporter *importer = an_importer(client);
    CredexOperation *operation = NULL;
    pthread_t thread;
    pid_t child;
    int ended = -1;

    EXPECT(0, pthread_create(&thread, NULL, dispatch_elsewhere, client));
    EXPECT(0, pthread_join(thread, NULL));
    EXPECT(OK, credex_client_dispatch(client, NULL, NULL));

    child = fork();
    if (child == 0) {
        CredexStatus status = credex_importer_next_offer(importer, NULL, NULL, &operation, NULL);
        /* By SIGKILL if all is well: at a mere exit, valgrind would miss what fork() has left behind. */
        if (status == CREDEX_STATUS_WRONG_THREAD)
            raise(SIGKILL);
        _exit(EXIT_FAILURE);
    }
    EXPECT(child, waitpid(child, &ended, 0));
    EXPECT(1, WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);

    /* Somebody waits, and what they wait for is freed: sooner or later than they have begun. */
    EXPECT(0, pthread_create(&thread, NULL, wait_elsewhere, importer));
    EXPECT(OK, credex_importer_next_offer(importer, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_operation_wait(operation, 300, NULL));
    EXPECT(OK, credex_importer_free(importer));
    EXPECT(0, pthread_join(thread, NULL));
    EXPECT(CREDEX_STATUS_CANCELLED, credex_operation_wait(operation, SOON_MS, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_client_free(client, NULL));
}

static int called = 0;

static void count(CredexOperation *operation, void *data)
{
    CredexClient *client = data;
    CredexOffer *offer = NULL;

    called++;
    EXPECT(CREDEX_STATUS_CANCELLED, credex_operation_take_offer(operation, &offer, NULL));
    /* Neither in the middle of a dispatch. */
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_client_dispatch(client, NULL, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_client_free(client, NULL));
    EXPECT(OK, credex_operation_free(operation));
}

static void cancelled_loops(void)
{
    CredexClient *client = a_client();
    CredexImporter *importer = an_importer(client);
    CredexOperation *operation = NULL;
    struct pollfd due = {.fd = credex_client_fd(client), .events = POLLIN};
    uint32_t number = 7;

    /* Nobody's result yet. */
    EXPECT(OK, credex_importer_next_offer(importer, count, client, &operation, NULL));
    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_operation_wait(operation, 0, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_offer(operation, &(CredexOffer *){NULL}, NULL));

    EXPECT(CREDEX_STATUS_TIMED_OUT,
           credex_importer_next_offer_blocking(importer, 0, &(CredexOffer *){NULL}, NULL));

    /* Cancelled: it is called back, once. */
    EXPECT(OK, credex_operation_cancel(operation, NULL));
    EXPECT(OK, credex_operation_cancel(operation, NULL));
    EXPECT(1, poll(&due, 1, SOON_MS));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(1, number);
    EXPECT(1, called);
    EXPECT(0, poll(&due, 1, 0));

    /* Freed: it is not. */
    EXPECT(OK, credex_importer_next_offer(importer, count, client, &operation, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(0, number);

    /* Cancelled, and freed before the loop came to it. */
    EXPECT(OK, credex_importer_next_offer(importer, count, client, &operation, NULL));
    EXPECT(OK, credex_operation_cancel(operation, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(0, number);

    /* The loop ends with something under way, and something due. */
    EXPECT(OK, credex_importer_next_offer(importer, count, client, &operation, NULL));
    EXPECT(OK, credex_operation_cancel(operation, NULL));
    EXPECT(OK, credex_importer_next_offer(importer, count, client, NULL, NULL));
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(1, called);
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_free(operation));
}

static void websites(void)
{
    CredexClient *client = a_client();
    CredexWeb *web = NULL;
    CredexWebCredential *credential = NULL;
    CredexGenerated *generated = NULL;
    CredexDomainReport *report = NULL;
    CredexDecisions *decisions = NULL;
    CredexOperation *operation = NULL;
    CredexError *error = NULL;
    CredexChange change = CREDEX_CHANGE_ADDED;
    CredexBytes bytes = {NULL, 0};
    uint8_t endless[2000];

    /* NULL. */
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_connect(client, NULL, NULL, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_connect_blocking(client, "org.example.Misuse", NULL, SOON_MS, NULL, NULL));
    EXPECT(OK, credex_web_connect_blocking(client, "org.example.Misuse", NULL, SOON_MS, &web, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_decisions(web, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_set_parent_window(web, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_add_blocking(web, NULL, "ada", (const uint8_t *)"x", 1, SOON_MS, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_delete_blocking(web, "example.org", NULL, SOON_MS, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_delete_blocking(web, "example.org", "ada", SOON_MS, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_refresh_blocking(web, NULL, SOON_MS, &report, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_revoke_blocking(web, "a", NULL, SOON_MS, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_web_credential_password(NULL, &bytes, NULL));
    EXPECT(1, credex_web_credential_domain(NULL) == NULL && credex_web_credential_account(NULL) == NULL);
    EXPECT(0, credex_web_credential_port(NULL));
    EXPECT(0, credex_domain_report_associated(NULL));
    EXPECT(0, credex_decisions_number(NULL));
    EXPECT(OK, credex_web_free(NULL));
    EXPECT(OK, credex_web_credential_free(NULL));
    EXPECT(OK, credex_generated_free(NULL));
    EXPECT(OK, credex_domain_report_free(NULL));
    EXPECT(OK, credex_decisions_free(NULL));

    /* What is no password, and no format. */
    memset(endless, 'x', sizeof endless);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_add_blocking(web, "example.org", "ada", endless, 0, SOON_MS, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_add_blocking(web, "example.org", "ada", endless, sizeof endless, SOON_MS, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_add_blocking(web, "example.org", "ada", NULL, 7, SOON_MS, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_add(web, "example.org", "ada", (const uint8_t *)"\xff", 1, NULL, NULL, &operation, &error));
    EXPECT(1, strstr(credex_error_message(error), "UTF-8") != NULL);
    EXPECT(1, credex_error_stage(error) == NULL && credex_error_url(error) == NULL);
    EXPECT(0, credex_error_http_status(error));
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_generate_blocking(web, 99, NULL, SOON_MS, &generated, &error));
    EXPECT(1, strstr(credex_error_message(error), "99") != NULL);
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_RULES, NULL, SOON_MS, &generated, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_STRONG, "minlength: 9", SOON_MS, &generated,
                                        NULL));

    /* Wrong handles. */
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_exporter_free((CredexExporter *)web));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_free((CredexWeb *)client));
    EXPECT(OK, credex_web_generate(web, CREDEX_PASSWORD_FORMAT_GROUPED, NULL, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_operation_wait(operation, SOON_MS, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_web_credential(operation, &credential, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_change(operation, &change, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_operation_take_generated(operation, NULL, NULL));
    EXPECT(OK, credex_operation_take_generated(operation, &generated, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_generated(operation, &generated, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_credential_free((CredexWebCredential *)generated));
    EXPECT(CREDEX_STATUS_BAD_HANDLE,
           credex_web_credential_password((CredexWebCredential *)generated, &bytes, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_decisions_at((CredexDecisions *)generated, 0, NULL, NULL));
    EXPECT(OK, credex_generated_free(generated));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_generated_free(generated));

    /* Use after close: what is under way goes on, and nothing new begins; passwords go with the client. */
    EXPECT(OK, credex_web_decisions(web, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_web_free(web));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_free(web));
    EXPECT(CREDEX_STATUS_BAD_HANDLE,
           credex_web_request_blocking(web, NULL, NULL, 0, SOON_MS, &credential, NULL));
    EXPECT(OK, credex_operation_wait(operation, SOON_MS, NULL));
    EXPECT(OK, credex_operation_take_decisions(operation, &decisions, NULL));
    EXPECT(OK, credex_web_connect_blocking(client, "org.example.Misuse", NULL, SOON_MS, &web, NULL));
    EXPECT(OK, credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_STRONG, NULL, SOON_MS, &generated, NULL));
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_generated_password(generated, &bytes, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_free(web));
    EXPECT(0, credex_decisions_number(decisions));
    EXPECT(OK, credex_decisions_free(decisions));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_decisions_free(decisions));
}

static void plans(void)
{
    CredexClient *client = a_client();
    CredexRequest *request = NULL;
    CredexPlan *plan = NULL;
    CredexError *error = NULL;

    /* NULL, and what is no text. */
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_new(NULL, &plan, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_new("\xff", &plan, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_new("org.example.Misuse", NULL, NULL));
    EXPECT(1, plan == NULL);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_add(NULL, CREDEX_FORESEEN_SAME, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_plan_add_loss(NULL, CREDEX_LOST_OF_ITEM, NULL, CREDEX_LOSS_REASON_OTHER, 1, NULL));
    EXPECT(1, credex_importer_unique_name(NULL) == NULL);
    EXPECT(OK, credex_plan_free(NULL));

    /* What is no number of an enumeration, and what does not go together. */
    EXPECT(OK, credex_plan_new("org.example.Misuse", &plan, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_add(plan, 99, 1, &error));
    EXPECT(1, strstr(credex_error_message(error), "is 99, which is no CredexForeseen") != NULL);
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_add(plan, -1, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_plan_add_loss(plan, 99, "note", CREDEX_LOSS_REASON_OTHER, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_plan_add_loss(plan, CREDEX_LOST_WHOLE, "note", 99, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_plan_add_loss(plan, CREDEX_LOST_PART, NULL, CREDEX_LOSS_REASON_OTHER, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_plan_add_loss(plan, CREDEX_LOST_WHOLE, "\xff", CREDEX_LOSS_REASON_OTHER, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT,
           credex_plan_add_loss(plan, CREDEX_LOST_OF_ITEM, "note", CREDEX_LOSS_REASON_OTHER, 1, &error));
    EXPECT(1, strstr(credex_error_message(error), "CREDEX_LOST_OF_ITEM") != NULL);
    EXPECT(OK, credex_error_free(error));

    /* More than can be counted is not less. */
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_SAME, UINT32_MAX, NULL));
    EXPECT(OK, credex_plan_add(plan, CREDEX_FORESEEN_SAME, UINT32_MAX, NULL));

    /* Wrong handles, and twice. */
    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_set_plan(request, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_set_plan(NULL, plan, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_request_set_plan(request, (CredexPlan *)request, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_request_set_plan((CredexRequest *)plan, plan, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_plan_free((CredexPlan *)client));
    EXPECT(1, credex_importer_unique_name((CredexImporter *)plan) == NULL);
    /* It goes with no client. */
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(OK, credex_request_set_plan(request, plan, NULL));
    EXPECT(OK, credex_plan_free(plan));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_plan_free(plan));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_plan_add(plan, CREDEX_FORESEEN_SAME, 1, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_request_set_plan(request, plan, NULL));
    EXPECT(OK, credex_request_free(request));
}

static void reports_and_offers(void)
{
    CredexClient *client = a_client();
    CredexRequest *request = NULL;
    CredexReport *report = NULL;
    CredexImporterOptions *options = NULL;
    CredexCount count;

    /* NULL, and what is no text. */
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_new(NULL, 7, &report, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_new((const uint8_t *)"{}", 2, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_DOCUMENT, credex_report_new(NULL, 0, &report, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_type(NULL, CREDEX_COUNTED_PRESENT, 0, &count, NULL));
    EXPECT(1, credex_report_problem(NULL, 0) == NULL);
    EXPECT(0, credex_report_problems(NULL));
    EXPECT(OK, credex_report_free(NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_import_report(NULL, &report, NULL));
    EXPECT(1, credex_import_format_version(NULL) == NULL && credex_import_discrepancy(NULL, 0) == NULL);
    EXPECT(1, credex_offer_format_version(NULL) == NULL && credex_offer_granted_type(NULL, 0) == NULL);
    EXPECT(1, credex_grant_importer(NULL) == NULL);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_offer_withdrawn(NULL, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_offer_withdrawn_blocking(NULL, 0, NULL));
    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_add_format_version(request, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_request_add_format_version(request, "\xff", NULL));
    EXPECT(OK, credex_importer_options_new("org.example.Misuse", &options, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_importer_options_add_format_version(options, NULL, NULL));

    /* Wrong handles, numbers and places, and twice. */
    EXPECT(OK, credex_report_new((const uint8_t *)document, sizeof document - 1, &report, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_type(report, 99, 0, &count, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_type(report, CREDEX_COUNTED_USABLE, 0, &count, NULL));
    EXPECT(1, credex_report_problem(report, SIZE_MAX) == NULL);
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_report_free((CredexReport *)request));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_offer_withdrawn_blocking((CredexOffer *)report, 0, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_request_add_format_version((CredexRequest *)report, "1.0", NULL));
    /* It goes with no client. */
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(0, credex_report_problems(report));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_report_type(report, CREDEX_COUNTED_PRESENT, 0, NULL, NULL));
    EXPECT(OK, credex_report_free(report));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_report_free(report));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_report_type(report, CREDEX_COUNTED_PRESENT, 0, &count, NULL));
    EXPECT(OK, credex_importer_options_free(options));
    EXPECT(OK, credex_request_free(request));
}

static void never(CredexOperation *operation, void *data)
{
    (void)operation;
    (void)data;
    EXPECT(0, 1);
}

static int watched = 0;

static void watch(CredexOperation *operation, void *data)
{
    CredexProgress progress;

    (void)data;
    watched++;
    EXPECT(OK, credex_operation_progress(operation, &progress, NULL));
    EXPECT(CREDEX_STEP_ASKING, progress.step);
    EXPECT(0, progress.total);
}

static void progress(void)
{
    CredexClient *client = a_client();
    CredexExporter *exporter = NULL;
    CredexPayload *payload = NULL;
    CredexOperation *operation = NULL;
    CredexProgress progress;
    CredexError *error = NULL;
    uint32_t number = 7;

    /* It has none. */
    EXPECT(OK, credex_exporter_connect(client, "org.example.Misuse", NULL, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_progress(operation, &progress, &error));
    EXPECT(1, strstr(credex_error_message(error), "no progress") != NULL);
    EXPECT(OK, credex_error_free(error));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_operation_wait(operation, SOON_MS, NULL));
    EXPECT(OK, credex_operation_take_exporter(operation, &exporter, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_progress(operation, &progress, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_operation_progress(NULL, &progress, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_watch((CredexOperation *)exporter, never, NULL, NULL));

    /* Watched, and watched anew; freed before the loop came to it. */
    EXPECT(OK, credex_payload_new((const uint8_t *)document, sizeof document - 1, &payload, NULL));
    EXPECT(OK, credex_exporter_export(exporter, NULL, payload, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_operation_progress(operation, NULL, NULL));
    EXPECT(OK, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_operation_watch(operation, watch, NULL, NULL));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(1, number);
    EXPECT(1, watched);
    EXPECT(OK, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_operation_watch(operation, NULL, NULL, NULL));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(0, number);
    EXPECT(OK, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_client_dispatch(client, &number, NULL));
    EXPECT(0, number);

    /* The loop ends with something to be shown. */
    EXPECT(OK, credex_exporter_export(exporter, NULL, payload, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_watch(operation, never, NULL, NULL));
    EXPECT(OK, credex_payload_free(payload));
}

int main(void)
{
    null();
    wrong_handles();
    double_free_and_use_after_close();
    wrong_threads_and_processes();
    cancelled_loops();
    websites();
    plans();
    reports_and_offers();
    progress();
    return wrong;
}
