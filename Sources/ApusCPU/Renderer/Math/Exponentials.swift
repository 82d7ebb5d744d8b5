// exp, expm1, tanh, sigmoid, log, log1p and erf for both precisions.

extension MathWriter {
  private static let log2e = 1.442695040888963407359924681001892137

  /// x = n · ln 2 + r with |r| <= ln 2 / 2.
  private func reduceByLn2(_ x: String) -> (r: String, number: String, integer: String) {
    let n = nearest(x, times: MathWriter.log2e)
    let negative = negate(n.number)
    // The high part ends in zeros, so that n times it is exact without a fused multiply-add too.
    let first = fma(
      negative, constant(0.693145751953125, 6.93147180369123816490e-01), x)
    let r = fma(
      negative, constant(1.42860682030941723212e-06, 1.90821492927058770002e-10), first)
    return (r, n.number, n.integer)
  }

  /// exp(r) - 1 for |r| <= ln 2 / 2, by the polynomial that `scripts/fit-polynomials` gives.
  private func expm1Core(_ r: String) -> String {
    let coefficients =
      isSingle
      ? [
        0.50000000136201386764, 0.16666666681794625246, 0.041666463386339526929,
        0.008333310754576892517, 0.0013933820489776019292, 0.0001989118015828214244,
      ]
      : [
        0.5, 0.16666666666666671074, 0.041666666666666669814, 0.0083333333333260249508,
        0.0013888888888883669627, 0.00019841269875205076848, 0.00002480158732582228205,
        2.7557254913486702019e-6, 2.7557273295539724343e-7, 2.5105419192016336433e-8,
        2.0914831351380410561e-9,
      ]
    let q = polynomial(r, coefficients)
    return fma(mul(r, r), q, r)
  }

  func exp(_ x: String) -> String {
    let clamped = isSingle ? clamp(x, -104, 89) : clamp(x, -746, 710)
    let (r, _, n) = reduceByLn2(clamped)
    let p = add(expm1Core(r), constant(1))
    // In two steps, so that results beyond the normal range are rounded, or overflow, once.
    let half = integer("ashr", n, "1")
    let rest = integer("sub", n, half)
    return mul(mul(p, power2(half)), power2(rest))
  }

  func expm1(_ x: String) -> String {
    let clamped = isSingle ? clamp(x, -40, 89) : clamp(x, -80, 710)
    let (r, _, n) = reduceByLn2(clamped)
    let core = expm1Core(r)
    // 2^n · (core + 1) - 1, halved so that 2^n does not overflow before the result does.
    let scale = power2(integer("sub", n, "1"))
    let half = fma(scale, core, sub(scale, constant(0.5)))
    let result = add(half, half)
    // Tiny arguments are their own result; this keeps -0 and denormals.
    let tiny = compare("olt", absolute(x), constant(1e-9, 1e-18))
    return select(tiny, x, result)
  }

  /// u / (u + 2) with u = exp(2 |x|) - 1.
  func tanh(_ x: String) -> String {
    let magnitude = absolute(x)
    let doubled = add(magnitude, magnitude)
    let bounded = select(compare("ogt", doubled, constant(50)), constant(50), doubled)
    let u = call(.expm1, bounded)
    return copySign(div(u, add(u, constant(2))), from: x)
  }

  func sigmoid(_ x: String) -> String {
    div(constant(1), add(constant(1), call(.exp, negate(x))))
  }

  /// log(x) + correction, for x > 0 and finite; after fdlibm's `e_log.c`.
  private func logCore(_ x: String, plus correction: String?) -> String {
    let smallest = constant(Double(Float.leastNormalMagnitude), .leastNormalMagnitude)
    let isDenormal = compare("olt", x, smallest)
    let scaled = mul(x, constant(33_554_432, 18_014_398_509_481_984))
    let pattern = toBits(select(isDenormal, scaled, x))
    // m in [√½, √2), x = 2^e · m.
    let root =
      isSingle
      ? Int64(Float(0.5).squareRoot().bitPattern)
      : Int64(bitPattern: 0.5.squareRoot().bitPattern)
    let offset = integer("sub", pattern, "\(root)")
    let exponent = integer("ashr", offset, "\(mantissaBits)")
    let m = fromBits(integer("sub", pattern, integer("shl", exponent, "\(mantissaBits)")))
    let shift = f.select(isDenormal, bits, isSingle ? "-25" : "-54", "0")
    let e = f.convert("sitofp", bits, integer("add", exponent, shift), type)

    let fraction = sub(m, constant(1))
    let s = div(fraction, add(fraction, constant(2)))
    let z = mul(s, s)
    let coefficients =
      isSingle
      ? [
        0.66666662693023681640, 0.40000972151756286621, 0.28498786687850952148,
        0.24279078841209411621,
      ]
      : [
        6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
        2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
        1.479819860511658591e-01,
      ]
    let series = mul(z, polynomial(z, coefficients))
    let halfSquare = mul(constant(0.5), mul(fraction, fraction))
    let product = mul(s, add(halfSquare, series))
    var low = fma(e, constant(9.0580006144591607153e-06, 1.90821492927058770002e-10), product)
    if let correction { low = add(low, correction) }
    let tail = sub(sub(halfSquare, low), fraction)
    return sub(mul(e, constant(0.693138122558593750, 6.93147180369123816490e-01)), tail)
  }

  /// The values at and beyond the ends of log's domain.
  private func logEdges(_ argument: String, _ result: String) -> String {
    let infinity = constant(.infinity)
    let zero = constant(0)
    let whereInfinite = select(compare("oeq", argument, infinity), infinity, result)
    let atZero = select(
      compare("oeq", argument, zero), constant(-.infinity), whereInfinite)
    // Unordered: a NaN argument gives NaN too.
    return select(compare("ult", argument, zero), constant(.nan), atZero)
  }

  func log(_ x: String) -> String { logEdges(x, logCore(x, plus: nil)) }

  func log1p(_ x: String) -> String {
    let u = add(constant(1), x)
    // What rounding took from u; log(u + lost) is log(u) + lost / u.
    let big = compare("ogt", x, constant(1))
    let lostBelow = sub(x, sub(u, constant(1)))
    let lostAbove = sub(constant(1), sub(u, x))
    let lost = div(select(big, lostAbove, lostBelow), u)
    let result = logEdges(u, logCore(u, plus: lost))
    let tiny = compare("olt", absolute(x), constant(1e-9, 1e-18))
    return select(tiny, x, result)
  }

  /// The Gauss error function in single precision: x + x · p(x²) near 0, 1 - exp(q(|x|)) beyond.
  func erf(_ x: String) -> String {
    let t = absolute(x)
    let s = mul(x, x)
    let near = polynomial(
      s,
      [
        1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2, 4.99119423e-3,
        -5.96761703e-4,
      ])
    let inner = fma(near, x, x)

    let high = fma(constant(-1.72853470e-5), t, constant(3.83197126e-4))
    let low = fma(constant(-3.88396438e-3), t, constant(2.42546219e-2))
    var r = fma(high, s, low)
    for coefficient in [-1.06777877e-1, -6.34846687e-1, -1.28717512e-1] {
      r = fma(r, t, constant(coefficient))
    }
    r = fma(r, t, negate(t))
    // From 4 on the result is 1; the polynomial is of no use there.
    let exponent = select(compare("ogt", t, constant(4)), constant(-100), r)
    let outer = copySign(sub(constant(1), call(.exp, exponent)), from: x)
    return select(compare("ogt", t, constant(0.927734375)), outer, inner)
  }
}
