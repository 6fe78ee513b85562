/* Takes whatever is sent to it, in a loop of its own, until SIGTERM or SIGINT:
 *
 *     importer [DIRECTORY]
 *
 * With a directory it writes there what comes, where a password manager would put it into its vault.
 * Nothing here waits: every step has a callback, and credex_client_fd() tells the loop when one is due. With
 * GLib that is g_unix_fd_add(), with Qt a QSocketNotifier. */

#define _GNU_SOURCE

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <credex.h>

#include "files.h"

/* The app: there is one. */
struct app {
    const char *directory;
    int imports;
    bool over;
    CredexImporter *importer;
    struct taking *takings;
};

/* An offer that is being taken. */
struct taking {
    struct app *app;
    CredexOffer *offer;
    CredexImport *import;
    struct taking *next;
};

static volatile sig_atomic_t told_to_end = 0;

static void on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

static void complain(const char *what, CredexError *error)
{
    fprintf(stderr, "%s: %s\n", what, credex_error_message(error));
    credex_error_free(error);
}

/* What was not redeemed is declined by this, and what was not reported is rejected. */
static void end(struct taking *taking)
{
    struct taking **link = &taking->app->takings;

    while (*link != taking)
        link = &(*link)->next;
    *link = taking->next;
    credex_offer_free(taking->offer);
    credex_import_free(taking->import);
    free(taking);
}

static bool store_attachments(CredexImport *import, const char *file)
{
    char path[PATH_MAX];
    const char *id;
    CredexBytes bytes;

    for (size_t i = 0; i < credex_import_attachments(import); i++) {
        if (credex_import_attachment(import, i, &id, &bytes, NULL) != CREDEX_STATUS_OK)
            return false;
        if (!is_base64url(id))
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s.attachments", file) >= sizeof path)
            return false;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        if ((size_t)snprintf(path, sizeof path, "%s.attachments/%s", file, id) >= sizeof path)
            return false;
        if (!write_file(path, bytes.bytes, bytes.len))
            return false;
    }
    return true;
}

static bool store(struct taking *taking)
{
    char file[PATH_MAX - 64];
    CredexBytes document;

    if (taking->app->directory == NULL)
        return true;
    if ((size_t)snprintf(file, sizeof file, "%s/%d.cxf", taking->app->directory,
                         ++taking->app->imports) >= sizeof file)
        return false;
    return credex_import_document(taking->import, &document, NULL) == CREDEX_STATUS_OK &&
        store_attachments(taking->import, file) && write_file(file, document.bytes, document.len);
}

static void on_reported(CredexOperation *operation, void *data)
{
    CredexError *error = NULL;

    if (credex_operation_finish(operation, &error) != CREDEX_STATUS_OK)
        complain("reporting", error);
    credex_operation_free(operation);
    end(data);
}

static void on_redeemed(CredexOperation *operation, void *data)
{
    struct taking *taking = data;
    CredexError *error = NULL;
    CredexStatus started;
    const char *problem;

    if (credex_operation_take_import(operation, &taking->import, &error) != CREDEX_STATUS_OK)
        complain("nothing came of it", error);
    credex_operation_free(operation);
    if (taking->import == NULL) {
        end(taking);
        return;
    }
    for (size_t i = 0; (problem = credex_import_problem(taking->import, i)) != NULL; i++)
        printf("left out: %s\n", problem);
    for (size_t i = 0; (problem = credex_import_attachment_problem(taking->import, i)) != NULL; i++)
        printf("check this: %s\n", problem);
    /* Say what became of it once it is stored. */
    if (store(taking))
        started = credex_import_complete_all(taking->import, on_reported, taking, NULL, &error);
    else
        started = credex_import_reject(taking->import, "The vault could not be written.", on_reported,
                                       taking, NULL, &error);
    if (started != CREDEX_STATUS_OK) {
        complain("reporting", error);
        end(taking);
    }
}

