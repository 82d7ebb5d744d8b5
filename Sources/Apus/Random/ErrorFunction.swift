#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The Gauss error function of one number, where `Apus.erf` hides the C library's.
enum ErrorFunction {
  static func value(_ x: Double) -> Double { erf(x) }
}
