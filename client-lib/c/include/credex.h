/**
 * Credex for C and C++: credentials go from one password manager to another, as the person says.
 *
 * See client-lib/c/README.md for how it is used, and client-lib/GUIDE.md for what an app needs besides.
 *
 * Every function returns a status. Where `error` is not NULL, it gets NULL, or a CredexError to free. What
 * is wrong with an argument is an error too: a handle that is NULL, was freed, or is one of something else.
 * That does not go for what is no handle: a string must be one, and bytes must be there.
 *
 * This file is generated from the library: do not edit it.
 */

#ifndef CREDEX_H
#define CREDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What became of a call. More may be added: treat an unknown one as a failure.
 */
typedef enum {
    /**
     * It was done.
     */
    CREDEX_STATUS_OK = 0,
    /**
     * An argument is NULL, no UTF-8, or out of range.
     */
    CREDEX_STATUS_BAD_ARGUMENT = 1,
    /**
     * A handle was freed already, is one of something else, or never was one.
     */
    CREDEX_STATUS_BAD_HANDLE = 2,
    /**
     * Only the thread that made the client may do this; after fork(), only the parent.
     */
    CREDEX_STATUS_WRONG_THREAD = 3,
    /**
     * Not now: it is not finished yet, was taken or reported already, or is being used.
     */
    CREDEX_STATUS_WRONG_STATE = 4,
    /**
     * The time was up. What was waited for goes on, unless it was a call that blocks.
     */
    CREDEX_STATUS_TIMED_OUT = 5,
    /**
     * The app cancelled the operation, or freed what it needs.
     */
    CREDEX_STATUS_CANCELLED = 6,
    /**
     * There is no session bus to talk to.
     */
    CREDEX_STATUS_NO_BUS = 7,
    /**
     * The bus name of the app belongs to another process.
     */
    CREDEX_STATUS_NAME_TAKEN = 8,
    /**
     * The service is not there, or left.
     */
    CREDEX_STATUS_SERVICE_STOPPED = 9,
    /**
     * The person said no; about a website, credex_error_reason() says whether that is for good.
     */
    CREDEX_STATUS_DECLINED = 10,
    /**
     * The service refused: credex_error_reason() says why.
     */
    CREDEX_STATUS_REFUSED = 11,
    /**
     * The exchange ended before it was completed: credex_error_reason() may say why.
     */
    CREDEX_STATUS_ENDED = 12,
    /**
     * The document is not valid CXF.
     */
    CREDEX_STATUS_BAD_DOCUMENT = 13,
    /**
     * The attachments do not go with the document or with the format, or the payload does not open.
     */
    CREDEX_STATUS_BAD_PAYLOAD = 14,
    /**
     * Something on the bus does not keep to the protocol, or is not the service.
     */
    CREDEX_STATUS_PROTOCOL = 15,
    /**
     * The operating system refused something.
     */
    CREDEX_STATUS_SYSTEM = 16,
    /**
     * A defect of this library.
     */
    CREDEX_STATUS_INTERNAL = 17,
} CredexStatus;

/**
 * How sure the service is who an app is, from the least to the most.
 */
typedef enum {
    /**
     * A claim.
     */
    CREDEX_ASSURANCE_UNVERIFIED = 0,
    /**
     * Its program belongs to the system: provenance, not proof.
     */
    CREDEX_ASSURANCE_INSTALLED = 1,
    /**
     * The service started it.
     */
    CREDEX_ASSURANCE_LAUNCHED = 2,
    /**
     * The kernel confines it, and its sandbox names it.
     */
    CREDEX_ASSURANCE_SANDBOXED = 3,
} CredexAssurance;

/**
 * What an operation is at.
 */
typedef enum {
    /**
     * The person is asked where credentials may go.
     */
    CREDEX_STEP_ASKING = 0,
    /**
     * What was let go is being sealed.
     */
    CREDEX_STEP_SEALING = 1,
    /**
     * It is sealed and on its way: the importer has yet to take it, and to report.
     */
    CREDEX_STEP_WAITING = 2,
    /**
     * What came is being opened.
     */
    CREDEX_STEP_OPENING = 3,
} CredexStep;

/**
 * What came of saving or deleting a password.
 */
typedef enum {
    /**
     * There was none, and now there is.
     */
    CREDEX_CHANGE_ADDED = 0,
    /**
     * There was another password.
     */
    CREDEX_CHANGE_UPDATED = 1,
    /**
     * This very password was saved already; nobody was asked.
     */
    CREDEX_CHANGE_UNCHANGED = 2,
    /**
     * There was one, and now there is none.
     */
    CREDEX_CHANGE_DELETED = 3,
    /**
     * There was none to delete; nobody was asked.
     */
    CREDEX_CHANGE_ABSENT = 4,
} CredexChange;

/**
 * How a new password is to look.
 */
typedef enum {
    /**
     * xxx-xxx-xxx-xxx.
     */
    CREDEX_PASSWORD_FORMAT_GROUPED = 0,
    /**
     * 20 characters in syllables.
     */
    CREDEX_PASSWORD_FORMAT_STRONG = 1,
    /**
     * As the website wants it, in the `passwordrules` language.
     */
    CREDEX_PASSWORD_FORMAT_RULES = 2,
} CredexPasswordFormat;

/**
 * Which credentials of a document are counted.
 */
typedef enum {
    /**
     * All of them: what an exporter declares.
     */
    CREDEX_COUNTED_PRESENT = 0,
    /**
     * Those that an importer can use.
     */
    CREDEX_COUNTED_USABLE = 1,
    /**
     * Those without fault that the format says to ignore.
     */
    CREDEX_COUNTED_IGNORED = 2,
} CredexCounted;

/**
 * What is foreseen of items.
 */
typedef enum {
    /**
     * They are new there.
     */
    CREDEX_FORESEEN_ADDED = 0,
    /**
     * They are there already.
     */
    CREDEX_FORESEEN_SAME = 1,
    /**
     * They say something else there, and stay there as they are.
     */
    CREDEX_FORESEEN_KEPT = 2,
    /**
     * They say something else there, and are replaced.
     */
    CREDEX_FORESEEN_REPLACED = 3,
    /**
     * They say something else there, and are added beside those.
     */
    CREDEX_FORESEEN_BOTH = 4,
    /**
     * Nothing of them can be kept there.
     */
    CREDEX_FORESEEN_DROPPED = 5,
    /**
     * Parts of the source that cannot be read.
     */
    CREDEX_FORESEEN_UNREADABLE = 6,
} CredexForeseen;

/**
 * What is lost.
 */
typedef enum {
    /**
     * A credential.
     */
    CREDEX_LOST_WHOLE = 0,
    /**
     * A part of a credential.
     */
    CREDEX_LOST_PART = 1,
    /**
     * A part of an item that is not of a credential: its title, tags, collections.
     */
    CREDEX_LOST_OF_ITEM = 2,
} CredexLost;

/**
 * Why something is lost.
 */
typedef enum {
    /**
     * There is no place for such a thing.
     */
    CREDEX_LOSS_REASON_NO_PLACE = 0,
    /**
     * It is larger or longer than what is taken there.
     */
    CREDEX_LOSS_REASON_TOO_LARGE = 1,
    /**
     * Nothing but passwords of websites is taken there.
     */
    CREDEX_LOSS_REASON_WEBSITES_ONLY = 2,
    /**
     * Another reason.
     */
    CREDEX_LOSS_REASON_OTHER = 3,
} CredexLossReason;

