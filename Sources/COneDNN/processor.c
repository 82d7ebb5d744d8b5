// Which processor this is, as far as machine code is concerned.
#include "COneDNN.h"

#if defined(__x86_64__)
#include <cpuid.h>

static int append(uint32_t *words, int count, uint32_t leaf, uint32_t part) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(leaf, part, &a, &b, &c, &d)) a = b = c = d = 0;
  // Leaf 1 tells in EBX which core answers.
  if (leaf == 1) b = 0;
  words[count] = a, words[count + 1] = b, words[count + 2] = c, words[count + 3] = d;
  return count + 4;
}

int apus_processor_identity(uint32_t words[APUS_PROCESSOR_WORDS]) {
  int count = append(words, 0, 0, 0);
  count = append(words, count, 1, 0);
  count = append(words, count, 7, 0);
  count = append(words, count, 7, 1);
  count = append(words, count, 0x80000001, 0);
  // What the system saves of the registers decides which vectors may be used.
  uint32_t low = 0, high = 0;
  if (words[6] & (1u << 27)) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  words[count] = low, words[count + 1] = high;
  return count + 2;
}
#else
int apus_processor_identity(uint32_t words[APUS_PROCESSOR_WORDS]) {
  (void)words;
  return 0;
}
#endif
