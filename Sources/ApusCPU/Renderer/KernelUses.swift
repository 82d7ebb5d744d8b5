import ApusIR
import ApusRuntime

/// What has to be known of a kernel's values before the first is written.
struct KernelUses {
  /// Products that only go into sums, which may be fused multiply-adds.
  private(set) var contractible: Set<Kernel.Value> = []
  /// Accumulators of a maximum or minimum.
  private(set) var extremes: Set<Kernel.Accumulator> = []
  private(set) var constants: [Kernel.Value: Scalar] = [:]

  private var counts: [Kernel.Value: Int] = [:]
  private var products: Set<Kernel.Value> = []
  private var summed: Set<Kernel.Value> = []

  init(_ kernel: Kernel) {
    walk(kernel.body)
    contractible = products.intersection(summed).filter { counts[$0] == 1 }
  }

  private mutating func walk(_ body: [Kernel.Statement]) {
    for statement in body {
      switch statement {
      case .loop(_, _, let inner): walk(inner)
      case .define(let value, let dtype, let operation): visit(value, dtype, operation)
      case .declare: break
      case .accumulate(let accumulator, let index, let op, let value):
        use(value, index)
        if op == .sum { summed.insert(value) }
        if op == .maximum || op == .minimum { extremes.insert(accumulator) }
      case .assign(_, let index, let value), .store(_, let index, let value):
        use(value, index)
      case .when(let condition, let inner):
        use(condition)
        walk(inner)
      }
    }
  }

  private mutating func visit(
    _ value: Kernel.Value, _ dtype: DType, _ operation: Kernel.Operation
  ) {
    switch operation {
    case .constant(let scalar): constants[value] = scalar
    case .load(_, let index, let guards, _):
      use(index)
      for limit in guards { use(limit.index) }
    case .index(let index), .read(_, let index): use(index)
    case .unary(_, let x), .cast(let x): use(x)
    case .binary(let op, let x, let y):
      use(x)
      use(y)
      if op == .multiply, dtype == .f32 || dtype == .f64 { products.insert(value) }
    case .compare(_, let x, let y):
      use(x)
      use(y)
    case .select(let condition, let x, let y):
      use(condition)
      use(x)
      use(y)
    case .test(let guards):
      for limit in guards { use(limit.index) }
    case .randomBits(let seed, let stream, let element):
      use(seed)
      use(stream)
      use(element)
    }
  }

  private mutating func use(_ value: Kernel.Value) { counts[value, default: 0] += 1 }
  private mutating func use(_ index: Kernel.Index) {
    for term in index.dynamic { use(term.value) }
  }
  private mutating func use(_ value: Kernel.Value, _ index: Kernel.Index) {
    use(value)
    use(index)
  }

  /// How many vectors a loop should have in flight. Short bodies gain by it, sums above all; a long
  /// one keeps the processor busy by itself.
  static func interleaving(of body: [Kernel.Statement], length: Int) -> Int {
    var cost = 0
    for statement in body {
      switch statement {
      case .loop, .when: return 1
      case .define(_, let dtype, .unary(let op, _)) where dtype.isFloating && op.isFormula:
        return 1
      case .define(_, let dtype, .binary(let op, _, _)) where dtype.isFloating && op.isFormula:
        return 1
      case .define(_, _, .randomBits): return 1
      case .define, .declare, .accumulate, .assign, .store: cost += 1
      }
    }
    // A count must be a power of two, and the loop long enough for two rounds of 16 lanes each.
    if cost <= 8, length >= 128 { return 4 }
    return cost <= 16 && length >= 64 ? 2 : 1
  }
}

extension Unary {
  fileprivate var isFormula: Bool {
    switch self {
    case .exp, .expm1, .log, .log1p, .sin, .cos, .tan, .atan, .tanh, .erf, .sigmoid: true
    case .negate, .absolute, .sign, .floor, .ceil, .round, .sqrt, .rsqrt, .not: false
    }
  }
}

extension Binary {
  fileprivate var isFormula: Bool { self == .power || self == .atan2 || self == .remainder }
}