static void on_extended(CredexOperation *operation, void *data)
{
    struct taking *taking = data;
    CredexError *error = NULL;

    /* A password manager asks for its master password here. */
    if (credex_operation_finish(operation, &error) != CREDEX_STATUS_OK ||
        credex_offer_redeem(taking->offer, on_redeemed, taking, NULL, &error) != CREDEX_STATUS_OK) {
        complain("nothing came of it", error);
        end(taking);
    }
    credex_operation_free(operation);
}

static void take(struct app *app, CredexOffer *offer)
{
    struct taking *taking = calloc(1, sizeof *taking);
    CredexError *error = NULL;
    CredexApp exporter;

    if (taking == NULL) {
        credex_offer_free(offer);
        return;
    }
    taking->app = app;
    taking->offer = offer;
    taking->next = app->takings;
    app->takings = taking;
    if (credex_offer_exporter(offer, &exporter, NULL) == CREDEX_STATUS_OK)
        printf("%s (%s) offers credentials\n", exporter.name, exporter.id);
    if (credex_offer_extend(offer, 600, on_extended, taking, NULL, &error) != CREDEX_STATUS_OK) {
        complain("nothing came of it", error);
        end(taking);
    }
}

static void on_offer(CredexOperation *operation, void *data);

static void wait_for_offers(struct app *app)
{
    CredexError *error = NULL;

    if (credex_importer_next_offer(app->importer, on_offer, app, NULL, &error) != CREDEX_STATUS_OK) {
        complain("waiting", error);
        app->over = true;
    }
}

static void on_offer(CredexOperation *operation, void *data)
{
    struct app *app = data;
    CredexOffer *offer = NULL;
    CredexError *error = NULL;

    if (credex_operation_take_offer(operation, &offer, &error) == CREDEX_STATUS_OK) {
        take(app, offer);
        /* The next may come while this one is being taken. */
        wait_for_offers(app);
    } else {
        complain("waiting", error);
        app->over = true;
    }
    credex_operation_free(operation);
}

static void on_connected(CredexOperation *operation, void *data)
{
    struct app *app = data;
    CredexError *error = NULL;

    if (credex_operation_take_importer(operation, &app->importer, &error) == CREDEX_STATUS_OK) {
        puts("ready");
        wait_for_offers(app);
    } else {
        complain("the bus", error);
        app->over = true;
    }
    credex_operation_free(operation);
}

static bool connect_to_the_bus(CredexClient *client, struct app *app, CredexError **error)
{
    CredexImporterOptions *options = NULL;
    bool started =
        credex_importer_options_new("org.example.CImporter", &options, error) == CREDEX_STATUS_OK &&
        credex_importer_options_set_name(options, "C Importer", error) == CREDEX_STATUS_OK &&
        credex_importer_connect(client, options, NULL, on_connected, app, NULL, error) ==
            CREDEX_STATUS_OK;

    credex_importer_options_free(options);
    return started;
}

/* Signals are let in only while nothing else is done. */
static void run(CredexClient *client, struct app *app)
{
    struct pollfd due = {.fd = credex_client_fd(client), .events = POLLIN};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ends, before;
    CredexError *error = NULL;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, &before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    while (!app->over && !told_to_end) {
        if (ppoll(&due, 1, NULL, &before) < 0)
            continue;
        if (credex_client_dispatch(client, NULL, &error) != CREDEX_STATUS_OK) {
            complain("callbacks", error);
            app->over = true;
        }
    }
}

int main(int argc, char **argv)
{
    struct app app = {.directory = argc > 1 ? argv[1] : NULL};
    CredexClient *client = NULL;
    CredexError *error = NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(077);
    if (credex_client_new(&client, &error) != CREDEX_STATUS_OK ||
        !connect_to_the_bus(client, &app, &error)) {
        complain("libcredex", error);
        credex_client_free(client, NULL);
        return EXIT_FAILURE;
    }
    run(client, &app);
    /* No callback comes any more. */
    while (app.takings != NULL)
        end(app.takings);
    credex_importer_free(app.importer);
    credex_client_free(client, NULL);
    return told_to_end ? EXIT_SUCCESS : EXIT_FAILURE;
}
