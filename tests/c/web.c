/* An app that shares passwords with its website:
 *
 *     web SCRIPT DOMAIN
 *
 * SCRIPT is the file that says what the person does. The first line of standard input is a password, which is
 * wiped in the end; until standard input ends, others may look whether it was. Ends with 0 if all was as it
 * should be; says what was not. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <credex.h>

#include "expect.h"

#define SHOP "org.example.CShop"
#define BYTES(text) (const uint8_t *)(text), strlen(text)

static const char *script;
static const char *domain;

/* What the person does from now on. */
static void she_will(const char *answer)
{
    FILE *file = fopen(script, "w");

    EXPECT(1, file != NULL && fputs(answer, file) >= 0 && fclose(file) == 0);
}

#define AGREE "{\"Agree\": {\"account\": null}}"

static bool same(const char *expected, const char *seen)
{
    return seen != NULL && strcmp(expected, seen) == 0;
}

/* Why it came to nothing, and in which stage. */
static void expect_refusal(int line, CredexError *error, const char *reason, const char *stage)
{
    expect(line, "the reason", 1, same(reason, credex_error_reason(error)));
    expect(line, "the stage", 1, same(stage, credex_error_stage(error)));
    if (!same(reason, credex_error_reason(error)))
        fprintf(stderr, "%s\n", credex_error_message(error));
    expect(line, "freeing it", OK, credex_error_free(error));
}

static CredexChange add(CredexWeb *web, const char *account, const uint8_t *password, size_t len)
{
    CredexChange change = CREDEX_CHANGE_ABSENT;
    CredexError *error = NULL;

    EXPECT(OK, credex_web_add_blocking(web, domain, account, password, len, SOON_MS, &change, &error));
    if (error != NULL)
        fprintf(stderr, "%s\n", credex_error_message(error));
    credex_error_free(error);
    return change;
}

static void waiting(CredexWeb *web, const uint8_t *secret, size_t len)
{
    CredexChange change = CREDEX_CHANGE_ABSENT;
    CredexWebCredential *saved = NULL;
    CredexBytes password = {NULL, 0};
    CredexError *error = NULL;
    uint16_t port = (uint16_t)atoi(strchr(domain, ':') + 1);

    she_will(AGREE);
    EXPECT(CREDEX_CHANGE_ADDED, add(web, "ada", BYTES("first")));
    EXPECT(CREDEX_CHANGE_UPDATED, add(web, "ada", secret, len));
    EXPECT(CREDEX_CHANGE_UNCHANGED, add(web, "ada", secret, len));
    EXPECT(CREDEX_CHANGE_ADDED, add(web, "bea", BYTES("another")));

    EXPECT(OK, credex_web_request_blocking(web, NULL, "ada", 0, SOON_MS, &saved, &error));
    EXPECT(1, same("localhost", credex_web_credential_domain(saved)));
    EXPECT(port, credex_web_credential_port(saved));
    EXPECT(1, same("ada", credex_web_credential_account(saved)));
    EXPECT(OK, credex_web_credential_password(saved, &password, NULL));
    EXPECT(len, password.len);
    EXPECT(0, memcmp(secret, password.bytes, len));
    EXPECT(0, password.bytes[len]);
    EXPECT(OK, credex_web_credential_free(saved));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_credential_password(saved, &password, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_credential_free(saved));

    EXPECT(OK, credex_web_request_blocking(web, domain, "bea", port, SOON_MS, &saved, &error));
    EXPECT(OK, credex_web_credential_password(saved, &password, NULL));
    EXPECT(1, same("another", (const char *)password.bytes));
    EXPECT(OK, credex_web_credential_free(saved));
    EXPECT(CREDEX_STATUS_REFUSED,
           credex_web_request_blocking(web, NULL, "eve", 0, SOON_MS, &saved, &error));
    expect_refusal(__LINE__, error, "NoCredential", "store");

    EXPECT(OK, credex_web_delete_blocking(web, domain, "ada", SOON_MS, &change, &error));
    EXPECT(CREDEX_CHANGE_DELETED, change);
    EXPECT(OK, credex_web_delete_blocking(web, domain, "ada", SOON_MS, &change, &error));
    EXPECT(CREDEX_CHANGE_ABSENT, change);
}

