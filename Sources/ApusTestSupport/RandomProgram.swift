import ApusIR

/// Programs made by chance, for comparing engines and passes.
///
/// The same seed, size and options give the same program. Shapes include scalars, empty and odd
/// extents; all dtypes and primitives occur. For each value the generator keeps a bound on its
/// magnitude and stays where functions are tame: no logarithm of a negative number, no division
/// by nearly zero, nothing that overflows. Functions with jumps (floor, comparisons, sorting)
/// are applied only to values that every engine computes to the bit, so that a last place never
/// decides. `Options.special` lifts both.
public enum RandomProgram {
  public struct Options: Hashable, Sendable {
    public var dtypes: [DType] = DType.allCases
    public var kinds: Set<Primitive.Kind> = Set(Primitive.Kind.allCases)
    public var unary: [Unary] = Unary.allCases
    public var binary: [Binary] = Binary.allCases
    /// No tensor has more elements.
    public var maximumElements = 96
    /// Share of extents that are zero.
    public var emptiness = 0.01
    /// Inputs and constants include NaN, infinities, -0 and extreme integers, and any function is
    /// applied to any value. For comparing bit for bit.
    public var special = false

    public init() {}
  }

  /// A program of about `size` instructions with a few inputs; every value that nothing else uses
  /// is an output, so all of it counts.
  public static func generate(
    seed: UInt64, size: Int, options: Options = Options()
  ) -> Program {
    var generator = ProgramGenerator(random: SplitMix64(seed: seed), options: options)
    return generator.program(size: size)
  }

  /// Values for the inputs of a generated program: floating numbers between -2 and 2, integers and
  /// keys small.
  public static func inputs(
    for program: Program, seed: UInt64, options: Options = Options()
  ) -> [Buffer] {
    var random = SplitMix64(seed: seed ^ 0xABCD)
    return program.inputTypes.map { type in
      let values = (0..<type.shape.elementCount).map { _ in
        value(type.dtype, options, &random)
      }
      return buffer(values, type)
    }
  }

  static func value(_ dtype: DType, _ options: Options, _ random: inout SplitMix64) -> Double {
    switch dtype.category {
    case .bool:
      return random.chance(0.5) ? 1 : 0
    case .integer:
      if options.special, random.chance(0.1) {
        return random.pick([Scalar.lowest(dtype).double, Scalar.highest(dtype).double])
      }
      return Double(random.int(dtype == .u8 ? 0...12 : -8...8))
    case .floating:
      if options.special, random.chance(0.15) {
        return random.pick([.nan, .infinity, -.infinity, -0.0, 0.0, 1, -1])
      }
      if random.chance(0.1) { return Double(random.int(-2...2)) }
      return Double(Float.random(in: -2...2, using: &random))
    }
  }
}

/// The state while a program is made. The operations stand by family in `ProgramGenerator+….swift`.
struct ProgramGenerator {
  typealias Value = Program.Value

  /// What is known of a value.
  struct Fact {
    var lower: Double
    var upper: Double
    /// Whether every engine computes the same bits.
    var isExact: Bool

    var magnitude: Double { max(lower.magnitude, upper.magnitude) }
  }

  var random: SplitMix64
  var options: RandomProgram.Options
  /// Shapes that come again, so that values fit together.
  var shapes: [Shape] = []
  var program = Program(inputs: [])
  var facts: [Fact] = []
  /// How deep in bodies of scans and calls.
  var depth = 0

  init(random: SplitMix64, options: RandomProgram.Options) {
    self.random = random
    self.options = options
  }

  mutating func program(size: Int) -> Program {
    if random.chance(0.75) { narrow() }
    shapes = (0..<3).map { _ in randomShape() }
    var types = (0..<random.int(1...4)).map { _ in randomType() }
    types.append(TensorType(random.pick(options.dtypes), randomShape()))
    if options.kinds.contains(.randomBits) { types.append(TensorType(.i64, [2])) }
    start(types)
    grow(to: size)
    program.outputs = unusedValues()
    return program
  }

