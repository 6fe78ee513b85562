/* Sends attachments from where they lie, and takes a payload piece by piece:
 *
 *     pieces send DOCUMENT ID FILE
 *     pieces send-file FILE
 *     pieces take DIRECTORY
 *     pieces give-up
 *     pieces leave
 *
 * The first sends a document and one attachment, which it never has in memory; the second a file that is no
 * document. The third writes what comes into `1.cxf`, and each attachment into a file of its id. The others take
 * one piece and put the rest aside, or end with it in their hands. Each ends with 0 if all was as it should be;
 * says what was not. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <credex.h>

#include "../../client-lib/c/examples/files.h"
#include "expect.h"

static void complain(CredexError *error)
{
    if (error != NULL)
        fprintf(stderr, "%s\n", credex_error_message(error));
    credex_error_free(error);
}

static void export_file(CredexClient *client, const char *path, const char *id, const char *attached)
{
    CredexExporter *exporter = NULL;
    CredexPayload *payload = NULL;
    CredexReceipt *receipt = NULL;
    CredexTally total;
    CredexError *error = NULL;
    size_t len = 0;
    uint8_t *document = read_file(path, &len);
    int fd = open(attached, O_RDONLY | O_CLOEXEC);
    int ends[2];

    EXPECT(OK, credex_payload_new(document, len, &payload, &error));
    wipe(document, len);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_payload_add_attachment_fd(payload, NULL, fd, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_payload_add_attachment_fd(payload, id, -1, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_payload_add_attachment_fd(payload, id, 9999, NULL));
    EXPECT(0, pipe(ends));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_payload_add_attachment_fd(payload, id, ends[0], NULL));
    EXPECT(0, close(ends[0]) + close(ends[1]));
    EXPECT(OK, credex_payload_add_attachment_fd(payload, id, fd, &error));
    EXPECT(0, lseek(fd, 0, SEEK_CUR));
    EXPECT(0, close(fd));
    EXPECT(OK, credex_exporter_connect_blocking(client, "org.example.CPiecesOut", NULL, SOON_MS, &exporter,
                                                &error));
    EXPECT(OK, credex_exporter_export_blocking(exporter, NULL, payload, SOON_MS, &receipt, &error));
    complain(error);
    EXPECT(OK, credex_receipt_total(receipt, &total, NULL));
    EXPECT(1, total.succeeded);
    credex_receipt_free(receipt);
    credex_payload_free(payload);
    credex_exporter_free(exporter);
}

static void send_file(CredexClient *client, const char *path)
{
    CredexExporter *exporter = NULL;
    CredexRequest *request = NULL;
    CredexGrant *grant = NULL;
    CredexReceipt *receipt = NULL;
    CredexOperation *operation = NULL;
    CredexProgress progress;
    CredexTally total;
    CredexError *error = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    EXPECT(OK, credex_exporter_connect_blocking(client, "org.example.CPiecesOut", NULL, SOON_MS, &exporter,
                                                &error));
    EXPECT(OK, credex_request_new(&request, NULL));
    EXPECT(OK, credex_request_declare(request, "file", 1, NULL));
    EXPECT(OK, credex_exporter_request_blocking(exporter, request, SOON_MS, &grant, &error));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_grant_send_fd(grant, -1, NULL, NULL, &operation, NULL));
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_grant_send_fd(grant, fd, NULL, NULL, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE,
           credex_grant_send_fd((CredexGrant *)request, fd, NULL, NULL, &operation, NULL));
    EXPECT(OK, credex_grant_send_fd(grant, fd, NULL, NULL, &operation, &error));
    EXPECT(0, close(fd));
    EXPECT(OK, credex_operation_wait(operation, SOON_MS, &error));
    complain(error);
    EXPECT(OK, credex_operation_progress(operation, &progress, NULL));
    EXPECT(CREDEX_STEP_WAITING, progress.step);
    EXPECT(OK, credex_operation_take_receipt(operation, &receipt, NULL));
    EXPECT(OK, credex_receipt_total(receipt, &total, NULL));
    EXPECT(1, total.succeeded);
    credex_operation_free(operation);
    credex_receipt_free(receipt);
    credex_grant_free(grant);
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_grant_send_fd_blocking(grant, 0, SOON_MS, &receipt, NULL));
    credex_request_free(request);
    credex_exporter_free(exporter);
}

static CredexPieces *pieces_of(CredexClient *client, CredexImporter **importer)
{
    CredexImporterOptions *options = NULL;
    CredexOffer *offer = NULL;
    CredexPieces *pieces = NULL;
    CredexError *error = NULL;

    EXPECT(OK, credex_importer_options_new("org.example.CPieces", &options, &error));
    EXPECT(OK, credex_importer_connect_blocking(client, options, NULL, SOON_MS, importer, &error));
    EXPECT(OK, credex_importer_options_free(options));
    EXPECT(OK, credex_importer_next_offer_blocking(*importer, SOON_MS, &offer, &error));
    EXPECT(OK, credex_offer_redeem_pieces_blocking(offer, SOON_MS, &pieces, &error));
    complain(error);
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_offer_redeem_pieces_blocking(offer, SOON_MS, &pieces, NULL));
    credex_offer_free(offer);
    return pieces;
}

static void append(const char *directory, const CredexPiece *piece)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, piece->id == NULL ? "1.cxf" : piece->id);
    EXPECT(1, piece->id == NULL || is_base64url(piece->id));
    file = fopen(path, "ab");
    EXPECT(1, file != NULL && fwrite(piece->bytes, 1, piece->len, file) == piece->len && fclose(file) == 0);
}

static void take(CredexClient *client, const char *directory)
{
    static const CredexTally tallies[] = {{.type_name = "file", .succeeded = 1}};
    CredexImporter *importer = NULL;
    CredexPieces *pieces = pieces_of(client, &importer);
    CredexPiece piece = {NULL, NULL, 0};
    CredexError *error = NULL;
    size_t longest = 0;

    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_pieces_next(pieces, NULL, NULL));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_import_free((CredexImport *)pieces));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_pieces_complete_blocking(pieces, tallies, 1, SOON_MS, NULL));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_pieces_reject_blocking(pieces, "No.", SOON_MS, NULL));
    while (credex_pieces_next(pieces, &piece, &error) == OK && piece.bytes != NULL) {
        append(directory, &piece);
        longest = piece.len > longest ? piece.len : longest;
    }
    complain(error);
    EXPECT(1, longest > 0 && longest <= 65536);
    EXPECT(OK, credex_pieces_next(pieces, &piece, NULL));
    EXPECT(1, piece.bytes == NULL);
    EXPECT(CREDEX_STATUS_BAD_ARGUMENT, credex_pieces_complete_blocking(pieces, NULL, 1, SOON_MS, NULL));
    EXPECT(OK, credex_pieces_complete_blocking(pieces, tallies, 1, SOON_MS, &error));
    EXPECT(CREDEX_STATUS_WRONG_STATE, credex_pieces_complete_blocking(pieces, tallies, 1, SOON_MS, NULL));
    EXPECT(OK, credex_pieces_free(pieces));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_pieces_free(pieces));
    EXPECT(CREDEX_STATUS_BAD_HANDLE, credex_pieces_next(pieces, &piece, NULL));
    EXPECT(OK, credex_pieces_free(NULL));
    credex_importer_free(importer);
}

static void leave(CredexClient *client, bool freed)
{
    CredexImporter *importer = NULL;
    CredexPieces *pieces = pieces_of(client, &importer);
    CredexPiece piece;

    EXPECT(OK, credex_pieces_next(pieces, &piece, NULL));
    EXPECT(1, piece.id == NULL && piece.bytes != NULL);
    if (freed) {
        EXPECT(OK, credex_pieces_free(pieces));
        /* Until the other side has heard of it: to leave the bus says the same. */
        pause();
    }
}

int main(int argc, char **argv)
{
    CredexClient *client = NULL;

    EXPECT(OK, credex_client_new(&client, NULL));
    if (argc == 5 && strcmp(argv[1], "send") == 0)
        export_file(client, argv[2], argv[3], argv[4]);
    else if (argc == 3 && strcmp(argv[1], "send-file") == 0)
        send_file(client, argv[2]);
    else if (argc == 3 && strcmp(argv[1], "take") == 0)
        take(client, argv[2]);
    else if (argc == 2 && strcmp(argv[1], "give-up") == 0)
        leave(client, true);
    else if (argc == 2 && strcmp(argv[1], "leave") == 0)
        leave(client, false);
    else
        return 2;
    EXPECT(OK, credex_client_free(client, NULL));
    return wrong;
}