/* The same in a loop: each step starts the next. */
struct steps {
    CredexWeb *web;
    const uint8_t *secret;
    size_t len;
    bool over;
};

static void on_deleted(CredexOperation *operation, void *data)
{
    struct steps *steps = data;
    CredexChange change = CREDEX_CHANGE_ABSENT;

    EXPECT(OK, credex_operation_take_change(operation, &change, NULL));
    EXPECT(CREDEX_CHANGE_DELETED, change);
    EXPECT(OK, credex_operation_free(operation));
    steps->over = true;
}

static void on_requested(CredexOperation *operation, void *data)
{
    struct steps *steps = data;
    CredexWebCredential *saved = NULL;
    CredexBytes password = {NULL, 0};

    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_change(operation, &(CredexChange){0}, NULL));
    EXPECT(OK, credex_operation_take_web_credential(operation, &saved, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_operation_take_web_credential(operation, &saved, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_web_credential_password(saved, &password, NULL));
    EXPECT(1, password.len == steps->len && memcmp(steps->secret, password.bytes, password.len) == 0);
    EXPECT(OK, credex_web_credential_free(saved));
    EXPECT(OK, credex_web_delete(steps->web, domain, "ada", on_deleted, steps, NULL, NULL));
}

static void on_added(CredexOperation *operation, void *data)
{
    struct steps *steps = data;
    CredexChange change = CREDEX_CHANGE_ABSENT;

    EXPECT(OK, credex_operation_take_change(operation, &change, NULL));
    EXPECT(CREDEX_CHANGE_ADDED, change);
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_web_request(steps->web, domain, "ada", 0, on_requested, steps, NULL, NULL));
}

static void on_connected(CredexOperation *operation, void *data)
{
    struct steps *steps = data;

    EXPECT(OK, credex_operation_take_web(operation, &steps->web, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(OK, credex_web_add(steps->web, domain, "ada", steps->secret, steps->len, on_added, steps, NULL,
                              NULL));
}

static void in_a_loop(CredexClient *client, const uint8_t *secret, size_t len)
{
    struct steps steps = {.secret = secret, .len = len};
    struct pollfd due = {.fd = credex_client_fd(client), .events = POLLIN};

    she_will(AGREE);
    EXPECT(OK, credex_web_connect(client, SHOP, NULL, on_connected, &steps, NULL, NULL));
    while (!steps.over && !wrong) {
        EXPECT(1, poll(&due, 1, SOON_MS));
        EXPECT(OK, credex_client_dispatch(client, NULL, NULL));
    }
    EXPECT(OK, credex_web_free(steps.web));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_free(steps.web));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_decisions_blocking(steps.web, SOON_MS, &(CredexDecisions *){NULL}, NULL));
}

