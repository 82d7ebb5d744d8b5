#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of the C library, for both widths.
protocol Real: Arithmetic, BinaryFloatingPoint {
  static func exponential(_ x: Self) -> Self
  static func exponentialMinusOne(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func logarithmOnePlus(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func arcTangent(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func arcTangent(_ y: Self, _ x: Self) -> Self
  static func remainder(_ x: Self, _ y: Self) -> Self
}

extension Float: Real {
  static func exponential(_ x: Float) -> Float { expf(x) }
  static func exponentialMinusOne(_ x: Float) -> Float { expm1f(x) }
  static func logarithm(_ x: Float) -> Float { logf(x) }
  static func logarithmOnePlus(_ x: Float) -> Float { log1pf(x) }
  static func sine(_ x: Float) -> Float { sinf(x) }
  static func cosine(_ x: Float) -> Float { cosf(x) }
  static func tangent(_ x: Float) -> Float { tanf(x) }
  static func arcTangent(_ x: Float) -> Float { atanf(x) }
  static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  static func errorFunction(_ x: Float) -> Float { erff(x) }
  static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  static func arcTangent(_ y: Float, _ x: Float) -> Float { atan2f(y, x) }
  static func remainder(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }
}

extension Double: Real {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func logarithmOnePlus(_ x: Double) -> Double { log1p(x) }
  static func sine(_ x: Double) -> Double { sin(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
  static func tangent(_ x: Double) -> Double { tan(x) }
  static func arcTangent(_ x: Double) -> Double { atan(x) }
  static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  static func errorFunction(_ x: Double) -> Double { erf(x) }
  static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  static func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
  static func remainder(_ x: Double, _ y: Double) -> Double { fmod(x, y) }
}
