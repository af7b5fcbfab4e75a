/* What a setup function answers: 0 for success, a negative code for a reason the caller can act
 * on. */
#ifndef IMPACT_STATUS_H
#define IMPACT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the shared library exports; everything else is hidden. */
#define IMPACT_API __attribute__((visibility("default")))

/* Setup can fail, and its status must be looked at. Recording functions do not carry this mark. */
#define IMPACT_CHECKED __attribute__((warn_unused_result))

/* Lets the compiler check the arguments of a printf-like function. */
#define IMPACT_PRINTF(position, first) __attribute__((format(printf, position, first)))

/* The one table of codes: name, value, text. */
#define IMPACT_STATUS_TABLE(ROW)                                                                   \
    ROW(IMPACT_OK, 0, "success")                                                                   \
    ROW(IMPACT_EINVAL, -1, "an argument is not valid")                                             \
    ROW(IMPACT_ENOMEM, -2, "no memory")                                                            \
    ROW(IMPACT_ETIMEDOUT, -3, "the deadline passed")                                               \
    ROW(IMPACT_EEXIST, -4, "it exists already")                                                    \
    ROW(IMPACT_ENOENT, -5, "it was not found")                                                     \
    ROW(IMPACT_ECLOSED, -6, "it is shut down")                                                     \
    ROW(IMPACT_EEXPORT, -7, "not every span was exported")                                         \
    ROW(IMPACT_ESYSTEM, -8, "the system refused a resource")                                       \
    ROW(IMPACT_ELIMIT, -9, "a limit is exceeded")                                                  \
    ROW(IMPACT_EPLUGIN, -10, "the plugin cannot be used")                                          \
    ROW(IMPACT_EPERM, -11, "it is not allowed")                                                    \
    ROW(IMPACT_EAGAIN, -12, "it may succeed later")

#define IMPACT_STATUS_VALUE(name, value, text) name = (value),
typedef enum impact_status { IMPACT_STATUS_TABLE(IMPACT_STATUS_VALUE) } impact_status;
#undef IMPACT_STATUS_VALUE

/* The text of a status, without a full stop; "unknown status" for any other number. Borrowed,
 * static. */
IMPACT_API const char *impact_status_text(impact_status status);

/* The version of the library that runs, as "major.minor.patch". Borrowed, static. */
IMPACT_API const char *impact_version(void);

#ifdef __cplusplus
}
#endif

#endif
