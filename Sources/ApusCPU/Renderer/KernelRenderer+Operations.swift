import ApusIR
import ApusRuntime

extension KernelRenderer {
  func render(
    _ operation: Kernel.Operation, as dtype: DType, for value: Kernel.Value
  ) -> String {
    switch operation {
    case .constant(let scalar): return LLVMConstant.scalar(scalar, dtype)
    case .load(let argument, let index, let guards, let otherwise):
      return load(argument, index, guards, otherwise: otherwise)
    case .index(let index): return cast(render(index), from: .i64, to: dtype)
    case .unary(let op, let x):
      return dtype.isFloating
        ? real(op, dtype, name(x)) : integer(op, dtype, name(x))
    case .binary(let op, let x, let y):
      if op == .multiply, uses.contractible.contains(value) {
        return f.binary("fmul contract", dtype.valueType, name(x), name(y))
      }
      if let scalar = uses.constants[y], op == .divide || op == .remainder, dtype.isInteger {
        return divide(op, dtype, name(x), byConstant: scalar.converted(to: dtype).int64)
      }
      return binary(op, dtype, name(x), name(y))
    case .compare(let comparison, let x, let y):
      return compare(comparison, self.dtype(x), name(x), name(y))
    case .select(let condition, let x, let y):
      return f.select(name(condition), dtype.valueType, name(x), name(y))
    case .cast(let x): return cast(name(x), from: self.dtype(x), to: dtype)
    case .test(let guards): return render(guards)
    case .read(let accumulator, let index): return read(accumulator, at: index)
    case .randomBits(let seed, let stream, let element):
      return randomBits(dtype, seed: name(seed), stream: name(stream), element: render(element))
    }
  }

  func math(_ dtype: DType) -> MathWriter { MathWriter(f: f, m: m, type: dtype.valueType) }

  // MARK: Functions of one number

  private func real(_ op: Unary, _ dtype: DType, _ x: String) -> String {
    let math = math(dtype)
    func function(_ function: MathFunction) -> String {
      rounded(math.call(function, x), dtype)
    }
    switch op {
    case .negate: return math.negate(x)
    case .absolute: return math.absolute(x)
    case .sign:
      let (zero, one) = (math.constant(0), math.constant(1))
      let below = math.select(math.compare("olt", x, zero), math.constant(-1), zero)
      return math.select(math.compare("ogt", x, zero), one, below)
    case .floor: return math.intrinsic("floor", x)
    case .ceil: return math.intrinsic("ceil", x)
    case .round: return math.intrinsic("roundeven", x)
    case .sqrt: return rounded(math.intrinsic("sqrt", x), dtype)
    case .rsqrt: return rounded(math.div(math.constant(1), math.intrinsic("sqrt", x)), dtype)
    case .exp: return function(.exp)
    case .expm1: return function(.expm1)
    case .log: return function(.log)
    case .log1p: return function(.log1p)
    case .sin: return function(.sin)
    case .cos: return function(.cos)
    case .tan: return function(.tan)
    case .atan: return function(.atan)
    case .tanh: return function(.tanh)
    case .erf: return function(.erf)
    case .sigmoid: return function(.sigmoid)
    case .not: preconditionFailure("not is not defined for \(dtype)")
    }
  }

  private func integer(_ op: Unary, _ dtype: DType, _ x: String) -> String {
    let type = dtype.valueType
    let name = type.rawValue
    switch op {
    case .negate: return f.binary("sub", type, "0", x)
    case .absolute:
      if dtype.isUnsigned { return x }
      let isNegative = f.value("icmp slt \(name) \(x), 0")
      return f.select(isNegative, type, f.binary("sub", type, "0", x), x)
    case .sign:
      let isNotZero = f.value("icmp ne \(name) \(x), 0")
      let positive = f.select(isNotZero, type, "1", "0")
      if dtype.isUnsigned { return positive }
      return f.select(f.value("icmp slt \(name) \(x), 0"), type, "-1", positive)
    case .not: return f.binary("xor", type, x, dtype == .bool ? "true" : "-1")
    default: preconditionFailure("\(op) is not defined for \(dtype)")
    }
  }

  // MARK: Functions of two numbers

  func binary(_ op: Binary, _ dtype: DType, _ x: String, _ y: String) -> String {
    switch dtype.category {
    case .floating: real(op, dtype, x, y)
    case .integer: integer(op, dtype, x, y)
    case .bool: logical(op, x, y)
    }
  }

  private func real(_ op: Binary, _ dtype: DType, _ x: String, _ y: String) -> String {
    let math = math(dtype)
    switch op {
    case .add: return rounded(math.add(x, y), dtype)
    case .subtract: return rounded(math.sub(x, y), dtype)
    case .multiply: return rounded(math.mul(x, y), dtype)
    case .divide: return rounded(math.div(x, y), dtype)
    case .maximum, .minimum:
      // The first select is one instruction of the processor and gives x where either is a NaN.
      let wins = math.compare(op == .maximum ? "ogt" : "olt", y, x)
      let best = math.select(wins, y, x)
      return math.select(math.compare("uno", y, y), y, best)
    case .power: return rounded(math.call(.power, x, y), dtype)
    case .remainder: return rounded(math.call(.remainder, x, y), dtype)
    case .atan2: return rounded(math.call(.atan2, x, y), dtype)
    case .and, .or, .xor, .shiftLeft, .shiftRight:
      preconditionFailure("\(op) is not defined for \(dtype)")
    }
  }

  private func logical(_ op: Binary, _ x: String, _ y: String) -> String {
    switch op {
    case .and, .minimum: f.binary("and", .i1, x, y)
    case .or, .maximum: f.binary("or", .i1, x, y)
    case .xor: f.binary("xor", .i1, x, y)
    default: preconditionFailure("\(op) is not defined for bool")
    }
  }

  func compare(_ op: Comparison, _ dtype: DType, _ x: String, _ y: String) -> String {
    let type = dtype.valueType.rawValue
    if dtype.isFloating {
      let predicate =
        switch op {
        case .equal: "oeq"
        case .notEqual: "une"
        case .less: "olt"
        case .lessEqual: "ole"
        case .greater: "ogt"
        case .greaterEqual: "oge"
        }
      return f.value("fcmp \(predicate) \(type) \(x), \(y)")
    }
    let sign = dtype.isUnsigned ? "u" : "s"
    let predicate =
      switch op {
      case .equal: "eq"
      case .notEqual: "ne"
      case .less: sign + "lt"
      case .lessEqual: sign + "le"
      case .greater: sign + "gt"
      case .greaterEqual: sign + "ge"
      }
    return f.value("icmp \(predicate) \(type) \(x), \(y)")
  }
}
