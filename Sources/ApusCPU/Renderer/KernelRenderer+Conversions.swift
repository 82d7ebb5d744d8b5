import ApusIR
import ApusRuntime

extension KernelRenderer {
  /// What was loaded, as a value.
  func toValue(_ x: String, _ dtype: DType) -> String {
    switch dtype {
    case .bool: return f.value("icmp ne i8 \(x), 0")
    case .f16:
      let half = f.value("bitcast i16 \(x) to half")
      return f.value("fpext half \(half) to float")
    case .bf16:
      let high = f.binary("shl", .i32, f.convert("zext", .i16, x, .i32), "16")
      return f.convert("bitcast", .i32, high, .float)
    default: return x
    }
  }

  /// A value, already rounded to its dtype, as it lies in memory.
  func toMemory(_ x: String, _ dtype: DType) -> String {
    switch dtype {
    case .bool: return f.convert("zext", .i1, x, .i8)
    case .f16:
      let half = f.value("fptrunc float \(x) to half")
      return f.value("bitcast half \(half) to i16")
    case .bf16:
      let high = f.binary("lshr", .i32, f.convert("bitcast", .float, x, .i32), "16")
      return f.convert("trunc", .i32, high, .i16)
    default: return x
    }
  }

  /// Rounds a `float` to what a 16-bit floating dtype can hold; other values stay as they are.
  func rounded(_ x: String, _ dtype: DType) -> String {
    switch dtype {
    case .f16:
      let half = f.value("fptrunc float \(x) to half")
      return f.value("fpext half \(half) to float")
    case .bf16:
      // To nearest, ties to even, in integers: what processors offer flushes denormals.
      let bits = f.convert("bitcast", .float, x, .i32)
      let last = f.binary("and", .i32, f.binary("lshr", .i32, bits, "16"), "1")
      let up = f.binary("add", .i32, f.binary("add", .i32, bits, "32767"), last)
      let quiet = f.binary("or", .i32, bits, "4194304")
      let isNaN = f.value("fcmp uno float \(x), \(LLVMConstant.floating(0, .float))")
      let chosen = f.select(isNaN, .i32, quiet, up)
      let kept = f.binary("and", .i32, chosen, "-65536")
      return f.convert("bitcast", .i32, kept, .float)
    default: return x
    }
  }

  /// Floating to integer: truncated toward zero, saturated, a NaN as 0. Integer to integer: wrapped.
  /// Anything to `bool`: whether it is not 0.
  func cast(_ x: String, from source: DType, to target: DType) -> String {
    if source == target { return x }
    let (from, to) = (source.valueType, target.valueType)
    switch (source.category, target.category) {
    case (.floating, .bool):
      return f.value("fcmp une \(from.rawValue) \(x), \(LLVMConstant.floating(0, from))")
    case (.integer, .bool): return f.value("icmp ne \(from.rawValue) \(x), 0")
    case (.floating, .integer): return truncated(x, from, to: target)
    case (.floating, .floating):
      if from == to { return rounded(x, target) }
      if to == .double { return f.convert("fpext", from, x, to) }
      return rounded(f.convert("fptrunc", from, x, to), target)
    case (_, .floating):
      let operation = source.isUnsigned ? "uitofp" : "sitofp"
      return rounded(f.convert(operation, from, x, to), target)
    default:
      if from == to { return x }
      if to.bitWidth < from.bitWidth { return f.convert("trunc", from, x, to) }
      return f.convert(source.isUnsigned ? "zext" : "sext", from, x, to)
    }
  }

  /// LLVM's own saturating conversion does not become vector instructions.
  private func truncated(_ x: String, _ type: LLVMType, to target: DType) -> String {
    let math = MathWriter(f: f, m: m, type: type)
    let to = target.valueType
    let (least, greatest) = (Scalar.lowest(target).int64, Scalar.highest(target).int64)
    // The greatest i32 and i64 round up to a power of two: from there on the result is saturated.
    let (lower, upper) = (math.constant(Double(least)), math.constant(Double(greatest)))
    let isAbove = math.compare("oge", x, upper)
    let isBelow = math.compare("ole", x, lower)
    let isInside = f.all([math.compare("olt", x, upper), math.compare("ogt", x, lower)])
    let safe = math.select(isInside, x, math.constant(0))
    let wide: LLVMType = to == .i64 ? .i64 : .i32
    let whole = f.convert("fptosi", type, safe, wide)
    let raised = f.select(isBelow, wide, "\(least)", whole)
    let result = f.select(isAbove, wide, "\(greatest)", raised)
    return to == wide ? result : f.convert("trunc", wide, result, to)
  }
}