static void she_says_no(CredexWeb *web)
{
    CredexChange change;
    CredexDecisions *decisions = NULL;
    CredexDecision decision;
    CredexError *error = NULL;

    she_will("\"Decline\"");
    EXPECT(CREDEX_STATUS_DECLINED,
           credex_web_add_blocking(web, domain, "ada", BYTES("x"), SOON_MS, &change, &error));
    expect_refusal(__LINE__, error, "Declined", "consent");
    EXPECT(OK, credex_web_decisions_blocking(web, SOON_MS, &decisions, &error));
    EXPECT(0, credex_decisions_number(decisions));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_decisions_at(decisions, 0, &decision, NULL));
    EXPECT(OK, credex_decisions_free(decisions));

    she_will("\"Never\"");
    EXPECT(CREDEX_STATUS_DECLINED,
           credex_web_add_blocking(web, domain, "ada", BYTES("x"), SOON_MS, &change, &error));
    expect_refusal(__LINE__, error, "Never", "consent");
    she_will(AGREE);
    EXPECT(CREDEX_STATUS_DECLINED,
           credex_web_add_blocking(web, domain, "ada", BYTES("x"), SOON_MS, &change, &error));
    expect_refusal(__LINE__, error, "Never", "decision");
    EXPECT(OK, credex_web_decisions_blocking(web, SOON_MS, &decisions, &error));
    EXPECT(1, credex_decisions_number(decisions));
    EXPECT(OK, credex_decisions_at(decisions, 0, &decision, NULL));
    EXPECT(1, same(SHOP, decision.app_id) && same("localhost", decision.domain) &&
                  same("never", decision.decided));
    EXPECT(1, decision.at > 1700000000);
    EXPECT(OK, credex_web_revoke_blocking(web, decision.app_id, decision.domain, SOON_MS, &error));
    EXPECT(CREDEX_STATUS_REFUSED,
           credex_web_revoke_blocking(web, decision.app_id, decision.domain, SOON_MS, &error));
    expect(__LINE__, "nothing to revoke", 1, same("NotFound", credex_error_reason(error)));
    EXPECT(1, credex_error_stage(error) == NULL);
    EXPECT(OK, credex_error_free(error));
    EXPECT(OK, credex_decisions_free(decisions));
    EXPECT(CREDEX_CHANGE_ADDED, add(web, "ada", BYTES("x")));
}

static void stages(CredexWeb *web)
{
    CredexDomainReport *report = NULL;
    CredexChange change;
    CredexFound found;
    CredexError *error = NULL;
    bool fetched = false;

    EXPECT(OK, credex_web_refresh_blocking(web, domain, SOON_MS, &report, &error));
    EXPECT(1, credex_domain_report_associated(report) && credex_domain_report_developer(report));
    EXPECT(OK, credex_domain_report_free(report));
    EXPECT(OK, credex_web_check_blocking(web, domain, NULL, true, SOON_MS, &report, &error));
    EXPECT(1, credex_domain_report_associated(report));
    EXPECT(1, same(SHOP, credex_domain_report_app_id(report)));
    for (size_t i = 0; credex_domain_report_stage(report, i, &found, NULL) == OK; i++)
        fetched = fetched || (found.passed && found.http_status == 200 && same("network", found.source) &&
                              found.age >= 0 && found.certificate != NULL && found.advice == NULL);
    EXPECT(1, fetched);
    EXPECT(OK, credex_domain_report_free(report));
    EXPECT(OK, credex_web_check_blocking(web, domain, "org.example.Other", false, SOON_MS, &report, &error));
    EXPECT(0, credex_domain_report_associated(report));
    EXPECT(OK, credex_domain_report_stage(report, 0, &found, NULL));
    EXPECT(1, same("declaration", found.stage) && !found.passed && found.advice != NULL);
    EXPECT(OK, credex_domain_report_free(report));

    EXPECT(CREDEX_STATUS_REFUSED,
           credex_web_add_blocking(web, "example.org", "ada", BYTES("x"), SOON_MS, &change, &error));
    expect_refusal(__LINE__, error, "NotDeclared", "declaration");
}

