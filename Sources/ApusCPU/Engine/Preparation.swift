import ApusRuntime
import Synchronization

/// Makes the steps of a plan ready to run: kernels are compiled and library calls prepared side by
/// side, on all cores.
struct Preparation {
  let plan: Plan
  /// Steps whose weights come in the layout that the library prefers.
  var packed: Set<Int> = []
  /// Inputs that stay the same while a loop runs the plan again and again.
  var constants: Range<Int> = 0..<0
  /// Whether the plan runs on one thread.
  let isSmall: Bool
  let fallback: any PrimitiveEvaluator

  /// How many threads take part in a step; all of the pool's if nil.
  private var threads: Int? { isSmall ? 1 : nil }

  func steps() throws -> [any PreparedStep] {
    let kernels = plan.steps.compactMap { step -> Kernel? in
      guard case .kernel(let kernel, _) = step.operation else { return nil }
      return kernel
    }
    let calls = plan.steps.indices.filter { index in
      if case .kernel = plan.steps[index].operation { false } else { true }
    }
    let compiled = Mutex<Result<[CompiledKernel], JITError>>(.success([]))
    let prepared = Mutex<[Int: Result<any PreparedStep, any Error>]>([:])
    concurrently(calls.count + 1) { part in
      if part == 0 {
        let result = Result { () throws(JITError) in try KernelCompiler.shared.compile(kernels) }
        compiled.withLock { $0 = result }
      } else {
        let index = calls[part - 1]
        let result = Result { try call(index) }
        prepared.withLock { $0[index] = result }
      }
    }
    var rest = try compiled.withLock { $0 }.get()[...]
    let ready = prepared.withLock { $0 }
    return try plan.steps.indices.map { index in
      if case .kernel(let kernel, let arguments) = plan.steps[index].operation {
        return KernelStep(
          kernel, rest.removeFirst(), arguments: arguments, threads: threads)
      }
      return try ready[index]!.get()
    }
  }

  /// Prepares a step that is no kernel.
  private func call(_ index: Int) throws -> any PreparedStep {
    let isPacked = packed.contains(index)
    return switch plan.steps[index].operation {
    case .kernel: preconditionFailure("a kernel is compiled, not called")
    case .matmul(let matmul):
      try MatmulStep.prepare(
        matmul, packed: isPacked, packsWeights: isConstant(matmul.b.block), threads: threads,
        fallback: fallback)
    case .convolution(let call):
      try ConvolutionStep.prepare(call, packed: isPacked, threads: threads, fallback: fallback)
    case .primitive(let primitive, let operands, let results):
      PrimitiveStep(
        primitive, operands: operands, results: results, plan: plan, evaluator: fallback)
    case .scan(let call): try ScanStep(call, inSmall: isSmall, fallback: fallback)
    }
  }

  private func isConstant(_ block: Int) -> Bool {
    guard case .input(let input) = plan.blocks[block].place else { return false }
    return constants.contains(input)
  }
}
