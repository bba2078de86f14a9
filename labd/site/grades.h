/* A student's grade at an exercise, and how it came about.  Used by labd/site. */
#ifndef SITE_GRADES_H
#define SITE_GRADES_H

#include "labd/site/site_int.h"

http_handler_fn grade_get, grade_override;

#endif
