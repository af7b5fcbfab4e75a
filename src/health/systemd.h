/* systemd is told how the service is (sd_notify(3)). */
#ifndef IMPACT_HEALTH_SYSTEMD_H
#define IMPACT_HEALTH_SYSTEMD_H

/* Part of a registry, which has its memory. */
typedef struct impact__systemd impact__systemd;

/* The phase may be another one: say so, if it is. Without the lock; NULL is accepted. */
void impact__systemd_notice_phase(impact__systemd *systemd);

/* Say nothing any more. Likewise. */
void impact__systemd_stop(impact__systemd *systemd);

/* In a forked child: it does not speak for its parent. Under the lock; NULL is accepted. */
void impact__systemd_forget(impact__systemd *systemd);

#endif
