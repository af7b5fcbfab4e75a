/* A CURLcode as a word for error.type. */
#include "instrument/curl/error_word.h"

#include <stddef.h>

typedef struct word {
    CURLcode code;
    const char *text;
} word;

static const word words[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, "unsupported_protocol"},
    {CURLE_FAILED_INIT, "failed_init"},
    {CURLE_URL_MALFORMAT, "url_malformat"},
    {CURLE_NOT_BUILT_IN, "not_built_in"},
    {CURLE_COULDNT_RESOLVE_PROXY, "couldnt_resolve_proxy"},
    {CURLE_COULDNT_RESOLVE_HOST, "couldnt_resolve_host"},
    {CURLE_COULDNT_CONNECT, "couldnt_connect"},
    {CURLE_WEIRD_SERVER_REPLY, "weird_server_reply"},
    {CURLE_REMOTE_ACCESS_DENIED, "remote_access_denied"},
    {CURLE_HTTP2, "http2"},
    {CURLE_PARTIAL_FILE, "partial_file"},
    {CURLE_HTTP_RETURNED_ERROR, "http_returned_error"},
    {CURLE_WRITE_ERROR, "write_error"},
    {CURLE_UPLOAD_FAILED, "upload_failed"},
    {CURLE_READ_ERROR, "read_error"},
    {CURLE_OUT_OF_MEMORY, "out_of_memory"},
    {CURLE_OPERATION_TIMEDOUT, "operation_timedout"},
    {CURLE_RANGE_ERROR, "range_error"},
    {CURLE_HTTP_POST_ERROR, "http_post_error"},
    {CURLE_SSL_CONNECT_ERROR, "ssl_connect_error"},
    {CURLE_BAD_DOWNLOAD_RESUME, "bad_download_resume"},
    {CURLE_ABORTED_BY_CALLBACK, "aborted_by_callback"},
    {CURLE_BAD_FUNCTION_ARGUMENT, "bad_function_argument"},
    {CURLE_INTERFACE_FAILED, "interface_failed"},
    {CURLE_TOO_MANY_REDIRECTS, "too_many_redirects"},
    {CURLE_GOT_NOTHING, "got_nothing"},
    {CURLE_SSL_ENGINE_NOTFOUND, "ssl_engine_notfound"},
    {CURLE_SEND_ERROR, "send_error"},
    {CURLE_RECV_ERROR, "recv_error"},
    {CURLE_SSL_CERTPROBLEM, "ssl_certproblem"},
    {CURLE_SSL_CIPHER, "ssl_cipher"},
    {CURLE_PEER_FAILED_VERIFICATION, "peer_failed_verification"},
    {CURLE_BAD_CONTENT_ENCODING, "bad_content_encoding"},
    {CURLE_FILESIZE_EXCEEDED, "filesize_exceeded"},
    {CURLE_USE_SSL_FAILED, "use_ssl_failed"},
    {CURLE_SEND_FAIL_REWIND, "send_fail_rewind"},
    {CURLE_LOGIN_DENIED, "login_denied"},
    {CURLE_SSL_CACERT_BADFILE, "ssl_cacert_badfile"},
    {CURLE_SSL_SHUTDOWN_FAILED, "ssl_shutdown_failed"},
    {CURLE_AGAIN, "again"},
    {CURLE_SSL_CRL_BADFILE, "ssl_crl_badfile"},
    {CURLE_SSL_ISSUER_ERROR, "ssl_issuer_error"},
    {CURLE_CHUNK_FAILED, "chunk_failed"},
    {CURLE_NO_CONNECTION_AVAILABLE, "no_connection_available"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, "ssl_pinnedpubkeynotmatch"},
    {CURLE_SSL_INVALIDCERTSTATUS, "ssl_invalidcertstatus"},
    {CURLE_HTTP2_STREAM, "http2_stream"},
    {CURLE_RECURSIVE_API_CALL, "recursive_api_call"},
    {CURLE_AUTH_ERROR, "auth_error"},
    {CURLE_HTTP3, "http3"},
    {CURLE_QUIC_CONNECT_ERROR, "quic_connect_error"},
    {CURLE_PROXY, "proxy"},
    {CURLE_SSL_CLIENTCERT, "ssl_clientcert"},
};

const char *impact__curl_error_word(CURLcode code)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].code == code)
            return words[i].text;
    return "_OTHER";
}
