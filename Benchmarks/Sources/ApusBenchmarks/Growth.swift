import Apus

/// How time grows with the size of the work: no faster than the arithmetic, and compiling no faster
/// than the graph.
enum Growth {
  /// - Parameter size: what grows: `width`, `depth`, `batch` or `nodes`; nil for one after the other.
  static func run(by size: String? = nil) throws {
    let lines: [(size: String, line: () throws -> String)] = [
      ("width", { try gpt("width", [192, 384, 768]) { GPTConfiguration(width: $0, heads: $0 / 64) } }),
      ("depth", { try gpt("depth", [3, 6, 12]) { GPTConfiguration(layers: $0) } }),
      ("batch", { try mlp(batches: [32, 128, 512, 2_048]) }),
      ("nodes", { try compilation(nodes: [1_000, 5_000, 20_000]) }),
    ]
    let chosen = try lines.filter { size == nil || $0.size == size }.map { try $0.line() }
    print("[" + chosen.joined(separator: ",\n") + "]")
  }

  /// Time against arithmetic, relative to the smallest size.
  private static func entry(
    _ name: String, _ sizes: [Int], work: [Double], seconds: [Double], of unit: String
  ) -> String {
    let points = sizes.indices.map { index in
      let growth = "×\(short(seconds[index] / seconds[0])) for ×\(short(work[index] / work[0])) \(unit)"
      return "\(sizes[index]): \(short(seconds[index] * 1e3)) ms" + (index > 0 ? " (\(growth))" : "")
    }
    let line = "\(name): " + points.joined(separator: ", ")
    return "{\"name\": \"\(name)\", \"sizes\": \(sizes), \"work\": \(work), \"seconds\": \(seconds), "
      + "\"line\": \"\(line)\"}"
  }

  private static func short(_ value: Double) -> String {
    value < 10 ? "\((value * 100).rounded() / 100)" : "\((value * 10).rounded() / 10)"
  }

  private static func median(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let times = try (0..<count).map { _ in
      let start = Process.seconds
      try body()
      return Process.seconds - start
    }
    return times.sorted()[count / 2]
  }

  private static func gpt(
    _ name: String, _ sizes: [Int], _ configuration: (Int) -> GPTConfiguration
  ) throws -> String {
    let tokens = try Tensor.randomIntegers([2, 257], in: 0..<65).evaluated()
    let batch = Batch(
      x: try tokens[.all, 0..<256].evaluated(), y: try tokens[.all, 1..<257].evaluated())
    var work: [Double] = []
    var seconds: [Double] = []
    for size in sizes {
      let configuration = configuration(size)
      let store = ParameterStore(seed: 0)
      let scope = store.scope.with(weightInitializer: .normal(std: 0.02))
      let step = Step(GPT(scope, configuration), Adam()) { model, batch in
        crossEntropy(logits: model(batch.x), labels: batch.y)
      }
      for _ in 0..<2 { _ = try step(batch).item }
      seconds.append(try median(7) { _ = try step(batch).item })
      let width = Double(configuration.width)
      let attention = 4 * 256 * 256 * width * 0.5
      let layer = 2 * 256 * 12 * width * width + attention
      let head = 2 * 256 * width * Double(configuration.vocabulary)
      work.append(3 * 2 * (Double(configuration.layers) * layer + head))
    }
    return entry("GPT training step by \(name)", sizes, work: work, seconds: seconds, of: "FLOPs")
  }

  private static func mlp(batches: [Int]) throws -> String {
    var seconds: [Double] = []
    for size in batches {
      let x = try Tensor.normal([size, 784]).evaluated()
      let batch = Batch(x: x, y: try Tensor.randomIntegers([size], in: 0..<10).evaluated())
      let store = ParameterStore(seed: 0)
      let step = Step(DigitMLP(store.scope), Adam()) { model, batch in
        crossEntropy(logits: model(batch.x), labels: batch.y)
      }
      for _ in 0..<5 { _ = try step(batch).item }
      seconds.append(try median(31) { _ = try step(batch).item })
    }
    let work = batches.map(Double.init)
    return entry("MLP training step by batch", batches, work: work, seconds: seconds, of: "FLOPs")
  }

  /// First calls of functions whose graphs have no repeated parts: all kinds of elementwise
  /// operations in random order with a matrix product after each tenth.
  private static func compilation(nodes sizes: [Int]) throws -> String {
    let x = try Tensor.uniform([16, 16]).evaluated()
    let seconds = try sizes.map { size in
      let function = compiled { (x: Tensor) in chain(x, nodes: size) }
      let start = Process.seconds
      _ = try function(x)
      return Process.seconds - start
    }
    let work = sizes.map(Double.init)
    return entry("First call by nodes", sizes, work: work, seconds: seconds, of: "nodes")
  }

  private static func chain(_ x: Tensor, nodes: Int) -> Tensor {
    var state: UInt64 = 1
    var recent = [x, x + 1, x * 2]
    for index in 3..<nodes {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let choice = Int(state >> 33)
      let a = recent[choice % 3]
      let b = recent[(choice / 3) % 3]
      let next: Tensor =
        if index % 10 == 0 {
          matmul(a, b)
        } else {
          switch (choice / 9) % 6 {
          case 0: a + b
          case 1: a - b
          case 2: maximum(a, b)
          case 3: tanh(a)
          case 4: sigmoid(b)
          default: abs(a)
          }
        }
      recent[index % 3] = next
    }
    return recent[0] + recent[1] + recent[2]
  }
}
