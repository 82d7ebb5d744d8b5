// The OpenMP runtime that oneDNN brings, used for everything else that runs in parallel: a second
// pool of threads would fight with it over the cores.
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "COneDNN.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

static void (*gomp_parallel)(void (*)(void *), void *, unsigned, unsigned);
static int (*get_num_threads)(void);
static int (*get_thread_num)(void);
static int (*in_parallel)(void);
static void (*set_num_threads)(int);
static int (*pause_resource_all)(int);

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// libgomp counts spins; how long one takes differs tenfold between processors.
static long spins_in(int microseconds) {
  enum { SAMPLE = 2000 };
  volatile int word = 0;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < SAMPLE; i++) {
    if (word) break;
    relax();
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  double nanoseconds = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
  if (nanoseconds < 1) nanoseconds = 1;
  return (long)(microseconds * 1e3 / nanoseconds * SAMPLE);
}

void apus_openmp_prepare(int threads, int spin_microseconds) {
  char text[32];
  snprintf(text, sizeof text, "%d", threads);
  setenv("OMP_NUM_THREADS", text, 1);
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
  long spins = spins_in(spin_microseconds);
  snprintf(text, sizeof text, "%ld", spins < 1000 ? 1000 : spins);
  setenv("GOMP_SPINCOUNT", text, 1);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void resolve(void) {
  extern void *apus_dnnl_handle;
  // dlsym on oneDNN's handle searches the libraries it was linked with, so this finds its own
  // runtime, be it libgomp or libiomp5.
  void *handle = apus_onednn_load() ? NULL : apus_dnnl_handle;
  if (!handle || !dlsym(handle, "GOMP_parallel")) handle = dlopen("libgomp.so.1", RTLD_NOW);
  if (!handle) return;
#define RESOLVE(variable, name) variable = (__typeof__(variable))dlsym(handle, name)
  RESOLVE(get_num_threads, "omp_get_num_threads");
  RESOLVE(get_thread_num, "omp_get_thread_num");
  RESOLVE(in_parallel, "omp_in_parallel");
  RESOLVE(set_num_threads, "omp_set_num_threads");
  if (get_num_threads && get_thread_num && in_parallel && set_num_threads)
    RESOLVE(gomp_parallel, "GOMP_parallel");
  RESOLVE(pause_resource_all, "omp_pause_resource_all");
#undef RESOLVE
}

bool apus_openmp_load(void) {
  pthread_once(&once, resolve);
  return gomp_parallel != NULL;
}

void apus_openmp_parallel(void (*body)(void *), void *data, int threads) {
  if (gomp_parallel && threads > 1)
    gomp_parallel(body, data, (unsigned)threads, 0);
  else
    body(data);
}

int apus_openmp_team_size(void) { return gomp_parallel ? get_num_threads() : 1; }
int apus_openmp_thread_index(void) { return gomp_parallel ? get_thread_num() : 0; }
bool apus_openmp_in_parallel(void) { return gomp_parallel && in_parallel(); }

void apus_openmp_set_threads(int threads) {
  if (gomp_parallel) set_num_threads(threads);
}

bool apus_openmp_can_release(void) { return !gomp_parallel || pause_resource_all; }

bool apus_openmp_release(void) {
  enum { SOFT = 1 };
  return !gomp_parallel || (pause_resource_all && pause_resource_all(SOFT) == 0);
}

// MARK: Counting cores

#if defined(__linux__)
/// The lowest-numbered hyper-thread of the core that `cpu` belongs to.
static int first_sibling(int cpu) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  FILE *file = fopen(path, "r");
  int first = cpu;
  if (file) {
    if (fscanf(file, "%d", &first) != 1) first = cpu;
    fclose(file);
  }
  return first;
}

/// Processors the control group's quota pays for, rounded up; 0 without a quota.
static int quota(void) {
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  long long limit = 0, period = 0;
  if (!file) return 0;
  if (fscanf(file, "%lld %lld", &limit, &period) != 2) limit = 0;
  fclose(file);
  return limit > 0 && period > 0 ? (int)((limit + period - 1) / period) : 0;
}
#endif

int apus_physical_cores(void) {
  int cores = 0;
#if defined(__linux__)
  cpu_set_t allowed, seen;
  CPU_ZERO(&seen);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      int first = first_sibling(cpu);
      if (first >= 0 && first < CPU_SETSIZE && CPU_ISSET(first, &seen)) continue;
      if (first >= 0 && first < CPU_SETSIZE) CPU_SET(first, &seen);
      cores++;
    }
  }
  int paid = quota();
  if (paid && paid < cores) cores = paid;
#endif
  if (cores < 1) cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
  return cores < 1 ? 1 : cores;
}
