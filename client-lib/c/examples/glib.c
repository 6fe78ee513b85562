/* Sends a CXF document from a loop of GLib, as an app with windows does, and shows how far that is:
 *
 *     cc glib.c $(pkg-config --cflags --libs credex glib-2.0) -o glib
 *     glib DOCUMENT
 *
 * Ctrl-C takes it back. Ends with 0 once the importer has reported. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

#include <glib-unix.h>
#include <glib.h>

#include <credex.h>

#include "files.h"

/* The app: there is one. */
struct app {
    GMainLoop *loop;
    CredexClient *client;
    CredexPayload *payload;
    CredexExporter *exporter;
    /* What is under way, and can be called off. */
    CredexOperation *operation;
    int code;
};

static void end(struct app *app, int code)
{
    app->code = code;
    g_main_loop_quit(app->loop);
}

static void fail(struct app *app, const char *what, CredexError *error)
{
    g_printerr("%s: %s\n", what, credex_error_message(error));
    if (credex_error_handed_over(error))
        g_printerr("The other app has the credentials all the same.\n");
    credex_error_free(error);
    end(app, EXIT_FAILURE);
}

/* The callbacks of the library are called here, in the loop's own thread. */
static gboolean on_due(gint fd, GIOCondition condition, gpointer data)
{
    struct app *app = data;
    CredexError *error = NULL;

    (void)fd;
    (void)condition;
    if (credex_client_dispatch(app->client, NULL, &error) == CREDEX_STATUS_OK)
        return G_SOURCE_CONTINUE;
    fail(app, "callbacks", error);
    return G_SOURCE_REMOVE;
}

/* It fails with CREDEX_STATUS_CANCELLED then, and its callback is called as for any other end. */
static gboolean on_interrupted(gpointer data)
{
    struct app *app = data;

    if (credex_operation_cancel(app->operation, NULL) != CREDEX_STATUS_OK)
        end(app, EXIT_FAILURE);
    return G_SOURCE_CONTINUE;
}

/* An app with windows moves a GtkProgressBar. */
static void on_progress(CredexOperation *operation, void *data)
{
    CredexProgress progress;

    (void)data;
    if (credex_operation_progress(operation, &progress, NULL) != CREDEX_STATUS_OK)
        return;
    switch (progress.step) {
    case CREDEX_STEP_ASKING:
        g_print("waiting for your answer\n");
        break;
    case CREDEX_STEP_SEALING:
        if (progress.total > 0)
            g_print("sealed %" PRIu64 " of %" PRIu64 " bytes\n", progress.done, progress.total);
        break;
    case CREDEX_STEP_WAITING:
        g_print("%" PRIu64 " bytes are on their way\n", progress.total);
        break;
    default:
        break;
    }
}

static void on_exported(CredexOperation *operation, void *data)
{
    struct app *app = data;
    CredexReceipt *receipt = NULL;
    CredexError *error = NULL;
    CredexTally tally;

    app->operation = NULL;
    if (credex_operation_take_receipt(operation, &receipt, &error) == CREDEX_STATUS_OK) {
        for (size_t i = 0; credex_receipt_type(receipt, i, &tally, NULL) == CREDEX_STATUS_OK; i++)
            g_print("%s: %" PRIu32 " taken, %" PRIu32 " failed, %" PRIu32 " ignored\n", tally.type_name,
                    tally.succeeded, tally.failed, tally.ignored);
        end(app, EXIT_SUCCESS);
    } else {
        fail(app, "it did not arrive", error);
    }
    credex_receipt_free(receipt);
    credex_operation_free(operation);
}

static void on_connected(CredexOperation *operation, void *data)
{
    struct app *app = data;
    CredexError *error = NULL;

    app->operation = NULL;
    if (credex_operation_take_exporter(operation, &app->exporter, &error) != CREDEX_STATUS_OK)
        fail(app, "the bus", error);
    else if (credex_exporter_export(app->exporter, NULL, app->payload, on_exported, app, &app->operation,
                                    &error) != CREDEX_STATUS_OK ||
             credex_operation_watch(app->operation, on_progress, app, &error) != CREDEX_STATUS_OK)
        fail(app, "libcredex", error);
    credex_operation_free(operation);
}

static bool read_payload(struct app *app, const char *path, CredexError **error)
{
    size_t len = 0;
    uint8_t *document = read_file(path, &len);
    bool made;

    if (document == NULL) {
        g_printerr("%s: %s\n", path, g_strerror(errno));
        exit(EXIT_FAILURE);
    }
    made = credex_payload_new(document, len, &app->payload, error) == CREDEX_STATUS_OK;
    wipe(document, len);
    return made;
}

int main(int argc, char **argv)
{
    struct app app = {.code = EXIT_FAILURE};
    CredexError *error = NULL;

    if (argc != 2) {
        g_printerr("usage: %s DOCUMENT\n", argv[0]);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    app.loop = g_main_loop_new(NULL, FALSE);
    if (credex_client_new(&app.client, &error) == CREDEX_STATUS_OK && read_payload(&app, argv[1], &error) &&
        credex_exporter_connect(app.client, "org.example.GlibExporter", NULL, on_connected, &app,
                                &app.operation, &error) == CREDEX_STATUS_OK) {
        guint due = g_unix_fd_add(credex_client_fd(app.client), G_IO_IN, on_due, &app);
        guint interrupted = g_unix_signal_add(SIGINT, on_interrupted, &app);

        g_main_loop_run(app.loop);
        g_source_remove(interrupted);
        if (g_main_context_find_source_by_id(NULL, due) != NULL)
            g_source_remove(due);
    } else {
        fail(&app, "libcredex", error);
    }
    credex_payload_free(app.payload);
    credex_exporter_free(app.exporter);
    credex_client_free(app.client, NULL);
    g_main_loop_unref(app.loop);
    return app.code;
}
