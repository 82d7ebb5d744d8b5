import Apus

/// The machine's arithmetic limit: the best rate of a large matrix product, in GF/s.
enum Gemm {
  static func run() throws {
    let f32 = try rate(.f32)
    let bf16 = try rate(.bf16)
    print("{\"f32\": \(f32), \"bf16\": \(bf16)}")
  }

  private static func rate(_ dtype: DType) throws -> Double {
    let size = 2_048
    let a = try Tensor.uniform([size, size], low: -1, high: 1).to(dtype).evaluated()
    let b = try Tensor.uniform([size, size], low: -1, high: 1).to(dtype).evaluated()
    let product = compiled { (x: [Tensor]) in matmul(x[0], x[1]) }
    _ = try product([a, b])
    var best = Double.infinity
    for _ in 0..<30 {
      let start = Process.seconds
      _ = try product([a, b])
      best = min(best, Process.seconds - start)
    }
    let flops = 2 * Double(size * size * size)
    return flops / best / 1e9
  }
}
