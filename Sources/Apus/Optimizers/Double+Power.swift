#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Double {
  func raised(to exponent: Double) -> Double { pow(self, exponent) }

  /// 1 - self^(step + 1): what an average from zero with this factor has seen after that many steps.
  func biasCorrection(step: Int) -> Double { 1 - raised(to: Double(step + 1)) }
}
