/* Names of HTTP: keys of a WSGI environ (PEP 3333), and attributes of HTTP spans by the old and the
 * new semantic conventions. They are kept as interned strings (see ATTRIBUTE_NAME_TABLE). */
#ifndef IMPACT_PYTHON_HTTP_H
#define IMPACT_PYTHON_HTTP_H

#define HTTP_NAME_TABLE(ROW)                                                                       \
    ROW(HTTP_NO_NAME, "")                                                                          \
    /* environ */                                                                                  \
    ROW(ENVIRON_METHOD, "REQUEST_METHOD")                                                          \
    ROW(ENVIRON_PATH, "PATH_INFO")                                                                 \
    ROW(ENVIRON_QUERY, "QUERY_STRING")                                                             \
    ROW(ENVIRON_RAW_URI, "RAW_URI")                                                                \
    ROW(ENVIRON_REQUEST_URI, "REQUEST_URI")                                                        \
    ROW(ENVIRON_SCHEME, "wsgi.url_scheme")                                                         \
    ROW(ENVIRON_PROTOCOL, "SERVER_PROTOCOL")                                                       \
    ROW(ENVIRON_SERVER_NAME, "SERVER_NAME")                                                        \
    ROW(ENVIRON_SERVER_PORT, "SERVER_PORT")                                                        \
    ROW(ENVIRON_REMOTE_ADDR, "REMOTE_ADDR")                                                        \
    ROW(ENVIRON_REMOTE_PORT, "REMOTE_PORT")                                                        \
    ROW(ENVIRON_REMOTE_HOST, "REMOTE_HOST")                                                        \
    ROW(ENVIRON_HOST, "HTTP_HOST")                                                                 \
    ROW(ENVIRON_USER_AGENT, "HTTP_USER_AGENT")                                                     \
    ROW(ENVIRON_TRACEPARENT, "HTTP_TRACEPARENT")                                                   \
    ROW(ENVIRON_TRACESTATE, "HTTP_TRACESTATE")                                                     \
    ROW(ENVIRON_BAGGAGE, "HTTP_BAGGAGE")                                                           \
    ROW(ENVIRON_FILE_WRAPPER, "wsgi.file_wrapper")                                                 \
    ROW(ENVIRON_EXCHANGE, "impact_stack.observability.exchange")                                   \
    ROW(ENVIRON_UNTRACED, "impact_stack.observability.untraced")                                   \
    /* attributes, old */                                                                          \
    ROW(HTTP_METHOD, "http.method")                                                                \
    ROW(HTTP_SCHEME, "http.scheme")                                                                \
    ROW(HTTP_HOST, "http.host")                                                                    \
    ROW(HTTP_SERVER_NAME, "http.server_name")                                                      \
    ROW(HTTP_TARGET, "http.target")                                                                \
    ROW(HTTP_URL, "http.url")                                                                      \
    ROW(HTTP_FLAVOR, "http.flavor")                                                                \
    ROW(HTTP_USER_AGENT, "http.user_agent")                                                        \
    ROW(HTTP_STATUS_CODE, "http.status_code")                                                      \
    ROW(NET_HOST_NAME, "net.host.name")                                                            \
    ROW(NET_HOST_PORT, "net.host.port")                                                            \
    ROW(NET_PEER_IP, "net.peer.ip")                                                                \
    ROW(NET_PEER_PORT, "net.peer.port")                                                            \
    ROW(NET_PEER_NAME, "net.peer.name")                                                            \
    /* attributes, new */                                                                          \
    ROW(HTTP_REQUEST_METHOD, "http.request.method")                                                \
    ROW(HTTP_REQUEST_METHOD_ORIGINAL, "http.request.method_original")                              \
    ROW(HTTP_RESPONSE_STATUS_CODE, "http.response.status_code")                                    \
    ROW(HTTP_ROUTE, "http.route")                                                                  \
    ROW(URL_SCHEME, "url.scheme")                                                                  \
    ROW(URL_PATH, "url.path")                                                                      \
    ROW(URL_QUERY, "url.query")                                                                    \
    ROW(SERVER_ADDRESS, "server.address")                                                          \
    ROW(SERVER_PORT, "server.port")                                                                \
    ROW(CLIENT_ADDRESS, "client.address")                                                          \
    ROW(CLIENT_PORT, "client.port")                                                                \
    ROW(NETWORK_PROTOCOL_VERSION, "network.protocol.version")                                      \
    ROW(USER_AGENT_ORIGINAL, "user_agent.original")                                                \
    ROW(USER_AGENT_SYNTHETIC_TYPE, "user_agent.synthetic.type")                                    \
    ROW(ERROR_TYPE, "error.type")                                                                  \
    /* values */                                                                                   \
    ROW(CONTEXT_COMMENT, "SQLCOMMENTER_ORM_TAGS_AND_VALUES")                                       \
    ROW(SYNTHETIC_TEST, "test")                                                                    \
    ROW(SYNTHETIC_BOT, "bot")                                                                      \
    ROW(METHOD_UNKNOWN, "HTTP")                                                                    \
    ROW(METHOD_OTHER, "_OTHER")                                                                    \
    ROW(METHOD_FIRST, "GET")                                                                       \
    ROW(METHOD_HEAD, "HEAD")                                                                       \
    ROW(METHOD_POST, "POST")                                                                       \
    ROW(METHOD_PUT, "PUT")                                                                         \
    ROW(METHOD_DELETE, "DELETE")                                                                   \
    ROW(METHOD_CONNECT, "CONNECT")                                                                 \
    ROW(METHOD_OPTIONS, "OPTIONS")                                                                 \
    ROW(METHOD_TRACE, "TRACE")                                                                     \
    ROW(METHOD_PATCH, "PATCH")                                                                     \
    ROW(METHOD_LAST, "QUERY")

#define HTTP_NAME_INDEX(index, text) index,
typedef enum http_name { HTTP_NAME_TABLE(HTTP_NAME_INDEX) HTTP_NAME_COUNT } http_name;
#undef HTTP_NAME_INDEX

#endif
