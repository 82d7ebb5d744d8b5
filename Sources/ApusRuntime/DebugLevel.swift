#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How much the compiler tells on standard error, set by the environment variable `APUS_DEBUG`.
///
/// 1: compiles and cache hits; 2: also the schedule and memory plan; 3: also the kernel IR; 4: also
/// the LLVM IR. Unset, 0 or no number: nothing.
public enum DebugLevel: Int, Comparable, Sendable {
  case silent, compiles, plans, kernels, code

  public static let current: DebugLevel = {
    let text = getenv("APUS_DEBUG").map { String(cString: $0) } ?? ""
    return DebugLevel(rawValue: Swift.min(Swift.max(Int(text) ?? 0, 0), 4)) ?? .silent
  }()

  public static func < (a: DebugLevel, b: DebugLevel) -> Bool { a.rawValue < b.rawValue }

  /// Prints a message where the level is at least this one.
  public func log(_ message: @autoclosure () -> String) {
    guard DebugLevel.current >= self else { return }
    Warning.print(message())
  }
}

/// One line on standard error.
public enum Warning {
  public static func print(_ message: String) {
    let line = Array("apus: \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress!, $0.count) }
  }
}

/// Nanoseconds of the monotonic clock.
public func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
