import Apus
import ApusTrain

/// The Apus side of the benchmark; `Benchmarks/bench` drives it beside the peers.
///
/// ```
/// ApusBenchmarks serve <workload> <data>          steps on demand, see `Server`
/// ApusBenchmarks profile <workload> <data> [n]    where the time of n steps goes
/// ApusBenchmarks gemm                             the machine's arithmetic limit
/// ApusBenchmarks growth [width|depth|batch|nodes]  how time grows with the size of the work
/// ```
@main
struct ApusBenchmarks {
  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    switch arguments.popFirst() {
    case "serve":
      let (workload, data) = try workload(&arguments)
      try Server(workload, data).run()
    case "profile":
      let (workload, data) = try workload(&arguments)
      try Profile.run(workload, data, steps: arguments.popFirst().flatMap { Int($0) } ?? 10)
    case "gemm":
      try Gemm.run()
    case "growth":
      try Growth.run(by: arguments.popFirst())
    default:
      throw BenchmarkError("usage: ApusBenchmarks serve|profile <workload> <data>, gemm, or growth")
    }
  }

  private static func workload(_ arguments: inout ArraySlice<String>) throws -> (Workload, Data) {
    guard let name = arguments.popFirst(), let folder = arguments.popFirst() else {
      throw BenchmarkError("name a workload and the folder with its weights and inputs")
    }
    let workload = try Workload(parsing: name)
    return (workload, try Data(folder: folder, workload))
  }
}

struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
