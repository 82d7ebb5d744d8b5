/// 2^k modulo 2π for k in 0...104, as sums of two doubles, for the reduction of angles.
enum AngleTable {
  static let entries: [(high: Double, low: Double)] = {
    // Fixed point: one word before the point, four after it. Doubling 104 times leaves 152 bits
    // that are right.
    let turn: [UInt64] = [
      6, 0x487E_D511_0B46_11A6, 0x2633_145C_06E0_E689, 0x4812_7044_533E_63A0,
      0x105D_F531_D89C_D912,
    ]
    var angle: [UInt64] = [1, 0, 0, 0, 0]
    var entries: [(high: Double, low: Double)] = []
    for _ in 0...104 {
      entries.append(split(angle))
      angle = doubled(angle)
      if !angle.lexicographicallyPrecedes(turn) { subtract(turn, from: &angle) }
    }
    return entries
  }()

  private static func split(_ words: [UInt64]) -> (high: Double, low: Double) {
    let kept = words[1] & ~0x3FFF
    let high = Double(words[0]) + Double(kept) * 0x1p-64
    let low = Double(words[1] & 0x3FFF) * 0x1p-64 + Double(words[2]) * 0x1p-128
    return (high, low)
  }

  private static func doubled(_ words: [UInt64]) -> [UInt64] {
    words.indices.map { i in
      words[i] << 1 | (i + 1 < words.count ? words[i + 1] >> 63 : 0)
    }
  }

  private static func subtract(_ other: [UInt64], from words: inout [UInt64]) {
    var borrow: UInt64 = 0
    for i in words.indices.reversed() {
      let (first, under) = words[i].subtractingReportingOverflow(other[i])
      let (second, again) = first.subtractingReportingOverflow(borrow)
      words[i] = second
      borrow = under || again ? 1 : 0
    }
  }
}
