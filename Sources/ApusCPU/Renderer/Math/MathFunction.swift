/// The functions that are written out as formulas or taken from the C library.
enum MathFunction: String {
  case exp, expm1, log, log1p, sin, cos, tan, atan, atan2, tanh, erf, sigmoid, power, remainder

  var operandCount: Int {
    switch self {
    case .atan2, .power, .remainder: 2
    default: 1
    }
  }

  /// The function of the C library that serves for `double`, where precision beyond that of a
  /// plain formula is asked for and speed is not.
  fileprivate var libraryName: String? {
    switch self {
    case .sin, .cos, .tan, .atan, .atan2, .erf: rawValue
    case .power: "pow"
    case .remainder: "fmod"
    case .exp, .expm1, .log, .log1p, .tanh, .sigmoid: nil
    }
  }
}

extension ModuleWriter {
  /// Calls a function, defining it first if need be.
  func call(
    _ function: MathFunction, _ type: LLVMType, _ arguments: [String], in f: FunctionWriter
  ) -> String {
    let operands = arguments.map { "\(type.rawValue) \($0)" }.joined(separator: ", ")
    if type == .double, let name = function.libraryName {
      let parameters = Array(repeating: LLVMType.double, count: function.operandCount)
      declare(name, .double, parameters, pure: true)
      return f.value("call double @\(name)(\(operands))")
    }
    let name = "apus.\(function.rawValue).\(type.suffix)"
    define(name) { formula(function, type, name: name) }
    return f.value("call \(type.rawValue) @\(name)(\(operands))")
  }

  private func formula(_ function: MathFunction, _ type: LLVMType, name: String) -> String {
    let inner = FunctionWriter()
    let math = MathWriter(f: inner, m: self, type: type)
    let result =
      switch function {
      case .exp: math.exp("%x")
      case .expm1: math.expm1("%x")
      case .log: math.log("%x")
      case .log1p: math.log1p("%x")
      case .tanh: math.tanh("%x")
      case .sigmoid: math.sigmoid("%x")
      case .erf: math.erf("%x")
      case .sin: math.sine("%x")
      case .cos: math.cosine("%x")
      case .tan: math.tangent("%x")
      case .atan: math.arcTangent("%x", "0x3FF0000000000000")
      case .atan2: math.arcTangent("%x", "%y")
      case .power: math.power("%x", "%y")
      case .remainder: math.remainder("%x", "%y")
      }
    let names = ["%x", "%y"].prefix(function.operandCount)
    let parameters = names.map { "\(type.rawValue) \($0)" }.joined(separator: ", ")
    return """
      define internal \(type.rawValue) @\(name)(\(parameters)) #1 {
      entry:
      \(inner.body)  ret \(type.rawValue) \(result)
      }
      """
  }
}
