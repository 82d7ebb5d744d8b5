import ApusIR
import ApusRuntime

/// The engine of the processor: oneDNN for matmul and convolution, compiled loops for the rest.
public struct CPUEngine: Engine {
  public let device: Device
  /// Computes what there is neither a library call nor a kernel for.
  let fallback: any PrimitiveEvaluator

  /// What oneDNN takes here.
  static let capabilities = Lowering.Capabilities(
    matmul: [.f32, .bf16], convolution: [.f32, .bf16])

  /// - Throws: `TensorError` with what to install where LLVM cannot be loaded.
  public init(device: Device = .cpu, fallback: any PrimitiveEvaluator) throws(TensorError) {
    if case .failure(let reason) = LLVMLibrary.shared {
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
    let plan = try Lowering.plan(
      for: optimised, capabilities: Self.capabilities, donated: options.donated)
    DebugLevel.plans.log(plan.description)
    try MemoryLimit.check(plan, peak: Cost(plan).peakBytes)
    let compiled = try CompiledPlan(plan, fallback: fallback)
    DebugLevel.compiles.log(
      "compiled \(program.instructions.count) instructions into \(plan.steps.count) steps in "
        + "\((monotonicNanoseconds() - start) / 1_000_000) ms")
    return compiled
  }

  /// A library is missing; the sentence says what to install.
  private static func unavailable(_ sentence: String) -> TensorError {
    let message = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    return TensorError(.engine, operation: "cpu", message)
  }
}
