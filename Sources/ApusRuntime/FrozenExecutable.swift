import ApusIR

/// A program some inputs of which are given once and then stay: the weights of a model that is not
/// trained any more.
///
/// What follows from them alone is computed when they are given, and the engine keeps them in the
/// form it works with best.
public struct FrozenExecutable: Sendable {
  /// Takes the varying inputs, then the frozen values.
  public let main: Executable
  private let varying: [Int]
  private let values: [Value]

  private struct Value: Sendable {
    /// Nil where the value is an input.
    var executable: Executable?
    var inputs: [Int]
  }

  /// The frozen inputs in the form in which the program takes them.
  public struct Frozen: Sendable {
    fileprivate var buffers: [Buffer]
    /// Nothing, for a program without frozen inputs.
    public static let none = Frozen(buffers: [])
  }

  public let inputCount: Int

  /// - Parameters:
  ///   - frozen: inputs that stay the same from run to run.
  ///   - donated: other inputs, whose memory the program may overwrite.
  public init(
    _ program: Program, device: Device, frozen: Set<Int>, donated: Set<Int> = []
  ) throws {
    precondition(frozen.isDisjoint(with: donated), "a frozen input cannot be donated")
    let cache = ExecutableCache.shared
    inputCount = program.inputCount
    guard !frozen.isEmpty else {
      varying = Array(0..<program.inputCount)
      values = []
      main = try cache.executable(
        for: program, device: device, options: CompileOptions(donated: donated))
      return
    }
    let optimised = program.optimised()
    let folded = FoldScalesIntoConvolutions.rewrite(optimised, frozen: frozen)
    let split = FrozenSplit(folded?.optimised() ?? optimised, frozen: frozen)
    let varying = split.varying
    self.varying = varying
    values = try split.values.map { value in
      let executable = try value.isInput ? nil : cache.executable(for: value.program, device: device)
      return Value(executable: executable, inputs: value.inputs)
    }
    let places = varying.count..<(varying.count + split.values.count)
    let lent = Set(varying.indices.filter { donated.contains(varying[$0]) })
    main = try cache.executable(
      for: split.main, device: device,
      options: CompileOptions(donated: lent, frozen: Set(places)))
    // Weights are read next: they need not find the compiler's memory beside theirs.
    try EngineRegistry.engine(for: device).releaseCompiler()
  }

  /// Computes what follows from the frozen inputs.
  ///
  /// - Parameter input: the value of a frozen input; asked for once or more, when it is needed, and
  ///   not kept unless the program needs it as it is.
  public func freeze(_ input: (Int) throws -> Buffer) throws -> Frozen {
    var buffers: [Buffer] = []
    for (index, value) in values.enumerated() {
      let operands = try value.inputs.map(input)
      let buffer = try value.executable.map { try $0.run(operands)[0] } ?? operands[0]
      buffers.append(try main.compiled.prepare(buffer, frozen: varying.count + index))
    }
    return Frozen(buffers: buffers)
  }

  /// Runs the program on one buffer for each input; those of frozen inputs are not looked at.
  public func run(
    _ frozen: Frozen, _ input: (Int) -> Buffer, profiler: Profiler? = .current
  ) throws -> [Buffer] {
    var inputs: [Buffer] = []
    inputs.reserveCapacity(varying.count + values.count)
    for index in varying { inputs.append(input(index)) }
    inputs += frozen.buffers
    return try main.run(inputs, profiler: profiler)
  }
}
