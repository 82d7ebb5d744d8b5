import ApusIR
import ApusRuntime

/// The engine of the processor: oneDNN for matmul and convolution, compiled loops for the rest.
public struct CPUEngine: Engine {
  public let device: Device
  /// Computes what there is neither a library call nor a kernel for.
  let fallback: any PrimitiveEvaluator

  /// What oneDNN takes here.
  static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16], prefersWinograd: true)

  /// - Throws: `TensorError` with what to install where LLVM cannot be loaded.
  public init(device: Device = .cpu, fallback: any PrimitiveEvaluator) throws(TensorError) {
    if LLVMLibrary.location == nil, case .failure(let reason) = LLVMLibrary.shared {
      throw Self.unavailable("\(reason)")
    }
    self.device = device
    self.fallback = fallback
  }

  public func compile(
    _ program: Program, options: CompileOptions
  ) throws -> any CompiledProgram {
    if let reason = OneDNN.unavailableReason {
      throw Self.unavailable(reason)
    }
    let start = monotonicNanoseconds()
    let optimised = program.optimised()
    let afterPasses = monotonicNanoseconds()
    let limit = options.memoryLimit ?? MemoryLimit.current
    let plan = try Self.plan(for: optimised, donated: options.donated, limit: limit)
    DebugLevel.plans.log(plan.description)
    try MemoryLimit.check(plan, peak: Cost(plan).peakBytes, limit: limit)
    let afterLowering = monotonicNanoseconds()
    let compiled = try CompiledPlan(plan, frozen: options.frozen, fallback: fallback)
    let end = monotonicNanoseconds()
    func span(_ from: UInt64, _ to: UInt64) -> String { "\((to - from) / 1_000_000)" }
    DebugLevel.compiles.log(
      "compiled \(program.instructions.count) instructions into \(plan.steps.count) steps in "
        + "\(span(start, end)) ms (passes \(span(start, afterPasses)), lowering "
        + "\(span(afterPasses, afterLowering)), code \(span(afterLowering, end)))")
    return compiled
  }

  /// How often to look for values that need not be kept.
  private static let planningRounds = 8

  /// The plan of a program. Where it is over the limit, cheap values are computed twice.
  private static func plan(
    for program: Program, donated: Set<Int>, limit: Int
  ) throws(TensorError) -> Plan {
    var program = program
    var plan = try Lowering.plan(for: program, capabilities: capabilities, donated: donated)
    for _ in 0..<planningRounds {
      let excess = Cost(plan).peakBytes - limit
      guard excess > 0, let smaller = Rematerialise.rewrite(program, saving: excess) else { break }
      let next = try Lowering.plan(for: smaller, capabilities: capabilities, donated: donated)
      guard Cost(next).peakBytes < Cost(plan).peakBytes else { break }
      (program, plan) = (smaller, next)
    }
    return plan
  }

  public func releaseCompiler() { CodePages.release(libraryNamed: "libLLVM") }

  /// A library is missing; the sentence says what to install.
  private static func unavailable(_ sentence: String) -> TensorError {
    let message = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    return TensorError(.engine, operation: "cpu", message)
  }
}