/**
 * A thread of the library, and everything that it works on. One is enough for an app.
 *
 * The thread that makes it is the one that gives it up and that callbacks are called on. Everything else
 * may be done on any thread.
 */
typedef struct CredexClient CredexClient;

/**
 * What the person decided. Free it with credex_decisions_free().
 */
typedef struct CredexDecisions CredexDecisions;

/**
 * What was found of an app and a website. Free it with credex_domain_report_free().
 */
typedef struct CredexDomainReport CredexDomainReport;

/**
 * Why a call came to nothing. Never contains a secret. Free it with credex_error_free().
 */
typedef struct CredexError CredexError;

/**
 * An app that can send credentials to others, with a connection of its own to the bus. It may export
 * several times at once. Free it with credex_exporter_free(); what is under way goes on.
 */
typedef struct CredexExporter CredexExporter;

/**
 * A new password, which is saved nowhere. Free it with credex_generated_free(), which wipes it.
 */
typedef struct CredexGenerated CredexGenerated;

/**
 * The person's consent to one exchange. Free it with credex_grant_free(): without a payload, that calls the
 * exchange off.
 */
typedef struct CredexGrant CredexGrant;

/**
 * Credentials to import. Free it with credex_import_free(): without a report, that tells the exporter that
 * nothing came of them.
 */
typedef struct CredexImport CredexImport;

/**
 * An app that credentials can be sent to, as long as it is not freed, with a connection of its own to the
 * bus. It acknowledges offers by itself. Free it with credex_importer_free().
 */
typedef struct CredexImporter CredexImporter;

/**
 * What an importing app says of itself. Free it with credex_importer_options_free().
 */
typedef struct CredexImporterOptions CredexImporterOptions;

/**
 * An offer of credentials. Free it with credex_offer_free(): one that was not redeemed is declined by that.
 */
typedef struct CredexOffer CredexOffer;

/**
 * Something under way. Several may be at once. Whoever has it frees it; as long as it is not finished,
 * that calls it off.
 */
typedef struct CredexOperation CredexOperation;

/**
 * A document and its attachments. It can be sent several times. Free it with credex_payload_free(), which
 * wipes it once nothing that is under way needs it any more.
 */
typedef struct CredexPayload CredexPayload;

/**
 * Credentials that come piece by piece. Free it with credex_pieces_free(): without a report, that tells the
 * exporter that nothing came of them.
 */
typedef struct CredexPieces CredexPieces;

/**
 * What will become of the items at one importer, for the person to read where they agree. Only for an app
 * that knows what is there. It holds numbers and nothing else, and is shown as the app's word. Free it with
 * credex_plan_free().
 */
typedef struct CredexPlan CredexPlan;

/**
 * The importer's report to the exporter. Free it with credex_receipt_free().
 */
typedef struct CredexReceipt CredexReceipt;

/**
 * What is in a document, and what is wrong with it. Speaks of places and kinds, never of values. Free it with
 * credex_report_free().
 */
typedef struct CredexReport CredexReport;

/**
 * What the person is asked, and where. It can be used for several exports. Free it with
 * credex_request_free().
 */
typedef struct CredexRequest CredexRequest;

/**
 * An app that shares passwords with its websites, with a connection of its own to the bus. The app declares
 * them in its desktop entry, each website names the app, and the person is asked. Free it with
 * credex_web_free(); what is under way goes on.
 */
typedef struct CredexWeb CredexWeb;

/**
 * One saved password, and what it is for. Free it with credex_web_credential_free(), which wipes it.
 */
typedef struct CredexWebCredential CredexWebCredential;

/**
 * Called by credex_client_dispatch() once an operation is finished, was cancelled, or failed: ask
 * `operation` what came of it, and free it. Or, by credex_operation_watch(), while it is under way.
 * Nothing may be thrown or jumped out of it.
 */
typedef void (*CredexCallback)(CredexOperation *operation, void *data);

/**
 * The app on the other side, as the service established it. Its names may be hostile text: show them as
 * text, and never alone. They belong to the offer or import that was asked.
 */
typedef struct {
    /**
     * Desktop-entry ID; empty where there is none.
     */
    const char *id;
    /**
     * Display name; empty where there is none.
     */
    const char *name;
    /**
     * How sure the service is that it is this app.
     */
    CredexAssurance assurance;
    /**
     * Which exporting provider of the app, or NULL.
     */
    const char *provider;
    /**
     * Where it was installed from, for instance "flatpak-system", or NULL.
     */
    const char *origin;
    /**
     * A warning of the service about what it says of itself, or NULL. May quote hostile text.
     */
    const char *conflict;
} CredexApp;

/**
 * Bytes of the library. They are wiped when what they belong to is freed, those of an import also when it is
 * reported, and are not there any more.
 */
typedef struct {
    /**
     * The first of them.
     */
    const uint8_t *bytes;
    /**
     * How many they are.
     */
    size_t len;
} CredexBytes;

/**
 * How many credentials of a type. The name belongs to what was asked.
 */
typedef struct {
    /**
     * The credential type, for instance "basic-auth".
     */
    const char *type_name;
    /**
     * How many.
     */
    uint32_t number;
} CredexCount;

/**
 * What became of the credentials of a type.
 */
typedef struct {
    /**
     * The credential type, for instance "basic-auth".
     */
    const char *type_name;
    /**
     * Taken over.
     */
    uint32_t succeeded;
    /**
     * Not taken over, because something was wrong with them.
     */
    uint32_t failed;
    /**
     * Not taken over, because the importer has no use for them.
     */
    uint32_t ignored;
} CredexTally;

/**
 * Some bytes, at most 64 KiB. They are wiped by the next call of credex_pieces_next(), and when the pieces
 * are freed.
 */
typedef struct {
    /**
     * What they belong to: NULL for the document, or the id of a `file` credential, which comes from
     * somebody else, and is no file name.
     */
    const char *id;
    /**
     * The first of them; NULL at the end.
     */
    const uint8_t *bytes;
    /**
     * How many they are. The first piece of each part has none.
     */
    size_t len;
} CredexPiece;

/**
 * How far an operation is.
 */
typedef struct {
    /**
     * What it is at.
     */
    CredexStep step;
    /**
     * How many bytes were sealed or opened.
     */
    uint64_t done;
    /**
     * How many they are in all; 0 as long as that is not known.
     */
    uint64_t total;
} CredexProgress;

/**
 * One decision. Its texts live as long as all of them.
 */
typedef struct {
    /**
     * The app.
     */
    const char *app_id;
    /**
     * Its domain.
     */
    const char *domain;
    /**
     * "never": they are not asked any more. More words may come.
     */
    const char *decided;
    /**
     * When: seconds since 1970.
     */
    int64_t at;
} CredexDecision;

/**
 * What was found in one stage. Texts may quote hostile text: show them as text. They live as long as the
 * report.
 */
