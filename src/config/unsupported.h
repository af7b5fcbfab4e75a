/* Variables of the specification that are not followed here: said by name, not passed over. */
#ifndef IMPACT_CONFIG_UNSUPPORTED_H
#define IMPACT_CONFIG_UNSUPPORTED_H

/* Report each that is set. */
void impact__unsupported_report(void);

#endif
