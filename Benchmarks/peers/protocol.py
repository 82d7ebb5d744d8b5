"""The peers' side of the driver's protocol; `Server.swift` is Apus's.

A worker writes one line of JSON at first, `{"first_step_s", "values", "base_mb"}`, and one for each line
it reads: `run <count>` gives `{"ms": [...]}`, `quit` gives `{"peak_mb"}`.
"""

import json
import os
import sys
from time import perf_counter

import workloads


def threads():
    return int(os.environ["OMP_NUM_THREADS"])


def peak_megabytes():
    """The most memory held at any time so far; `getrusage` would count the parent's memory in."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def serve(workload, make_run):
    """Makes the work and does it on demand.

    make_run: gives a function of the repetition's index that does the work once and returns, computed,
    the loss as a number or the output as a flat sequence.
    """
    base = peak_megabytes()
    run = make_run()
    start = perf_counter()
    result = run(0)
    first = perf_counter() - start
    if workload.kind == "train":
        values = [float(result)] + [float(run(i)) for i in range(1, workloads.COMPARED_STEPS)]
        count = workloads.COMPARED_STEPS
    else:
        values = [float(v) for v in run.compared(result)]
        count = 1
    reply(first_step_s=first, values=values, base_mb=base)

    for line in sys.stdin:
        words = line.split()
        if not words or words[0] != "run":
            break
        times = []
        for _ in range(int(words[1])):
            start = perf_counter()
            run(count)
            times.append((perf_counter() - start) * 1e3)
            count += 1
        reply(ms=times)
    reply(peak_mb=peak_megabytes())


def reply(**fields):
    print(json.dumps(fields), flush=True)
