/* Signs in with a password that is shared with a website, and saves a new one if there is none:
 *
 *     web APP DOMAIN ACCOUNT
 *
 * APP is the ID of a desktop entry that declares the domain; the website has to name the app. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <credex.h>

/* For calls that wait for no person. */
#define SOON_MS 60000
#define FOR_EVER (-1)

static int failed(const char *what, CredexError *error)
{
    const char *stage = credex_error_stage(error);

    fprintf(stderr, "%s: %s\n", what, credex_error_message(error));
    if (stage != NULL)
        fprintf(stderr, "It ended with the %s.\n", stage);
    if (credex_error_url(error) != NULL)
        fprintf(stderr, "%s: status %" PRIu32 "\n", credex_error_url(error), credex_error_http_status(error));
    credex_error_free(error);
    return EXIT_FAILURE;
}

static const char *name_of(CredexChange change)
{
    return change == CREDEX_CHANGE_ADDED ? "added" : change == CREDEX_CHANGE_UPDATED ? "updated" : "unchanged";
}

/* A password that nobody has seen: the website is told it, and so is whoever keeps the passwords. */
static int save_new(CredexWeb *web, const char *domain, const char *account)
{
    CredexGenerated *generated = NULL;
    CredexError *error = NULL;
    CredexBytes password;
    CredexChange change;
    CredexStatus status;

    if (credex_web_generate_blocking(web, CREDEX_PASSWORD_FORMAT_GROUPED, NULL, SOON_MS, &generated, &error) !=
        CREDEX_STATUS_OK)
        return failed("no new password", error);
    printf("made a password of %.1f bits\n", credex_generated_entropy(generated));
    status = credex_generated_password(generated, &password, &error);
    if (status == CREDEX_STATUS_OK)
        status = credex_web_add_blocking(web, domain, account, password.bytes, password.len, FOR_EVER, &change,
                                         &error);
    credex_generated_free(generated);
    if (status != CREDEX_STATUS_OK)
        return failed("it is not saved", error);
    puts(name_of(change));
    return EXIT_SUCCESS;
}

static int sign_in(CredexWeb *web, const char *domain, const char *account)
{
    CredexWebCredential *saved = NULL;
    CredexError *error = NULL;
    CredexBytes password;

    if (credex_web_request_blocking(web, domain, account, 0, FOR_EVER, &saved, &error) == CREDEX_STATUS_OK) {
        if (credex_web_credential_password(saved, &password, NULL) == CREDEX_STATUS_OK)
            printf("%s has a password of %zu bytes\n", credex_web_credential_account(saved), password.len);
        credex_web_credential_free(saved);
        return EXIT_SUCCESS;
    }
    if (credex_error_reason(error) == NULL || strcmp(credex_error_reason(error), "NoCredential") != 0)
        return failed("no password", error);
    puts(credex_error_message(error));
    credex_error_free(error);
    return save_new(web, domain, account);
}

int main(int argc, char **argv)
{
    CredexClient *client = NULL;
    CredexWeb *web = NULL;
    CredexError *error = NULL;
    int code;

    if (argc != 4) {
        fprintf(stderr, "usage: %s APP DOMAIN ACCOUNT\n", argv[0]);
        return 2;
    }
    if (credex_client_new(&client, &error) != CREDEX_STATUS_OK)
        code = failed("libcredex", error);
    else if (credex_web_connect_blocking(client, argv[1], NULL, SOON_MS, &web, &error) != CREDEX_STATUS_OK)
        code = failed("the bus", error);
    else
        code = sign_in(web, argv[2], argv[3]);
    credex_web_free(web);
    credex_client_free(client, NULL);
    return code;
}
