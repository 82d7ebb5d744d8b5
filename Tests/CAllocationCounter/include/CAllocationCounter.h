#ifndef APUS_CALLOCATIONCOUNTER_H
#define APUS_CALLOCATIONCOUNTER_H

#include <stdint.h>

/// How often the calling thread has asked for heap memory; -1 where that cannot be counted.
int64_t apus_allocation_count(void);

#endif
