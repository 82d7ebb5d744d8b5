import Apus

import Glibc

/// Does the work of one workload on demand, so that the driver can interleave it with the peers'.
///
/// It writes one line of JSON at first, `{"first_step_s", "values", "base_mb"}`, and one for each
/// line it reads: `run <count>` gives `{"ms": […]}`, `quit` gives `{"peak_mb"}`.
struct Server {
  /// Training steps of which the losses are compared.
  static let comparedSteps = 5
  /// Elements of an output that are compared.
  static let comparedValues = 64

  let workload: Workload
  let data: Data

  init(_ workload: Workload, _ data: Data) {
    self.workload = workload
    self.data = data
  }

  func run() throws {
    let base = Process.peakMegabytes
    let run = try workload.makeRun(data)
    var count = 0
    var values: [Double] = []
    let start = Process.seconds
    var result = try run(0).array(of: Double.self)
    let first = Process.seconds - start
    switch workload.kind {
    case .infer:
      values = Array(result.prefix(Self.comparedValues))
      count = 1
    case .train:
      values = result
      for index in 1..<Self.comparedSteps {
        result = try run(index).array(of: Double.self)
        values += result
      }
      count = Self.comparedSteps
    }
    print("{\"first_step_s\": \(first), \"values\": \(values), \"base_mb\": \(base)}")
    fflush(nil)

    while let line = readLine() {
      let words = line.split(separator: " ")
      guard words.first == "run", let repetitions = words.last.flatMap({ Int($0) }) else { break }
      var times: [Double] = []
      times.reserveCapacity(repetitions)
      for _ in 0..<repetitions {
        let start = Process.seconds
        try run(count).waited()
        times.append((Process.seconds - start) * 1_000)
        count += 1
      }
      print("{\"ms\": \(times)}")
      fflush(nil)
    }
    print("{\"peak_mb\": \(Process.peakMegabytes)}")
  }
}

extension Tensor {
  /// Returns when the value is there, as reading a loss would.
  fileprivate func waited() throws {
    if elementCount == 1 { _ = item } else { try eval(self) }
  }
}