  /// Leaves each program a few functions of its own: so they meet each other, and patterns such as
  /// a sum with a negation are common (swarm testing; Groce et al., 2012).
  private mutating func narrow() {
    func some<Choice>(_ choices: [Choice], _ count: Int) -> [Choice] {
      Array(choices.shuffled(using: &random).prefix(count))
    }
    let kinds = Primitive.Kind.allCases.filter(options.kinds.contains)
    options.kinds = Set(some(kinds, random.int(4...10)))
    if random.chance(0.8) {
      options.kinds.formUnion(Set(kinds).intersection([.unary, .binary, .constant]))
    }
    options.unary = some(options.unary, random.int(2...4))
    options.binary = some(options.binary, random.int(2...4))
    options.dtypes = some(options.dtypes, random.int(1...3))
  }

  mutating func start(_ types: [TensorType]) {
    program = Program(inputs: types)
    facts = types.map { Self.inputFact($0.dtype) }
  }

  mutating func grow(to size: Int) {
    // Most graphs are mostly elementwise.
    var kinds = Primitive.Kind.allCases
    kinds += [.unary, .unary, .unary, .binary, .binary, .binary, .binary, .select, .reduce, .cast]
    kinds.removeAll { !options.kinds.contains($0) }
    var attempts = 0
    while program.instructions.count < size, attempts < 20 * size {
      attempts += 1
      add(random.pick(kinds))
    }
  }

  func unusedValues() -> [Value] {
    var isUsed = [Bool](repeating: false, count: program.types.count)
    for instruction in program.instructions { for x in instruction.operands { isUsed[x] = true } }
    let unused = program.types.indices.filter { !isUsed[$0] && $0 >= program.inputCount }
    return unused.isEmpty ? [program.types.count - 1] : unused
  }

  static func inputFact(_ dtype: DType) -> Fact {
    switch dtype.category {
    case .bool: Fact(lower: 0, upper: 1, isExact: true)
    case .integer: Fact(lower: -12, upper: 12, isExact: true)
    case .floating: Fact(lower: -2, upper: 2, isExact: true)
    }
  }

  // MARK: - Types and operands

  mutating func randomShape(rank: Int? = nil, maximum: Int? = nil) -> Shape {
    if rank == nil, maximum == nil, !shapes.isEmpty, random.chance(0.6) {
      return random.pick(shapes)
    }
    let limit = maximum ?? options.maximumElements
    var shape = Shape([])
    for _ in 0..<(rank ?? random.pick([0, 1, 1, 2, 2, 2, 3, 3, 4])) {
      var extent = random.chance(options.emptiness) ? 0 : random.pick([1, 1, 2, 2, 3, 4, 5, 7, 9])
      if shape.elementCount * extent > limit { extent = 1 }
      shape.extents.append(extent)
    }
    return shape
  }

  mutating func randomType() -> TensorType {
    TensorType(random.pick(options.dtypes), randomShape())
  }

  func type(_ value: Value) -> TensorType { program.types[value] }
  func shape(_ value: Value) -> Shape { program.types[value].shape }

  /// A value that meets a condition; recent ones more often.
  mutating func pick(where condition: (TensorType) -> Bool = { _ in true }) -> Value? {
    for _ in 0..<12 {
      let count = program.types.count
      let first = random.chance(0.5) ? max(count - 7, 0) : 0
      let value = random.int(first...(count - 1))
      if condition(program.types[value]) { return value }
    }
    return nil
  }

  /// A value for a function with jumps.
  mutating func pickExact(where condition: (TensorType) -> Bool = { _ in true }) -> Value? {
    for _ in 0..<6 {
      if let value = pick(where: condition), facts[value].isExact || options.special {
        return value
      }
    }
    return nil
  }

  @discardableResult
  mutating func append(_ primitive: Primitive, _ operands: [Value], _ fact: Fact) -> Value {
    do throws(TensorError) {
      let value = try program.append(primitive, operands)
      facts.append(fact)
      return value
    } catch {
      fatalError("the generator made an instruction that does not fit: \(error)")
    }
  }

