import ApusIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The most memory that one program may plan for.
public enum MemoryLimit {
  /// `APUS_MEMORY_LIMIT` in bytes, or with the suffix K, M or G; else the machine's memory.
  public static let current: Int = {
    let text = getenv("APUS_MEMORY_LIMIT").map { String(cString: $0) }
    return text.flatMap(bytes) ?? sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }()

  /// - Returns: nil where the text is no positive number with an optional suffix.
  static func bytes(_ text: String) -> Int? {
    let factors: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let factor = text.last.flatMap { factors[$0] }
    guard let number = Int(factor == nil ? text : String(text.dropLast())), number > 0 else {
      return nil
    }
    let (product, overflows) = number.multipliedReportingOverflow(by: factor ?? 1)
    return overflows ? nil : product
  }

  /// - Throws: `TensorError` naming the largest tensors where the plan needs more than `limit`.
  public static func check(_ plan: Plan, peak: Int, limit: Int = current) throws(TensorError) {
    guard peak > limit else { return }
    let largest = plan.blocks.sorted { $0.byteCount > $1.byteCount }.prefix(3)
    let list = largest.map { "\($0.type) (\(format($0.byteCount)))" }.joined(separator: ", ")
    throw TensorError(
      .memory, operation: "compile",
      "the program needs \(format(peak)), the limit is \(format(limit)); its largest tensors are "
        + list,
      hint: "use a smaller batch, checkpoint { }, or raise APUS_MEMORY_LIMIT.")
  }

  static func format(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
  }
}
