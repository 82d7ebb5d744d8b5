/// Writes floating-point formulas of one precision, free of branches so that loops around them
/// vectorise.
struct MathWriter {
  let f: FunctionWriter
  let m: ModuleWriter
  /// `float` or `double`.
  let type: LLVMType

  var isSingle: Bool { type == .float }
  /// The integer type of the same width.
  var bits: LLVMType { isSingle ? .i32 : .i64 }
  var mantissaBits: Int { isSingle ? 23 : 52 }
  var bias: Int64 { isSingle ? 127 : 1023 }

  func constant(_ value: Double) -> String { LLVMConstant.floating(value, type) }
  /// One constant for each precision.
  func constant(_ single: Double, _ double: Double) -> String {
    constant(isSingle ? single : double)
  }

  func add(_ a: String, _ b: String) -> String { f.binary("fadd", type, a, b) }
  func sub(_ a: String, _ b: String) -> String { f.binary("fsub", type, a, b) }
  func mul(_ a: String, _ b: String) -> String { f.binary("fmul", type, a, b) }
  func div(_ a: String, _ b: String) -> String { f.binary("fdiv", type, a, b) }
  func negate(_ a: String) -> String { f.value("fneg \(type.rawValue) \(a)") }

  func compare(_ predicate: String, _ a: String, _ b: String) -> String {
    f.value("fcmp \(predicate) \(type.rawValue) \(a), \(b)")
  }
  func select(_ condition: String, _ a: String, _ b: String) -> String {
    f.select(condition, type, a, b)
  }

  func intrinsic(_ name: String, _ arguments: String...) -> String {
    let full = "llvm.\(name).\(type.suffix)"
    m.declare(full, type, Array(repeating: type, count: arguments.count))
    let list = arguments.map { "\(type.rawValue) \($0)" }.joined(separator: ", ")
    return f.value("call \(type.rawValue) @\(full)(\(list))")
  }
  func absolute(_ a: String) -> String { intrinsic("fabs", a) }
  func copySign(_ a: String, from b: String) -> String { intrinsic("copysign", a, b) }
  /// a · b + c, rounded once or twice, whichever is faster.
  func fma(_ a: String, _ b: String, _ c: String) -> String { intrinsic("fmuladd", a, b, c) }
  /// a · b + c, rounded once.
  func exactFMA(_ a: String, _ b: String, _ c: String) -> String { intrinsic("fma", a, b, c) }
  /// c - a · b
  func negatedFMA(_ a: String, _ b: String, _ c: String) -> String { fma(negate(a), b, c) }

  /// The nearest number to x within the bounds; a NaN stays one.
  func clamp(_ x: String, _ lower: Double, _ upper: Double) -> String {
    let (low, high) = (constant(lower), constant(upper))
    let raised = select(compare("olt", x, low), low, x)
    return select(compare("ogt", raised, high), high, raised)
  }

  /// The polynomial with the coefficients, lowest power first, by Horner's rule.
  func polynomial(_ x: String, _ coefficients: [Double]) -> String {
    var sum = constant(coefficients.last!)
    for coefficient in coefficients.dropLast().reversed() {
      sum = fma(sum, x, constant(coefficient))
    }
    return sum
  }

  func toBits(_ x: String) -> String { f.convert("bitcast", type, x, bits) }
  func fromBits(_ x: String) -> String { f.convert("bitcast", bits, x, type) }
  func integer(_ instruction: String, _ a: String, _ b: String) -> String {
    f.binary(instruction, bits, a, b)
  }

  /// 2 to the power of an integer within the normal range.
  func power2(_ n: String) -> String {
    fromBits(integer("shl", integer("add", n, "\(bias)"), "\(mantissaBits)"))
  }

  /// The nearest integer to x · scale, as a number and as an integer. Adding 1.5 · 2^mantissaBits
  /// leaves the integer in the low bits. A NaN gives some integer.
  func nearest(_ x: String, times scale: Double) -> (number: String, integer: String) {
    let magic = isSingle ? 12_582_912.0 : 6_755_399_441_055_744.0
    let shifted = fma(x, constant(scale), constant(magic))
    let bitsOfMagic = LLVMConstant.integer(
      isSingle ? Int64(Float(magic).bitPattern) : Int64(bitPattern: magic.bitPattern), bits)
    return (
      sub(shifted, constant(magic)), integer("sub", toBits(shifted), bitsOfMagic)
    )
  }

  /// Calls another helper of the same precision.
  func call(_ function: MathFunction, _ arguments: String...) -> String {
    m.call(function, type, arguments, in: f)
  }
}