  mutating func constant(_ value: Scalar, _ type: TensorType) -> Value {
    let number = value.converted(to: type.dtype)
    return append(
      .constant(number, type), [],
      Fact(lower: number.double, upper: number.double, isExact: true))
  }

  /// A value of the given type made from another: cast, then broadcast, reshaped, cut or repeated.
  mutating func coerced(_ value: Value, to target: TensorType) -> Value {
    let value = converted(value, to: target.dtype)
    let (source, fact) = (shape(value), facts[value])
    let (have, need) = (source.elementCount, target.shape.elementCount)
    if source == target.shape { return value }
    if source.broadcasts(to: target.shape) {
      return append(.broadcast(target.shape), [value], fact)
    }
    if have == need { return append(.reshape(target.shape), [value], fact) }
    if have == 0 { return constant(.one(target.dtype), target) }
    if random.chance(0.15) {
      let single = append(.reduce(.maximum, axes: Array(source.indices)), [value], fact)
      return append(.broadcast(target.shape), [single], fact)
    }
    var flat = value
    if have < need {
      let repeats = (need + have - 1) / have
      flat = append(.reshape([1, have]), [flat], fact)
      flat = append(.broadcast([repeats, have]), [flat], fact)
    }
    flat = append(.reshape([shape(flat).elementCount]), [flat], fact)
    if shape(flat)[0] > need {
      flat = append(.slice(Slicing(starts: [0], ends: [need])), [flat], fact)
    }
    return append(.reshape(target.shape), [flat], fact)
  }

  mutating func converted(_ value: Value, to dtype: DType) -> Value {
    let source = type(value).dtype
    if source == dtype { return value }
    // A jump lies between a floating number and an integer.
    if source.isFloating, !dtype.isFloating, !facts[value].isExact, !options.special {
      return constant(.one(dtype), TensorType(dtype, shape(value)))
    }
    var fact = facts[value]
    if !dtype.isFloating || (source.isInteger && fact.magnitude > 100) {
      fact = Self.wideFact(dtype, fact)
    }
    var operand = value
    if dtype.isFloating, source.isInteger, !options.special, facts[value].magnitude > 100 {
      // Large integers come back to a tame range.
      let seven = constant(.integer(7), type(value))
      operand = append(
        .binary(.remainder), [value, seven], Fact(lower: -6, upper: 6, isExact: true))
      fact = facts[operand]
    }
    if dtype.isFloating, source.isFloating, dtype.byteCount < source.byteCount {
      // Rounding is a small jump: two engines' last places stay last places.
      fact.isExact = facts[operand].isExact
    }
    return append(.cast(dtype), [operand], fact)
  }

  /// Bounds for integers that may have wrapped.
  static func wideFact(_ dtype: DType, _ fact: Fact) -> Fact {
    switch dtype.category {
    case .bool: return Fact(lower: 0, upper: 1, isExact: true)
    case .integer:
      // A cast cuts fractions off.
      var fact = fact
      fact.lower = fact.lower.rounded(.towardZero)
      fact.upper = fact.upper.rounded(.towardZero)
      let (low, high) = (Scalar.lowest(dtype).double, Scalar.highest(dtype).double)
      return fact.lower >= low && fact.upper <= high
        ? Fact(lower: fact.lower, upper: fact.upper, isExact: true)
        : Fact(lower: low, upper: high, isExact: true)
    case .floating: return fact
    }
  }

  /// A floating value with magnitude at most `limit`; integers wrap and are left as they are.
  mutating func tamed(_ value: Value, _ limit: Double = 64) -> Value {
    guard type(value).dtype.isFloating, !options.special, facts[value].magnitude > limit else {
      return value
    }
    return append(.unary(.tanh), [value], Fact(lower: -1, upper: 1, isExact: false))
  }

  /// The bounds of a result that was computed with rounding.
  func computed(_ dtype: DType, _ lower: Double, _ upper: Double) -> Fact {
    guard dtype.isFloating else {
      return Self.wideFact(dtype, Fact(lower: lower, upper: upper, isExact: true))
    }
    return Fact(lower: lower, upper: upper, isExact: false)
  }
}
