import Apus

/// Where the time of a workload goes.
enum Profile {
  static func run(_ workload: Workload, _ data: Data, steps: Int) throws {
    let run = try workload.makeRun(data)
    for index in 0..<3 { _ = try run(index).array(of: Double.self) }
    let profiler = Profiler()
    let start = Process.seconds
    try Profiler.$current.withValue(profiler) {
      for index in 0..<steps { _ = try run(3 + index).array(of: Double.self) }
    }
    let wall = (Process.seconds - start) * 1e3 / Double(steps)
    let summaries = profiler.summaries
    let inside = Double(summaries.reduce(0) { $0 + $1.nanoseconds }) / 1e6 / Double(steps)
    print("\(workload.name): \(number(wall)) ms a step, \(number(inside)) ms in kernels")
    print(columns(["ms", "share", "count", "GF/s", "GB/s", "kernel"]))
    for summary in summaries.prefix(40) {
      let time = Double(summary.nanoseconds) / 1e6 / Double(steps)
      print(
        columns([
          number(time), number(100 * time / inside) + "%", "\(summary.count / steps)",
          number(summary.gigaflopsPerSecond), number(summary.gigabytesPerSecond), summary.name,
        ]))
    }
  }

  private static func columns(_ fields: [String]) -> String {
    let padded = fields.dropLast().map { String(repeating: " ", count: max(0, 9 - $0.count)) + $0 }
    return (padded + [fields.last ?? ""]).joined(separator: "  ")
  }

  private static func number(_ value: Double) -> String {
    let digits = value < 1 ? 1_000.0 : value < 100 ? 100 : 10
    return "\((value * digits).rounded() / digits)"
  }
}
