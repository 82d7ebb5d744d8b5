import ApusIR
import ApusRuntime

extension KernelRenderer {
  /// Ten rounds of Philox4x32 on the counter (element, stream) with the key seed.
  func randomBits(_ dtype: DType, seed: String, stream: String, element: String) -> String {
    func low(_ x: String) -> String { f.convert("trunc", .i64, x, .i32) }
    func high(_ x: String) -> String { low(f.binary("lshr", .i64, x, "32")) }
    func product(_ x: String, _ factor: Int64) -> (low: String, high: String) {
      let wide = f.binary("mul", .i64, f.convert("zext", .i32, x, .i64), "\(factor)")
      return (low(wide), high(wide))
    }
    func xor(_ a: String, _ b: String, _ c: String) -> String {
      f.binary("xor", .i32, f.binary("xor", .i32, a, b), c)
    }
    func word(_ x: UInt32) -> String { "\(Int32(bitPattern: x))" }

    var counter = (low(element), high(element), low(stream), high(stream))
    var key = (low(seed), high(seed))
    for _ in 0..<10 {
      let first = product(counter.0, 0xD251_1F53)
      let second = product(counter.2, 0xCD9E_8D57)
      counter = (
        xor(second.high, counter.1, key.0), second.low,
        xor(first.high, counter.3, key.1), first.low
      )
      key = (
        f.binary("add", .i32, key.0, word(0x9E37_79B9)),
        f.binary("add", .i32, key.1, word(0xBB67_AE85))
      )
    }
    if dtype == .i32 { return counter.0 }
    let lower = f.convert("zext", .i32, counter.0, .i64)
    let upper = f.binary("shl", .i64, f.convert("zext", .i32, counter.1, .i64), "32")
    return f.binary("or", .i64, upper, lower)
  }
}
