// Single-precision functions, computed in double precision: half as many lanes, but every result is
// rounded from one with 20 bits to spare, and the large arguments need no path of their own.

extension MathWriter {
  private func widened(_ x: String) -> (MathWriter, String) {
    let wide = MathWriter(f: f, m: m, type: .double)
    return (wide, f.convert("fpext", .float, x, .double))
  }

  private func narrowed(_ x: String) -> String { f.convert("fptrunc", .double, x, .float) }

  /// The angle less a multiple of π/2, and that multiple modulo 4 (in the low bits).
  private func reduceByHalfPi(_ x: String) -> (r: String, quadrant: String) {
    let (d, wide) = widened(x)
    // x = c · 2^k exactly, where c has at most 25 bits before the point, and 2^k modulo 2π comes
    // from a table.
    let pattern = toBits(x)
    let exponent = integer("and", integer("lshr", pattern, "23"), "255")
    let excess = integer("sub", exponent, "\(127 + 24)")
    let isLarge = f.value("icmp sgt i32 \(excess), 0")
    let k = f.value("zext i32 \(f.select(isLarge, .i32, excess, "0")) to i64")
    let scale = d.power2(f.value("sub i64 0, \(k)"))
    let c = d.mul(wide, scale)
    let (high, low) = (tableEntry("high", k), tableEntry("low", k))

    let product = d.mul(c, high)
    let lost = d.exactFMA(c, high, d.negate(product))
    let rest = d.fma(c, low, lost)
    let n = d.nearest(product, times: 2 / Double.pi)
    let negative = d.negate(n.number)
    let near = d.exactFMA(negative, d.constant(Double.pi / 2), product)
    let correction = d.fma(negative, d.constant(6.123233995736766036e-17), rest)
    return (d.add(near, correction), n.integer)
  }

  private func tableEntry(_ part: String, _ index: String) -> String {
    let name = "apus.angle.\(part)"
    m.define(name) {
      let values = AngleTable.entries.map {
        "double " + LLVMConstant.floating(part == "high" ? $0.high : $0.low, .double)
      }
      let list = values.joined(separator: ", ")
      return
        "@\(name) = internal unnamed_addr constant [\(values.count) x double] [\(list)], align 64"
    }
    let address = f.value("getelementptr inbounds double, ptr @\(name), i64 \(index)")
    return f.value("load double, ptr \(address), align 8")
  }

  /// sin(r) and cos(r) for |r| <= π/4 in double precision, good to 2^-30; from FreeBSD's
  /// `k_sinf.c` and `k_cosf.c`.
  private func sineAndCosine(_ r: String) -> (sine: String, cosine: String) {
    let z = mul(r, r)
    let s = polynomial(
      z,
      [
        -0.166666666416265235595, 0.0083333293858894631756, -0.000198393348360966317347,
        0.0000027183114939898219064,
      ])
    let sine = fma(mul(z, r), s, r)
    let cosine = polynomial(
      z,
      [
        1, -0.499999997251031003120, 0.0416666233237390631894, -0.00138867637746099294692,
        0.0000243904487962774090654,
      ])
    return (sine, cosine)
  }

  /// Of an angle plus `quarterTurns` quarter turns.
  private func wave(_ x: String, quarterTurns: Int) -> String {
    let d = MathWriter(f: f, m: m, type: .double)
    let (r, quadrant) = reduceByHalfPi(x)
    let (sine, cosine) = d.sineAndCosine(r)
    let turn = d.integer("add", quadrant, "\(quarterTurns)")
    let isOdd = f.value("trunc i64 \(turn) to i1")
    let value = d.select(isOdd, cosine, sine)
    let sign = d.integer("shl", d.integer("lshr", turn, "1"), "63")
    return narrowed(d.fromBits(d.integer("xor", d.toBits(value), sign)))
  }

  func sine(_ x: String) -> String {
    // The sum in the reduction loses the sign of -0.
    select(compare("oeq", x, constant(0)), x, wave(x, quarterTurns: 0))
  }

  func cosine(_ x: String) -> String { wave(x, quarterTurns: 1) }

  func tangent(_ x: String) -> String {
    let d = MathWriter(f: f, m: m, type: .double)
    let (r, quadrant) = reduceByHalfPi(x)
    let (sine, cosine) = d.sineAndCosine(r)
    let isOdd = f.value("trunc i64 \(quadrant) to i1")
    let above = d.select(isOdd, d.negate(cosine), sine)
    let below = d.select(isOdd, sine, cosine)
    return select(compare("oeq", x, constant(0)), x, narrowed(d.div(above, below)))
  }

  /// The angle of the point (x, y).
  func arcTangent(_ y: String, _ x: String) -> String {
    let (d, wideY) = widened(y)
    let wideX = f.convert("fpext", .float, x, .double)
    let (ay, ax) = (d.absolute(wideY), d.absolute(wideX))
    let isSteep = d.compare("ogt", ay, ax)
    let numerator = d.select(isSteep, ax, ay)
    let denominator = d.select(isSteep, ay, ax)
    // Both infinite: 1; both zero: 0.
    let areEqual = d.compare("oeq", ay, ax)
    let isZero = d.compare("oeq", denominator, d.constant(0))
    let quotient = d.select(areEqual, d.constant(1), d.div(numerator, denominator))
    let q = d.select(isZero, d.constant(0), quotient)
    let series = d.polynomial(
      d.mul(q, q),
      [
        0.99999999992930367522, -0.33333331290889987906, 0.1999990110217155447,
        -0.14283813255743193563, 0.11091922963683302164, -0.089741719583638810844,
        0.072282783453772522332, -0.053956680571371717816, 0.033826218952786872197,
        -0.015828322749149415576, 0.0047324841934219206571, -0.00066339545711047871931,
      ])
    let angle = d.mul(q, series)
    let inQuadrant = d.select(isSteep, d.sub(d.constant(Double.pi / 2), angle), angle)
    let isLeft = f.value("icmp slt i64 \(d.toBits(wideX)), 0")
    let inHalf = d.select(isLeft, d.sub(d.constant(Double.pi), inQuadrant), inQuadrant)
    let isNaN = d.compare("uno", wideX, wideY)
    let result = d.select(isNaN, d.constant(.nan), d.copySign(inHalf, from: wideY))
    return narrowed(result)
  }
}