typedef struct {
    /**
     * "declaration", "decision" or "association".
     */
    const char *stage;
    /**
     * Whether it stands in nobody's way.
     */
    bool passed;
    /**
     * What was found.
     */
    const char *message;
    /**
     * What to change, or NULL.
     */
    const char *advice;
    /**
     * The file that was looked for, or NULL.
     */
    const char *url;
    /**
     * The HTTP status, or 0.
     */
    uint32_t http_status;
    /**
     * Whose certificate was shown, and until when it holds, or NULL.
     */
    const char *certificate;
    /**
     * "network", "cache" or "stale", or NULL.
     */
    const char *source;
    /**
     * Seconds since it was fetched, or -1.
     */
    int64_t age;
} CredexFound;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Starts a client. It connects to nothing yet.
 */
CredexStatus credex_client_new(CredexClient **client, CredexError **error);

/**
 * A file descriptor that is readable while callbacks are due: for poll(), g_unix_fd_add() or
 * QSocketNotifier. Do not read or close it. -1 for what is no client.
 */
int32_t credex_client_fd(const CredexClient *client);

/**
 * Calls the callbacks that are due, on this thread, and returns. `called` gets how many they were, and may
 * be NULL.
 */
CredexStatus credex_client_dispatch(const CredexClient *client, uint32_t *called, CredexError **error);

/**
 * Leaves the bus and ends the thread. Everything that the client does is called off, no callback is called
 * any more, and every handle that came from it is freed, with passwords wiped; only errors, receipts,
 * reports, decisions, payloads, requests and plans stay. NULL is nothing to free.
 */
CredexStatus credex_client_free(CredexClient *client, CredexError **error);

/**
 * The version of the library, for instance "0.1.0".
 */
const char *credex_version(void);

/**
 * The status that the call returned; `CREDEX_STATUS_BAD_HANDLE` for what is no error.
 */
CredexStatus credex_error_status(const CredexError *error);

/**
 * What was wrong, where, and what to do: a text for people, which lives as long as the error. Never NULL.
 */
const char *credex_error_message(const CredexError *error);

/**
 * The reason in the error table of the protocol, for instance "NoReceipt", where the service gave one;
 * otherwise NULL. It lives as long as the error.
 */
const char *credex_error_reason(const CredexError *error);

/**
 * Whether the importer had the payload when the exchange ended: then the person should be told that what
 * was exported may be in that app.
 */
bool credex_error_handed_over(const CredexError *error);

/**
 * For a call about a website, the stage in which it ended: "identity", "policy", "declaration", "decision",
 * "association", "store" or "consent"; otherwise NULL. It lives as long as the error.
 */
const char *credex_error_stage(const CredexError *error);

/**
 * The file of the website that could not be had; otherwise NULL. It lives as long as the error.
 */
const char *credex_error_url(const CredexError *error);

/**
 * The HTTP status that came instead of that file; 0 where none came.
 */
uint32_t credex_error_http_status(const CredexError *error);

/**
 * Frees an error. NULL is nothing to free.
 */
CredexStatus credex_error_free(CredexError *error);

/**
 * Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL. `app_id` is the app's
 * desktop-entry ID. The operation's result is a CredexExporter.
 *
 * Only if:
 * `app_id` is a string, and so is `bus` unless it is NULL.
 */
