import ApusIR
import ApusRuntime

extension KernelRenderer {
  func integer(_ op: Binary, _ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType
    switch op {
    case .add: return f.binary("add", type, x, y)
    case .subtract: return f.binary("sub", type, x, y)
    case .multiply: return f.binary("mul", type, x, y)
    case .divide, .remainder: return divide(op, dtype, x, y)
    case .power: return integerPower(dtype, x, y)
    case .maximum, .minimum:
      let kind = (dtype.isUnsigned ? "u" : "s") + (op == .maximum ? "max" : "min")
      let intrinsic = "llvm.\(kind).\(type.suffix)"
      m.declare(intrinsic, type, [type, type])
      return f.value(
        "call \(type.rawValue) @\(intrinsic)(\(type.rawValue) \(x), \(type.rawValue) \(y))")
    case .and: return f.binary("and", type, x, y)
    case .or: return f.binary("or", type, x, y)
    case .xor: return f.binary("xor", type, x, y)
    case .shiftLeft, .shiftRight: return shift(op, dtype, x, y)
    case .atan2: preconditionFailure("atan2 is not defined for \(dtype)")
    }
  }

  private func shift(_ op: Binary, _ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType
    // Unsigned, a negative count is beyond the width too.
    let isInside = f.value("icmp ult \(type.rawValue) \(y), \(type.bitWidth)")
    if op == .shiftLeft {
      let count = f.select(isInside, type, y, "0")
      return f.select(isInside, type, f.binary("shl", type, x, count), "0")
    }
    let count = f.select(isInside, type, y, "\(type.bitWidth - 1)")
    return f.binary(dtype.isUnsigned ? "lshr" : "ashr", type, x, count)
  }

  /// By zero: 0. The least value by -1: itself, remainder 0.
  private func divide(_ op: Binary, _ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType
    let name = type.rawValue
    let isZero = f.value("icmp eq \(name) \(y), 0")
    var isSpecial = isZero
    var isMinusOne: String?
    if !dtype.isUnsigned {
      let condition = f.value("icmp eq \(name) \(y), -1")
      isSpecial = f.binary("or", .i1, isZero, condition)
      isMinusOne = condition
    }
    let divisor = f.select(isSpecial, type, "1", y)
    var quotient = divideSafely(dtype, x, divisor)
    if op == .remainder {
      let rest = f.binary("sub", type, x, f.binary("mul", type, quotient, divisor))
      return f.select(isSpecial, type, "0", rest)
    }
    if let isMinusOne {
      quotient = f.select(isMinusOne, type, f.binary("sub", type, "0", x), quotient)
    }
    return f.select(isZero, type, "0", quotient)
  }

  /// Truncated division by what is neither 0 nor -1. Up to 32 bits by a floating division, which
  /// vectorises; rounding never lifts the quotient to the next integer, since that is further away
  /// than the precision reaches.
  private func divideSafely(_ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType
    guard type != .i64 else { return f.binary("sdiv", type, x, y) }
    let real: LLVMType = type == .i32 ? .double : .float
    let from = dtype.isUnsigned ? "uitofp" : "sitofp"
    let (a, b) = (f.convert(from, type, x, real), f.convert(from, type, y, real))
    let quotient = f.convert("fptosi", real, f.binary("fdiv", real, a, b), .i32)
    return type == .i32 ? quotient : f.convert("trunc", .i32, quotient, type)
  }

  /// LLVM turns a division by a constant into a multiplication.
  func divide(_ op: Binary, _ dtype: DType, _ x: String, byConstant divisor: Int64) -> String {
    let type = dtype.valueType
    switch (divisor, op) {
    case (0, _), (-1, .remainder): return "0"
    case (-1, _): return f.binary("sub", type, "0", x)
    default:
      let instruction = (dtype.isUnsigned ? "u" : "s") + (op == .divide ? "div" : "rem")
      return f.binary(instruction, type, x, LLVMConstant.integer(divisor, type))
    }
  }

  /// By repeated squaring, with wrap-around; a negative exponent gives 0, but ±1 for bases ±1.
  private func integerPower(_ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType.rawValue
    let name = "apus.power.\(dtype)"
    m.define(name) {
      let isNegative = dtype.isUnsigned ? "false" : "%isBelowZero"
      return """
        define internal \(type) @\(name)(\(type) %x, \(type) %y) #1 {
        entry:
          br label %loop
        loop:
          %result = phi \(type) [ 1, %entry ], [ %next, %loop ]
          %square = phi \(type) [ %x, %entry ], [ %nextSquare, %loop ]
          %rest = phi \(type) [ %y, %entry ], [ %nextRest, %loop ]
          %isOdd = trunc \(type) %rest to i1
          %product = mul \(type) %result, %square
          %next = select i1 %isOdd, \(type) %product, \(type) %result
          %nextSquare = mul \(type) %square, %square
          %nextRest = lshr \(type) %rest, 1
          %isDone = icmp eq \(type) %nextRest, 0
          br i1 %isDone, label %exit, label %loop
        exit:
          %isBelowZero = icmp slt \(type) %y, 0
          %isOne = icmp eq \(type) %x, 1
          %isMinusOne = icmp eq \(type) %x, -1
          %isOddPower = trunc \(type) %y to i1
          %sign = select i1 %isOddPower, \(type) -1, \(type) 1
          %ofMinusOne = select i1 %isMinusOne, \(type) %sign, \(type) 0
          %inverse = select i1 %isOne, \(type) 1, \(type) %ofMinusOne
          %final = select i1 \(isNegative), \(type) %inverse, \(type) %next
          ret \(type) %final
        }
        """
    }
    return f.value("call \(type) @\(name)(\(type) \(x), \(type) \(y))")
  }
}
