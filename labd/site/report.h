/* What instructors and operators look at: who has which lab and score, the host, health, metrics.
 * Used by labd/site. */
#ifndef SITE_REPORT_H
#define SITE_REPORT_H

#include "labd/site/site_int.h"

http_handler_fn report_overview, report_scores, report_host, report_health, report_metrics;

#endif
