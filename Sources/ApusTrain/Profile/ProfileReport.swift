import ApusRuntime

/// Where the time and the memory of a run went.
public struct ProfileReport: Sendable {
  /// All steps of one name.
  public struct Kernel: Sendable, Encodable {
    public var kernel: String
    public var calls: Int
    public var milliseconds: Double
    /// Of the time of all steps.
    public var share: Double
    public var gigaflopsPerSecond: Double
    public var gigabytesPerSecond: Double
    /// Of what the machine can do, whichever of arithmetic and memory binds.
    public var limitShare: Double
  }

  /// A program and what its steps took, over all runs.
  struct ProgramTimes {
    var plan: Plan
    var runs: Int
    var nanoseconds: [UInt64]

    var total: UInt64 { nanoseconds.reduce(0, +) }
  }

  /// What ran: `train --model mlp`.
  let title: String
  let limits: MachineLimits
  /// The most expensive first.
  public let kernels: [Kernel]
  /// Programs with plans, the most expensive first.
  let programs: [ProgramTimes]
  let totalNanoseconds: UInt64

  public init(_ profiler: Profiler, limits: MachineLimits, title: String) {
    self.title = title
    self.limits = limits
    let summaries = profiler.summaries
    let total = summaries.reduce(0) { $0 + $1.nanoseconds }
    totalNanoseconds = total
    kernels = summaries.map { summary in
      Kernel(
        kernel: summary.name, calls: summary.count, milliseconds: Double(summary.nanoseconds) / 1e6,
        share: Double(summary.nanoseconds) / Double(max(total, 1)),
        gigaflopsPerSecond: summary.gigaflopsPerSecond,
        gigabytesPerSecond: summary.gigabytesPerSecond,
        limitShare: limits.share(
          flops: summary.flops, bytes: summary.bytes, nanoseconds: summary.nanoseconds))
    }
    var times = profiler.programs.map { record in
      ProgramTimes(
        plan: record.plan, runs: record.runs,
        nanoseconds: [UInt64](repeating: 0, count: record.plan.steps.count))
    }
    for event in profiler.events {
      if let program = event.program, let step = event.step {
        times[program].nanoseconds[step] += event.nanoseconds
      }
    }
    programs = times.sorted { $0.total > $1.total }
  }

  // MARK: Text

  /// Rows of the table before the rest is summed up.
  private static let rows = 30

  /// The table, and what the most expensive program holds in memory.
  public var text: String {
    let header = ["ms", "share", "calls", "GF/s", "GB/s", "of limit", "kernel"]
    var rows = kernels.prefix(Self.rows).map { kernel in
      [
        fixed(kernel.milliseconds, 2), fixed(kernel.share * 100, 1) + " %", "\(kernel.calls)",
        fixed(kernel.gigaflopsPerSecond, 1), fixed(kernel.gigabytesPerSecond, 1),
        fixed(kernel.limitShare * 100, 0) + " %", kernel.kernel,
      ]
    }
    let rest = kernels.dropFirst(Self.rows)
    if !rest.isEmpty {
      let share = rest.reduce(0) { $0 + $1.share }
      rows.append([
        fixed(rest.reduce(0) { $0 + $1.milliseconds }, 2), fixed(share * 100, 1) + " %",
        "\(rest.reduce(0) { $0 + $1.calls })", "", "", "", "\(rest.count) others",
      ])
    }
    let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max()! }
    let lines = ([header] + rows).map { row in
      let padded = row.indices.dropLast().map { column in
        String(repeating: " ", count: widths[column] - row[column].count) + row[column]
      }
      return (padded + [row.last!]).joined(separator: "  ")
    }
    return (lines + ["", limitLine, memoryLine].filter { $0 != nil }.map { $0! }).joined(separator: "\n")
  }

  var limitLine: String {
    "limits measured here: \(fixed(limits.gigaflopsPerSecond, 0)) GF/s (f32), "
      + "\(fixed(limits.gigabytesPerSecond, 1)) GB/s"
  }

  private var memoryLine: String? {
    guard let program = programs.first, let peak = program.peak else { return nil }
    return "memory of the longest program: \(size(peak.bytes)) of intermediate results at most, in step "
      + "\(peak.step) of \(program.plan.steps.count), \(program.plan.steps[peak.step].name)"
  }
}

extension ProfileReport.ProgramTimes {
  /// The step during which the most intermediate results are alive.
  var peak: (step: Int, bytes: Int)? {
    let live = plan.liveBytes
    guard let bytes = live.max(), let step = live.firstIndex(of: bytes) else { return nil }
    return (step, bytes)
  }
}

/// Bytes for people.
func size(_ bytes: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB"]
  var (value, unit) = (Double(bytes), 0)
  while value >= 1_024, unit < units.count - 1 {
    value /= 1_024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : "\(fixed(value, 1)) \(units[unit])"
}
