import ApusIR

/// Something that can compute programs: the reference interpreter, the CPU engine.
public protocol Engine: Sendable {
  var device: Device { get }

  /// Prepares a program for running many times.
  ///
  /// - Throws: `TensorError` where the program cannot run here, for instance for lack of memory.
  func compile(_ program: Program, options: CompileOptions) throws -> any CompiledProgram

  /// Gives back memory that only compiling needs; the next compilation fetches it again.
  func releaseCompiler()
}

extension Engine {
  public func releaseCompiler() {}
}

/// What may change the code an engine makes from a program.
public struct CompileOptions: Hashable, Sendable {
  /// Inputs whose memory the program may overwrite; each may lend it to one output of its type.
  public var donated: Set<Int>
  /// Inputs that stay the same from run to run; they are given as `prepare` returned them.
  public var frozen: Set<Int>
  /// The most bytes that the program may need; nil for `MemoryLimit.current`.
  public var memoryLimit: Int?

  public init(donated: Set<Int> = [], frozen: Set<Int> = [], memoryLimit: Int? = nil) {
    self.donated = donated
    self.frozen = frozen
    self.memoryLimit = memoryLimit
  }
}

/// A program ready to run.
public protocol CompiledProgram: Sendable {
  /// For each output the donated input whose memory it takes over, if any.
  var aliases: [Int?] { get }
  /// What is known before the first run.
  var cost: Cost { get }

  /// What the program wants in place of a frozen input, for instance weights in the layout that a
  /// library prefers; the buffer itself where it is fine as it is.
  func prepare(_ buffer: Buffer, frozen input: Int) throws -> Buffer

  /// Computes all outputs. An output with an alias must be given the memory of that input; all
  /// other memory must be distinct. May be called from several tasks at once.
  ///
  /// - Throws: what a host operation throws, for instance on a singular matrix.
  func run(inputs: [Buffer], outputs: [Buffer], profiler: Profiler?) throws
}

extension CompiledProgram {
  public func prepare(_ buffer: Buffer, frozen input: Int) throws -> Buffer { buffer }
}

/// Work and memory of one run, known from the program alone.
public struct Cost: Hashable, Sendable {
  /// Floating-point operations, a multiply-add counted as two.
  public var flops: Int
  /// Bytes read and written by all steps.
  public var bytesMoved: Int
  /// Memory for intermediate results.
  public var arenaBytes: Int
  /// Arena, inputs and outputs together.
  public var peakBytes: Int

  public init(flops: Int = 0, bytesMoved: Int = 0, arenaBytes: Int = 0, peakBytes: Int = 0) {
    self.flops = flops
    self.bytesMoved = bytesMoved
    self.arenaBytes = arenaBytes
    self.peakBytes = peakBytes
  }
}

/// Computes one primitive at a time on dense row-major memory.
///
/// The reference interpreter is one; engines use it for what they have no code of their own for.
public protocol PrimitiveEvaluator: Sendable {
  func evaluate(
    _ primitive: Primitive, operands: [UnsafeRawPointer], operandTypes: [TensorType],
    results: [UnsafeMutableRawPointer], resultTypes: [TensorType]
  ) throws
}