static void made(CredexWeb *web)
{
    CredexGenerated *generated = NULL;
    CredexBytes password = {NULL, 0};
    CredexError *error = NULL;

    EXPECT(OK, credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_GROUPED, NULL, SOON_MS, &generated,
                                            &error));
    EXPECT(OK, credex_generated_password(generated, &password, NULL));
    EXPECT(15, password.len);
    EXPECT(0, password.bytes[15]);
    EXPECT('-', password.bytes[3]);
    EXPECT(1, credex_generated_entropy(generated) > 60);
    EXPECT(OK, credex_generated_free(generated));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_generated_password(generated, &password, NULL));
    EXPECT(1, credex_generated_entropy(generated) < 1);

    EXPECT(OK, credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_STRONG, NULL, SOON_MS, &generated,
                                            &error));
    EXPECT(OK, credex_generated_password(generated, &password, NULL));
    EXPECT(20, password.len);
    EXPECT(OK, credex_generated_free(generated));

    EXPECT(OK, credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_RULES,
                                            "required: digit; allowed: digit; minlength: 30", SOON_MS,
                                            &generated, &error));
    EXPECT(OK, credex_generated_password(generated, &password, NULL));
    EXPECT(1, password.len >= 30 && strspn((const char *)password.bytes, "0123456789") == password.len);
    EXPECT(OK, credex_generated_free(generated));
    EXPECT(CREDEX_STATUS_REFUSED,
           credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_RULES, "minlength: 9; maxlength: 3",
                                        SOON_MS, &generated, &error));
    EXPECT(1, same("InvalidArgument", credex_error_reason(error)));
    EXPECT(OK, credex_error_free(error));
}

/* A question that is taken back before it is answered: by hand, in time, and with everything else. */
static void taken_back(CredexClient *client, CredexWeb *web)
{
    CredexOperation *operation = NULL;
    CredexWebCredential *saved = NULL;

    she_will("\"Hang\"");
    EXPECT(OK, credex_web_request(web, NULL, NULL, 0, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_operation_wait(operation, 100, NULL));
    EXPECT(OK, credex_operation_cancel(operation, NULL));
    EXPECT(CREDEX_STATUS_CANCELLED, credex_operation_take_web_credential(operation, &saved, NULL));
    EXPECT(OK, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_TIMED_OUT, credex_web_request_blocking(web, NULL, NULL, 0, 100, &saved, NULL));
    EXPECT(OK, credex_web_request(web, NULL, NULL, 0, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_client_free(client, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_operation_free(operation));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_free(web));
}

/* What is not freed by hand goes with the client. */
static void kept(CredexWeb *web, CredexWebCredential **saved, CredexDomainReport **report)
{
    she_will(AGREE);
    EXPECT(OK, credex_web_request_blocking(web, NULL, "ada", 0, SOON_MS, saved, NULL));
    EXPECT(OK, credex_web_check_blocking(web, domain, NULL, false, SOON_MS, report, NULL));
}

static size_t read_line(uint8_t *line, size_t room)
{
    size_t len = 0;

    while (len < room && read(STDIN_FILENO, line + len, 1) == 1 && line[len] != '\n')
        len++;
    return len;
}

int main(int argc, char **argv)
{
    uint8_t secret[128];
    size_t len = read_line(secret, sizeof secret);
    CredexClient *client = NULL;
    CredexWeb *web = NULL;
    CredexWebCredential *saved = NULL;
    CredexDomainReport *report = NULL;

    if (argc != 3 || len == 0)
        return 2;
    script = argv[1];
    domain = argv[2];
    EXPECT(OK, credex_client_new(&client, NULL));
    EXPECT(OK, credex_web_connect_blocking(client, SHOP, NULL, SOON_MS, &web, NULL));
    EXPECT(OK, credex_web_set_parent_window(web, "x11:2a00007", NULL));
    EXPECT(OK, credex_web_set_activation_token(web, "token", NULL));
    waiting(web, secret, len);
    in_a_loop(client, secret, len);
    she_says_no(web);
    stages(web);
    made(web);
    EXPECT(CREDEX_CHANGE_UPDATED, add(web, "ada", secret, len));
    kept(web, &saved, &report);
    taken_back(client, web);
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_web_credential_free(saved));
    EXPECT(1, credex_domain_report_associated(report));
    EXPECT(OK, credex_domain_report_free(report));

    memset(secret, 0, sizeof secret);
    puts(wrong ? "wrong" : "done");
    fflush(stdout);
    while (read_line(secret, sizeof secret) > 0)
        ;
    return wrong;
}