CredexStatus credex_exporter_connect(const CredexClient *client,
                                     const char *app_id,
                                     const char *bus,
                                     CredexCallback callback,
                                     void *data,
                                     CredexOperation **operation,
                                     CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_exporter_connect().
 */
CredexStatus credex_exporter_connect_blocking(const CredexClient *client,
                                              const char *app_id,
                                              const char *bus,
                                              int32_t timeout_ms,
                                              CredexExporter **exporter,
                                              CredexError **error);

/**
 * Takes the result of credex_exporter_connect().
 */
CredexStatus credex_operation_take_exporter(const CredexOperation *operation,
                                            CredexExporter **exporter,
                                            CredexError **error);

/**
 * Does a whole exchange: asks the person, sends what was let go, and waits until the importer has
 * reported. `request` may be NULL; if it declares nothing, what is in the document is declared. The
 * operation's result is a CredexReceipt.
 */
CredexStatus credex_exporter_export(const CredexExporter *exporter,
                                    const CredexRequest *request,
                                    const CredexPayload *payload,
                                    CredexCallback callback,
                                    void *data,
                                    CredexOperation **operation,
                                    CredexError **error);

/**
 * Does the same, and waits for it. A person may take minutes; when the time is up, the exchange is called
 * off.
 */
CredexStatus credex_exporter_export_blocking(const CredexExporter *exporter,
                                             const CredexRequest *request,
                                             const CredexPayload *payload,
                                             int32_t timeout_ms,
                                             CredexReceipt **receipt,
                                             CredexError **error);

/**
 * Asks the person to whom credentials may go, and which, so that the app reads its vault only then. The
 * operation's result is a CredexGrant.
 */
CredexStatus credex_exporter_request(const CredexExporter *exporter,
                                     const CredexRequest *request,
                                     CredexCallback callback,
                                     void *data,
                                     CredexOperation **operation,
                                     CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the question is taken back.
 */
CredexStatus credex_exporter_request_blocking(const CredexExporter *exporter,
                                              const CredexRequest *request,
                                              int32_t timeout_ms,
                                              CredexGrant **grant,
                                              CredexError **error);

/**
 * Frees an exporter. NULL is nothing to free.
 */
CredexStatus credex_exporter_free(CredexExporter *exporter);

/**
 * Takes the result of credex_exporter_request().
 */
CredexStatus credex_operation_take_grant(const CredexOperation *operation,
                                         CredexGrant **grant,
                                         CredexError **error);

/**
 * The version of the Credential Exchange Format to write; NULL for what is no grant. It lives as long as
 * the grant.
 */
const char *credex_grant_format_version(const CredexGrant *grant);

/**
 * The credential types that the person lets go, from 0 on; NULL behind the last. It lives as long as the
 * grant.
 */
const char *credex_grant_type(const CredexGrant *grant, size_t index);

/**
 * The desktop-entry ID of the app that the person chose, where the administrator lets exporters learn it;
 * otherwise NULL. It lives as long as the grant.
 */
const char *credex_grant_importer(const CredexGrant *grant);

/**
 * Leaves out what the person did not let go, sends the rest, and waits until the importer has reported. The
 * operation's result is a CredexReceipt.
 */
CredexStatus credex_grant_send(const CredexGrant *grant,
                               const CredexPayload *payload,
                               CredexCallback callback,
                               void *data,
                               CredexOperation **operation,
                               CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the exchange is called off once the grant is freed.
 */
CredexStatus credex_grant_send_blocking(const CredexGrant *grant,
                                        const CredexPayload *payload,
                                        int32_t timeout_ms,
                                        CredexReceipt **receipt,
                                        CredexError **error);

/**
 * Sends the bytes that a regular file or a memfd has now, from its start, as the document, and waits until the
 * importer has reported. They are read while they are sealed, and nothing is checked or left out: they may be
 * anything that both apps understand. The person was told what the request declares. `fd` may be closed
 * afterwards. The operation's result is a CredexReceipt.
 */
CredexStatus credex_grant_send_fd(const CredexGrant *grant,
                                  int32_t fd,
                                  CredexCallback callback,
                                  void *data,
                                  CredexOperation **operation,
                                  CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the exchange is called off once the grant is freed.
 */
CredexStatus credex_grant_send_fd_blocking(const CredexGrant *grant,
                                           int32_t fd,
                                           int32_t timeout_ms,
                                           CredexReceipt **receipt,
                                           CredexError **error);

/**
 * Frees a grant. NULL is nothing to free.
 */
CredexStatus credex_grant_free(CredexGrant *grant);

/**
 * Takes the result of credex_offer_redeem().
 */
CredexStatus credex_operation_take_import(const CredexOperation *operation,
                                          CredexImport **import,
                                          CredexError **error);

/**
 * Who exported. What `exporter` points to lives as long as the import.
 */
CredexStatus credex_import_exporter(const CredexImport *import, CredexApp *exporter, CredexError **error);

/**
 * The CXF document, byte for byte as it was exported. No zero byte follows it.
 */
CredexStatus credex_import_document(const CredexImport *import, CredexBytes *document, CredexError **error);

/**
 * How many attachments came; 0 for what is no import.
 */
size_t credex_import_attachments(const CredexImport *import);

/**
 * An attachment, from 0 on: the id of its `file` credential, which lives as long as the import, and its
 * bytes. An id comes from somebody else, and is no file name. Each may be NULL.
 */
CredexStatus credex_import_attachment(const CredexImport *import,
                                      size_t index,
                                      const char **id,
                                      CredexBytes *bytes,
                                      CredexError **error);

/**
 * How many types with usable credentials came; 0 for what is no import.
 */
size_t credex_import_types(const CredexImport *import);

/**
 * How many usable credentials of a type came, from 0 on. The name lives as long as the import.
 */
CredexStatus credex_import_type(const CredexImport *import,
                                size_t index,
                                CredexCount *count,
                                CredexError **error);

/**
 * The version of the Credential Exchange Format in which the document is; NULL for what is no import. It lives as
 * long as the import.
 */
const char *credex_import_format_version(const CredexImport *import);

/**
 * A sentence for each difference between what arrived and what was declared and let go, from 0 on; NULL behind
 * the last. It lives as long as the import.
 */
const char *credex_import_discrepancy(const CredexImport *import,
                                      size_t index);

/**
 * All that was found when the document was read through: also what is there and cannot be used. A copy of its
 * own.
 */
CredexStatus credex_import_report(const CredexImport *import, CredexReport **report, CredexError **error);

/**
 * Which parts of the document should be left out, and why, from 0 on; NULL behind the last. No secrets are
 * in it. It lives as long as the import.
 */
const char *credex_import_problem(const CredexImport *import, size_t index);

/**
 * Which attachments are not what the document says of them, from 0 on; NULL behind the last. The first
 * question hashes them all. It lives as long as the import.
 */
const char *credex_import_attachment_problem(const CredexImport *import, size_t index);

/**
 * Reports what became of each credential type, and ends the exchange. The document and the attachments are
 * wiped at once. Ends with credex_operation_finish().
 *
 * Only if:
 * There are `number` tallies at `tallies`, and their names are strings.
 */
CredexStatus credex_import_complete(const CredexImport *import,
                                    const CredexTally *tallies,
                                    size_t number,
                                    CredexCallback callback,
                                    void *data,
                                    CredexOperation **operation,
                                    CredexError **error);

/**
 * Does the same, and waits for it.
 *
 * Only if:
 * As credex_import_complete().
 */
CredexStatus credex_import_complete_blocking(const CredexImport *import,
                                             const CredexTally *tallies,
                                             size_t number,
                                             int32_t timeout_ms,
                                             CredexError **error);

/**
 * Reports that everything was taken over that is usable, and what was wrong with the rest, and ends the
 * exchange. The document and the attachments are wiped at once. Ends with credex_operation_finish().
 */
CredexStatus credex_import_complete_all(const CredexImport *import,
                                        CredexCallback callback,
                                        void *data,
                                        CredexOperation **operation,
                                        CredexError **error);

/**
 * Does the same, and waits for it.
 */
CredexStatus credex_import_complete_all_blocking(const CredexImport *import,
                                                 int32_t timeout_ms,
                                                 CredexError **error);

/**
 * Reports that nothing could be made of the payload; `reason` is a sentence for the person, cut at 256
 * bytes. The document and the attachments are wiped at once. Ends with credex_operation_finish().
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_import_reject(const CredexImport *import,
                                  const char *reason,
                                  CredexCallback callback,
                                  void *data,
                                  CredexOperation **operation,
                                  CredexError **error);

/**
 * Does the same, and waits for it.
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_import_reject_blocking(const CredexImport *import,
                                           const char *reason,
                                           int32_t timeout_ms,
                                           CredexError **error);

/**
 * Wipes and frees an import. NULL is nothing to free.
 */
CredexStatus credex_import_free(CredexImport *import);

/**
 * Begins to describe the app whose desktop-entry ID is `app_id`. It takes every type, unless types are
 * added.
 *
 * Only if:
 * `app_id` is a string.
 */
CredexStatus credex_importer_options_new(const char *app_id,
                                         CredexImporterOptions **options,
                                         CredexError **error);

/**
 * The name to show to the person, where no desktop entry gives one.
 *
 * Only if:
 * `name` is a string.
 */
CredexStatus credex_importer_options_set_name(const CredexImporterOptions *options,
                                              const char *name,
                                              CredexError **error);

/**
 * Adds a credential type that the app takes, for instance "basic-auth".
 *
 * Only if:
 * `type_name` is a string.
 */
CredexStatus credex_importer_options_add_type(const CredexImporterOptions *options,
                                              const char *type_name,
                                              CredexError **error);

/**
 * Adds a version of the Credential Exchange Format that the app can read, for instance "1.0"; only 1.0 if none is
 * added.
 *
 * Only if:
 * `version` is a string.
 */
CredexStatus credex_importer_options_add_format_version(const CredexImporterOptions *options,
                                                        const char *version,
                                                        CredexError **error);

/**
 * Whether to own `app_id` as a name on the bus, for an app that D-Bus activates, instead of announcing
 * itself.
 */
CredexStatus credex_importer_options_set_own_name(const CredexImporterOptions *options,
                                                  bool own_name,
                                                  CredexError **error);

/**
 * The largest payload to accept, in bytes once it is opened; 1 GiB and 64 MiB if not said.
 */
CredexStatus credex_importer_options_set_limit(const CredexImporterOptions *options,
                                               uint64_t bytes,
                                               CredexError **error);

/**
 * Frees options. NULL is nothing to free.
 */
CredexStatus credex_importer_options_free(CredexImporterOptions *options);

/**
 * Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL, and is there for
 * offers from then on. The operation's result is a CredexImporter.
 *
 * Only if:
 * `bus` is a string, or NULL.
 */
CredexStatus credex_importer_connect(const CredexClient *client,
                                     const CredexImporterOptions *options,
                                     const char *bus,
                                     CredexCallback callback,
                                     void *data,
                                     CredexOperation **operation,
                                     CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_importer_connect().
 */
CredexStatus credex_importer_connect_blocking(const CredexClient *client,
                                              const CredexImporterOptions *options,
                                              const char *bus,
                                              int32_t timeout_ms,
                                              CredexImporter **importer,
                                              CredexError **error);

/**
 * Takes the result of credex_importer_connect().
 */
CredexStatus credex_operation_take_importer(const CredexOperation *operation,
                                            CredexImporter **importer,
                                            CredexError **error);

/**
 * Its unique name on the bus, by which a plan can name it; NULL for what is no importer. It lives as long as the
 * importer.
 */
const char *credex_importer_unique_name(const CredexImporter *importer);

/**
 * Waits for the next offer that is still open. The operation's result is a CredexOffer.
 */
CredexStatus credex_importer_next_offer(const CredexImporter *importer,
                                        CredexCallback callback,
                                        void *data,
                                        CredexOperation **operation,
                                        CredexError **error);

/**
 * Does the same, and waits for it. What comes after the time is up waits for the next call.
 */
CredexStatus credex_importer_next_offer_blocking(const CredexImporter *importer,
                                                 int32_t timeout_ms,
                                                 CredexOffer **offer,
                                                 CredexError **error);

/**
 * Leaves the bus: nobody can send to the app any more. What waits for an offer fails with
 * `CREDEX_STATUS_CANCELLED`; offers and imports that are there stay. NULL is nothing to free.
 */
CredexStatus credex_importer_free(CredexImporter *importer);

/**
 * Takes the result of credex_importer_next_offer().
 */
CredexStatus credex_operation_take_offer(const CredexOperation *operation,
                                         CredexOffer **offer,
                                         CredexError **error);

/**
 * Who exports. What `exporter` points to lives as long as the offer.
 */
CredexStatus credex_offer_exporter(const CredexOffer *offer, CredexApp *exporter, CredexError **error);

/**
 * How many types are offered; 0 for what is no offer.
 */
size_t credex_offer_types(const CredexOffer *offer);

/**
 * How many credentials of a type are offered, from 0 on. The name lives as long as the offer.
 */
CredexStatus credex_offer_type(const CredexOffer *offer,
                               size_t index,
                               CredexCount *count,
                               CredexError **error);

/**
 * How many seconds the offer still lasts; 0 if it is over.
 */
uint32_t credex_offer_expires_in(const CredexOffer *offer);

/**
 * An XDG activation token, with which the app may raise its window; NULL where there is none. It lives as
 * long as the offer.
 */
const char *credex_offer_activation_token(const CredexOffer *offer);

/**
 * The window of the exporter, written as for credex_request_set_parent_window(); NULL where there is none.
 * It lives as long as the offer.
 */
const char *credex_offer_parent_window(const CredexOffer *offer);

/**
 * The credential types that the person lets go, from 0 on; NULL behind the last. It lives as long as the offer.
 */
const char *credex_offer_granted_type(const CredexOffer *offer,
                                      size_t index);

/**
 * The version of the Credential Exchange Format in which they come; NULL for what is no offer. It lives as long as
 * the offer.
 */
const char *credex_offer_format_version(const CredexOffer *offer);

/**
 * Waits until somebody else has ended the offer, so that the app takes back what it asks the person meanwhile, as
 * for a master password. Other calls may be made of the offer at the same time. The operation never succeeds: it
 * fails with why the offer ended, and with `CREDEX_STATUS_CANCELLED` once the app has redeemed, declined or freed
 * it.
 */
CredexStatus credex_offer_withdrawn(const CredexOffer *offer,
                                    CredexCallback callback,
                                    void *data,
                                    CredexOperation **operation,
                                    CredexError **error);

/**
 * Does the same, and waits for it: `CREDEX_STATUS_TIMED_OUT` if the offer is still open then, which with 0
 * milliseconds is a question.
 */
CredexStatus credex_offer_withdrawn_blocking(const CredexOffer *offer,
                                             int32_t timeout_ms,
                                             CredexError **error);

/**
 * Asks for the offer to last `seconds` from now, while the person unlocks the app; it never lasts longer
 * than 30 minutes in all. Ends with credex_operation_finish().
 */
CredexStatus credex_offer_extend(const CredexOffer *offer,
                                 uint32_t seconds,
                                 CredexCallback callback,
                                 void *data,
                                 CredexOperation **operation,
                                 CredexError **error);

/**
 * Does the same, and waits for it.
 */
CredexStatus credex_offer_extend_blocking(const CredexOffer *offer,
                                          uint32_t seconds,
                                          int32_t timeout_ms,
                                          CredexError **error);

/**
 * Redeems the offer, opens the payload, and reads the document through. Without success the offer is
 * declined, and the exporter is told why; a second attempt there is not. The operation's result is a
 * CredexImport.
 */
CredexStatus credex_offer_redeem(const CredexOffer *offer,
                                 CredexCallback callback,
                                 void *data,
                                 CredexOperation **operation,
                                 CredexError **error);

/**
 * Does the same, and waits for it.
 */
CredexStatus credex_offer_redeem_blocking(const CredexOffer *offer,
                                          int32_t timeout_ms,
                                          CredexImport **import,
                                          CredexError **error);

/**
 * Redeems the offer, and opens the payload piece by piece, with two pieces in memory; the document is not read
 * through. Without success the offer is declined, and the exporter is told why. The operation's result is a
 * CredexPieces, as soon as something has come.
 */
CredexStatus credex_offer_redeem_pieces(const CredexOffer *offer,
                                        CredexCallback callback,
                                        void *data,
                                        CredexOperation **operation,
                                        CredexError **error);

/**
 * Does the same, and waits for it.
 */
CredexStatus credex_offer_redeem_pieces_blocking(const CredexOffer *offer,
                                                 int32_t timeout_ms,
                                                 CredexPieces **pieces,
                                                 CredexError **error);

/**
 * Refuses the offer; `reason` is a sentence for the person, cut at 256 bytes. Ends with
 * credex_operation_finish().
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_offer_decline(const CredexOffer *offer,
                                  const char *reason,
                                  CredexCallback callback,
                                  void *data,
                                  CredexOperation **operation,
                                  CredexError **error);

/**
 * Does the same, and waits for it.
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_offer_decline_blocking(const CredexOffer *offer,
                                           const char *reason,
                                           int32_t timeout_ms,
                                           CredexError **error);

/**
 * Frees an offer. NULL is nothing to free.
 */
CredexStatus credex_offer_free(CredexOffer *offer);

/**
 * Waits until an operation is finished, for at most `timeout_ms` milliseconds, or for ever if that is
 * negative. Any thread may. A callback is called later all the same.
 *
 * Returns `CREDEX_STATUS_TIMED_OUT` if it goes on, and otherwise what it came to; its result is still to
 * be taken.
 */
CredexStatus credex_operation_wait(const CredexOperation *operation, int32_t timeout_ms, CredexError **error);

/**
 * Takes the end of an operation that has no result: `CREDEX_STATUS_OK` if it was done.
 */
CredexStatus credex_operation_finish(const CredexOperation *operation, CredexError **error);

/**
 * Calls an operation off: it fails with `CREDEX_STATUS_CANCELLED`, unless it is finished already. The
 * other side is told.
 */
CredexStatus credex_operation_cancel(const CredexOperation *operation, CredexError **error);

/**
 * Frees an operation, and its result if nobody took it. One that is not finished is called off, and its
 * callback is not called. NULL is nothing to free.
 */
CredexStatus credex_operation_free(CredexOperation *operation);

/**
 * Makes a payload with a copy of a CXF document. Wipe yours once you need it no more.
 *
 * Only if:
 * There are `len` bytes at `document`.
 */
CredexStatus credex_payload_new(const uint8_t *document,
                                size_t len,
                                CredexPayload **payload,
                                CredexError **error);

/**
 * Adds a copy of the bytes of the `file` credential with this id.
 *
 * Only if:
 * `id` is a string, and there are `len` bytes at `bytes`.
 */
CredexStatus credex_payload_add_attachment(const CredexPayload *payload,
                                           const char *id,
                                           const uint8_t *bytes,
                                           size_t len,
                                           CredexError **error);

/**
 * Adds the bytes of the `file` credential with this id, without copying them: those that a regular file or a
 * memfd has now, from its start, which are read while they are sealed. `fd` may be closed afterwards; where
 * it is read does not change.
 *
 * Only if:
 * `id` is a string.
 */
CredexStatus credex_payload_add_attachment_fd(const CredexPayload *payload,
                                              const char *id,
                                              int32_t fd,
                                              CredexError **error);

/**
 * Frees a payload. NULL is nothing to free.
 */
CredexStatus credex_payload_free(CredexPayload *payload);

/**
 * Takes the result of credex_offer_redeem_pieces().
 */
CredexStatus credex_operation_take_pieces(const CredexOperation *operation,
                                          CredexPieces **pieces,
                                          CredexError **error);

/**
 * The next piece: first of the document, then of each attachment; at the end `bytes` is NULL. It waits for no
 * person, and no longer than a piece takes to open. Every piece is as it was sealed; that they are all there
 * is only known at the end, and nothing should be taken over for good before.
 */
CredexStatus credex_pieces_next(const CredexPieces *pieces, CredexPiece *piece, CredexError **error);

/**
 * Reports what became of each credential type, and ends the exchange; only at the end of the pieces. Ends
 * with credex_operation_finish().
 *
 * Only if:
 * There are `number` tallies at `tallies`, and their names are strings.
 */
CredexStatus credex_pieces_complete(const CredexPieces *pieces,
                                    const CredexTally *tallies,
                                    size_t number,
                                    CredexCallback callback,
                                    void *data,
                                    CredexOperation **operation,
                                    CredexError **error);

/**
 * Does the same, and waits for it.
 *
 * Only if:
 * As credex_pieces_complete().
 */
CredexStatus credex_pieces_complete_blocking(const CredexPieces *pieces,
                                             const CredexTally *tallies,
                                             size_t number,
                                             int32_t timeout_ms,
                                             CredexError **error);

/**
 * Reports that nothing could be made of the payload; `reason` is a sentence for the person, cut at 256
 * bytes. Only at the end of the pieces: before that, free them. Ends with credex_operation_finish().
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_pieces_reject(const CredexPieces *pieces,
                                  const char *reason,
                                  CredexCallback callback,
                                  void *data,
                                  CredexOperation **operation,
                                  CredexError **error);

/**
 * Does the same, and waits for it.
 *
 * Only if:
 * `reason` is a string.
 */
CredexStatus credex_pieces_reject_blocking(const CredexPieces *pieces,
                                           const char *reason,
                                           int32_t timeout_ms,
                                           CredexError **error);

/**
 * Wipes and frees the pieces. NULL is nothing to free.
 */
CredexStatus credex_pieces_free(CredexPieces *pieces);

/**
 * Begins a plan in which nothing is foreseen. `importer` is the desktop-entry ID of an app that is installed,
 * or the unique name of one that announced itself: of one in this process, credex_importer_unique_name().
 * Where the person can choose nobody of that name, the plan is left out.
 *
 * Only if:
 * `importer` is a string.
 */
CredexStatus credex_plan_new(const char *importer, CredexPlan **plan, CredexError **error);

/**
 * Adds `number` items of which this is foreseen; `foreseen` is a CredexForeseen.
 */
CredexStatus credex_plan_add(const CredexPlan *plan, int32_t foreseen, uint32_t number, CredexError **error);

/**
 * Adds `number` that are lost; `lost` is a CredexLost, and `reason` a CredexLossReason. `type_name` is the
 * credential type, for instance "passkey", and NULL with `CREDEX_LOST_OF_ITEM`. An export is refused whose
 * plan loses more of a type than its request declares.
 *
 * Only if:
 * `type_name` is a string, or NULL.
 */
CredexStatus credex_plan_add_loss(const CredexPlan *plan,
                                  int32_t lost,
                                  const char *type_name,
                                  int32_t reason,
                                  uint32_t number,
                                  CredexError **error);

/**
 * Frees a plan. NULL is nothing to free.
 */
CredexStatus credex_plan_free(CredexPlan *plan);

/**
 * How far an operation is, or came: those of credex_exporter_export(), credex_grant_send() and
 * credex_offer_redeem() know, and those of credex_grant_send_fd() without the bytes. Any thread may ask.
 */
CredexStatus credex_operation_progress(const CredexOperation *operation,
                                       CredexProgress *progress,
                                       CredexError **error);

/**
 * Has credex_client_dispatch() call `callback` with `data` soon, and again whenever the operation has come
 * further, until it is finished: then ask credex_operation_progress(). Between two dispatches much may
 * happen, and is one call. A later watcher takes the place of an earlier one; NULL is none.
 */
CredexStatus credex_operation_watch(const CredexOperation *operation,
                                    CredexCallback callback,
                                    void *data,
                                    CredexError **error);

/**
 * Takes the receipt with which an export ended.
 */
CredexStatus credex_operation_take_receipt(const CredexOperation *operation,
                                           CredexReceipt **receipt,
                                           CredexError **error);

/**
 * How many types there are; 0 for what is no receipt.
 */
size_t credex_receipt_types(const CredexReceipt *receipt);

/**
 * What became of a type, from 0 on. The name lives as long as the receipt.
 */
CredexStatus credex_receipt_type(const CredexReceipt *receipt,
                                 size_t index,
                                 CredexTally *tally,
                                 CredexError **error);

/**
 * What became of all types together; its `type_name` is "".
 */
CredexStatus credex_receipt_total(const CredexReceipt *receipt, CredexTally *tally, CredexError **error);

/**
 * A sentence for each difference between what arrived and what was declared and let go, from 0 on; NULL
 * behind the last. It lives as long as the receipt.
 */
const char *credex_receipt_discrepancy(const CredexReceipt *receipt, size_t index);

/**
 * Frees a receipt. NULL is nothing to free.
 */
CredexStatus credex_receipt_free(CredexReceipt *receipt);

/**
 * Reads a document through, without sending it: fails with `CREDEX_STATUS_BAD_DOCUMENT` if nobody could
 * import it.
 *
 * Only if:
 * There are `len` bytes at `document`.
 */
CredexStatus credex_report_new(const uint8_t *document,
                               size_t len,
                               CredexReport **report,
                               CredexError **error);

/**
 * How many credentials of a type there are, from 0 on; `counted` is a CredexCounted, and says which. Beyond the
 * last type it is `CREDEX_STATUS_BAD_ARGUMENT`. The name lives as long as the report.
 */
CredexStatus credex_report_type(const CredexReport *report,
                                int32_t counted,
                                size_t index,
                                CredexCount *count,
                                CredexError **error);

/**
 * A part of the document that an importer should leave out, and why, from 0 on; NULL behind the last, which is
 * the 1000th at most. No secrets are in it. It lives as long as the report.
 */
const char *credex_report_problem(const CredexReport *report,
                                  size_t index);

/**
 * How many such parts there are in all; 0 for what is no report.
 */
uint64_t credex_report_problems(const CredexReport *report);

/**
 * Frees a report. NULL is nothing to free.
 */
CredexStatus credex_report_free(CredexReport *report);

/**
 * Makes a request that declares nothing.
 */
CredexStatus credex_request_new(CredexRequest **request, CredexError **error);

/**
 * Declares `number` more credentials of a type, for the person to see and choose from. Count all, also
 * those that you think nobody can use: what is not declared is not sent.
 *
 * Only if:
 * `type_name` is a string.
 */
CredexStatus credex_request_declare(const CredexRequest *request,
                                    const char *type_name,
                                    uint32_t number,
                                    CredexError **error);

/**
 * Declares what is in a document, which is read through.
 *
 * Only if:
 * There are `len` bytes at `document`.
 */
CredexStatus credex_request_declare_document(const CredexRequest *request,
                                             const uint8_t *document,
                                             size_t len,
                                             CredexError **error);

/**
 * Says where to place the chooser: "x11:" and the window's XID in hexadecimal, "wayland:" and a handle of
 * xdg-foreign, or "tty:" and the terminal to ask in, for instance "tty:/dev/pts/3".
 *
 * Only if:
 * `window` is a string.
 */
CredexStatus credex_request_set_parent_window(const CredexRequest *request,
                                              const char *window,
                                              CredexError **error);

/**
 * Gives an XDG activation token, so that the chooser may come to the front.
 *
 * Only if:
 * `token` is a string.
 */
CredexStatus credex_request_set_activation_token(const CredexRequest *request,
                                                 const char *token,
                                                 CredexError **error);

/**
 * Says which exporting provider of the app this is; needed if its desktop entry lists several.
 *
 * Only if:
 * `provider` is a string.
 */
CredexStatus credex_request_set_provider(const CredexRequest *request,
                                         const char *provider,
                                         CredexError **error);

/**
 * Adds a version of the Credential Exchange Format that the app can write, for instance "1.0", the best first;
 * only 1.0 if none is added. credex_grant_format_version() tells which it is to be.
 *
 * Only if:
 * `version` is a string.
 */
CredexStatus credex_request_add_format_version(const CredexRequest *request,
                                               const char *version,
                                               CredexError **error);

/**
 * Says what will become of the credentials at one importer, which the person is told where they agree to send
 * there. The plan is copied as it is now.
 */
CredexStatus credex_request_set_plan(const CredexRequest *request,
                                     const CredexPlan *plan,
                                     CredexError **error);

/**
 * Frees a request. NULL is nothing to free.
 */
CredexStatus credex_request_free(CredexRequest *request);

/**
 * Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL. `app_id` is the app's
 * desktop-entry ID. The operation's result is a CredexWeb.
 *
 * Only if:
 * `app_id` is a string, and so is `bus` unless it is NULL.
 */
CredexStatus credex_web_connect(const CredexClient *client,
                                const char *app_id,
                                const char *bus,
                                CredexCallback callback,
                                void *data,
                                CredexOperation **operation,
                                CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_web_connect().
 */
CredexStatus credex_web_connect_blocking(const CredexClient *client,
                                         const char *app_id,
                                         const char *bus,
                                         int32_t timeout_ms,
                                         CredexWeb **web,
                                         CredexError **error);

/**
 * Takes the result of credex_web_connect().
 */
CredexStatus credex_operation_take_web(const CredexOperation *operation,
                                       CredexWeb **web,
                                       CredexError **error);

/**
 * Says where to place the dialogs to come, written as for credex_request_set_parent_window().
 *
 * Only if:
 * `window` is a string.
 */
CredexStatus credex_web_set_parent_window(const CredexWeb *web, const char *window, CredexError **error);

/**
 * Gives an XDG activation token, so that the dialogs to come may come to the front.
 *
 * Only if:
 * `token` is a string.
 */
CredexStatus credex_web_set_activation_token(const CredexWeb *web, const char *token, CredexError **error);

/**
 * Leaves the bus, once nothing is under way any more. NULL is nothing to free.
 */
CredexStatus credex_web_free(CredexWeb *web);

/**
 * Saves a copy of a password for `account` at `domain`, which is a host or "HOST:PORT", or changes the one
 * that is saved. The password is text in UTF-8, at most 1022 bytes. The person is asked, unless this very
 * password is saved already. Wipe yours once you need it no more. The operation's result is a CredexChange.
 *
 * Only if:
 * `domain` and `account` are strings, and there are `len` bytes at `password`.
 */
CredexStatus credex_web_add(const CredexWeb *web,
                            const char *domain,
                            const char *account,
                            const uint8_t *password,
                            size_t len,
                            CredexCallback callback,
                            void *data,
                            CredexOperation **operation,
                            CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the question is taken back.
 *
 * Only if:
 * As credex_web_add().
 */
CredexStatus credex_web_add_blocking(const CredexWeb *web,
                                     const char *domain,
                                     const char *account,
                                     const uint8_t *password,
                                     size_t len,
                                     int32_t timeout_ms,
                                     CredexChange *change,
                                     CredexError **error);

/**
 * Deletes what is saved for `account` at `domain`. The person is asked, if there is anything. The
 * operation's result is a CredexChange.
 *
 * Only if:
 * `domain` and `account` are strings.
 */
CredexStatus credex_web_delete(const CredexWeb *web,
                               const char *domain,
                               const char *account,
                               CredexCallback callback,
                               void *data,
                               CredexOperation **operation,
                               CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the question is taken back.
 *
 * Only if:
 * As credex_web_delete().
 */
CredexStatus credex_web_delete_blocking(const CredexWeb *web,
                                        const char *domain,
                                        const char *account,
                                        int32_t timeout_ms,
                                        CredexChange *change,
                                        CredexError **error);

/**
 * Takes the result of credex_web_add() or credex_web_delete().
 */
CredexStatus credex_operation_take_change(const CredexOperation *operation,
                                          CredexChange *change,
                                          CredexError **error);

/**
 * Asks for a saved password; the person picks it, or says no. `domain` is a host or "HOST:PORT", or NULL for
 * every domain that the app declares without a wildcard; `account` may be NULL for any; `port` may be 0 for
 * any. The operation's result is a CredexWebCredential.
 *
 * Only if:
 * `domain` and `account` are strings, or NULL.
 */
CredexStatus credex_web_request(const CredexWeb *web,
                                const char *domain,
                                const char *account,
                                uint16_t port,
                                CredexCallback callback,
                                void *data,
                                CredexOperation **operation,
                                CredexError **error);

/**
 * Does the same, and waits for it; when the time is up, the question is taken back.
 *
 * Only if:
 * As credex_web_request().
 */
CredexStatus credex_web_request_blocking(const CredexWeb *web,
                                         const char *domain,
                                         const char *account,
                                         uint16_t port,
                                         int32_t timeout_ms,
                                         CredexWebCredential **credential,
                                         CredexError **error);

/**
 * Takes the result of credex_web_request().
 */
CredexStatus credex_operation_take_web_credential(const CredexOperation *operation,
                                                  CredexWebCredential **credential,
                                                  CredexError **error);

/**
 * The website's host; NULL for what is no credential. It lives as long as the credential.
 */
const char *credex_web_credential_domain(const CredexWebCredential *credential);

/**
 * The website's port, mostly 443; 0 for what is no credential.
 */
uint16_t credex_web_credential_port(const CredexWebCredential *credential);

/**
 * The user name; NULL for what is no credential. It lives as long as the credential.
 */
const char *credex_web_credential_account(const CredexWebCredential *credential);

/**
 * The password, in UTF-8. A zero byte follows it, which `len` does not count. It lives as long as the
 * credential.
 */
CredexStatus credex_web_credential_password(const CredexWebCredential *credential,
                                            CredexBytes *password,
                                            CredexError **error);

/**
 * Wipes and frees a credential. NULL is nothing to free.
 */
CredexStatus credex_web_credential_free(CredexWebCredential *credential);

/**
 * Lists what the person decided; a sandboxed app sees its own alone. The operation's result is a
 * CredexDecisions.
 */
CredexStatus credex_web_decisions(const CredexWeb *web,
                                  CredexCallback callback,
                                  void *data,
                                  CredexOperation **operation,
                                  CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 */
CredexStatus credex_web_decisions_blocking(const CredexWeb *web,
                                           int32_t timeout_ms,
                                           CredexDecisions **decisions,
                                           CredexError **error);

/**
 * Takes the result of credex_web_decisions().
 */
CredexStatus credex_operation_take_decisions(const CredexOperation *operation,
                                             CredexDecisions **decisions,
                                             CredexError **error);

/**
 * How many decisions there are; 0 for what is none.
 */
size_t credex_decisions_number(const CredexDecisions *decisions);

/**
 * A decision, from 0 on.
 */
CredexStatus credex_decisions_at(const CredexDecisions *decisions,
                                 size_t index,
                                 CredexDecision *decision,
                                 CredexError **error);

/**
 * Frees decisions: only the list. NULL is nothing to free.
 */
CredexStatus credex_decisions_free(CredexDecisions *decisions);

/**
 * Has the service forget what the person decided for an app and a domain, so that they are asked again.
 * Ends with credex_operation_finish().
 *
 * Only if:
 * `app_id` and `domain` are strings.
 */
CredexStatus credex_web_revoke(const CredexWeb *web,
                               const char *app_id,
                               const char *domain,
                               CredexCallback callback,
                               void *data,
                               CredexOperation **operation,
                               CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_web_revoke().
 */
CredexStatus credex_web_revoke_blocking(const CredexWeb *web,
                                        const char *app_id,
                                        const char *domain,
                                        int32_t timeout_ms,
                                        CredexError **error);

/**
 * Has the statement of the website fetched anew, whatever is cached, and tells what it says. The operation's
 * result is a CredexDomainReport.
 *
 * Only if:
 * `domain` is a string.
 */
CredexStatus credex_web_refresh(const CredexWeb *web,
                                const char *domain,
                                CredexCallback callback,
                                void *data,
                                CredexOperation **operation,
                                CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * `domain` is a string.
 */
CredexStatus credex_web_refresh_blocking(const CredexWeb *web,
                                         const char *domain,
                                         int32_t timeout_ms,
                                         CredexDomainReport **report,
                                         CredexError **error);

/**
 * Tells stage by stage whether `app_id`, or this app if that is NULL, and `domain` belong together; with
 * `anew` the website is asked whatever is cached. That they do not is no failure. The operation's result is
 * a CredexDomainReport.
 *
 * Only if:
 * `domain` is a string, and so is `app_id` unless it is NULL.
 */
CredexStatus credex_web_check(const CredexWeb *web,
                              const char *domain,
                              const char *app_id,
                              bool anew,
                              CredexCallback callback,
                              void *data,
                              CredexOperation **operation,
                              CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_web_check().
 */
CredexStatus credex_web_check_blocking(const CredexWeb *web,
                                       const char *domain,
                                       const char *app_id,
                                       bool anew,
                                       int32_t timeout_ms,
                                       CredexDomainReport **report,
                                       CredexError **error);

/**
 * Takes the result of credex_web_refresh() or credex_web_check().
 */
CredexStatus credex_operation_take_domain_report(const CredexOperation *operation,
                                                 CredexDomainReport **report,
                                                 CredexError **error);

/**
 * The website; NULL for what is no report. It lives as long as the report.
 */
const char *credex_domain_report_domain(const CredexDomainReport *report);

/**
 * The app; NULL for what is no report. It lives as long as the report.
 */
const char *credex_domain_report_app_id(const CredexDomainReport *report);

/**
 * Whether they belong together.
 */
bool credex_domain_report_associated(const CredexDomainReport *report);

/**
 * Whether developer mode is on, which lets through what would not pass otherwise.
 */
bool credex_domain_report_developer(const CredexDomainReport *report);

/**
 * How many stages there are; 0 for what is no report.
 */
size_t credex_domain_report_stages(const CredexDomainReport *report);

/**
 * What was found in a stage, from 0 on, in the order in which it was looked for.
 */
CredexStatus credex_domain_report_stage(const CredexDomainReport *report,
                                        size_t index,
                                        CredexFound *found,
                                        CredexError **error);

/**
 * Frees a report. NULL is nothing to free.
 */
CredexStatus credex_domain_report_free(CredexDomainReport *report);

/**
 * Makes a random password that nobody has seen. `format` is a CredexPasswordFormat; `rules` is NULL, unless
 * that is `CREDEX_PASSWORD_FORMAT_RULES`. Nothing is saved: that is what credex_web_add() is for. The
 * operation's result is a CredexGenerated.
 *
 * Only if:
 * `rules` is a string, or NULL.
 */
CredexStatus credex_web_generate(const CredexWeb *web,
                                 int32_t format,
                                 const char *rules,
                                 CredexCallback callback,
                                 void *data,
                                 CredexOperation **operation,
                                 CredexError **error);

/**
 * Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
 *
 * Only if:
 * As credex_web_generate().
 */
CredexStatus credex_web_generate_blocking(const CredexWeb *web,
                                          int32_t format,
                                          const char *rules,
                                          int32_t timeout_ms,
                                          CredexGenerated **generated,
                                          CredexError **error);

/**
 * Takes the result of credex_web_generate().
 */
CredexStatus credex_operation_take_generated(const CredexOperation *operation,
                                             CredexGenerated **generated,
                                             CredexError **error);

/**
 * The password. A zero byte follows it, which `len` does not count. It lives as long as `generated`.
 */
CredexStatus credex_generated_password(const CredexGenerated *generated,
                                       CredexBytes *password,
                                       CredexError **error);

/**
 * How hard the password is to guess, in bits; 0 for what is none.
 */
double credex_generated_entropy(const CredexGenerated *generated);

/**
 * Wipes and frees a new password. NULL is nothing to free.
 */
CredexStatus credex_generated_free(CredexGenerated *generated);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CREDEX_H */
