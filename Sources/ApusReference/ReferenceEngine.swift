import ApusIR
import ApusRuntime

/// Runs programs one instruction after the other with plain loops. The oracle of all engines.
public struct ReferenceEngine: Engine {
  public let device: Device

  /// - Parameter device: the device to stand in for, where its own engine is missing.
  public init(device: Device = .reference) { self.device = device }

  /// Inputs are never overwritten, donated or not.
  public func compile(
    _ program: Program, options: CompileOptions
  ) throws -> any CompiledProgram {
    InterpretedProgram(program)
  }
}

private struct InterpretedProgram: CompiledProgram {
  let interpreter: Interpreter
  let aliases: [Int?]
  let cost: Cost

  init(_ program: Program) {
    interpreter = Interpreter(program)
    aliases = program.outputs.map { _ in nil }
    let inputs = program.inputTypes.reduce(0) { $0 + $1.byteCount }
    let outputs = program.outputTypes.reduce(0) { $0 + $1.byteCount }
    cost = Cost(
      flops: program.flops, bytesMoved: program.bytesMoved, arenaBytes: interpreter.arenaBytes,
      peakBytes: interpreter.arenaBytes + inputs + outputs)
  }

  func run(inputs: [Buffer], outputs: [Buffer], profiler: Profiler?) throws {
    try interpreter.run(
      inputs.map { UnsafeRawPointer($0.pointer) }, outputs.map(\.pointer), profiler: profiler)
    withExtendedLifetime((inputs, outputs)) {}
  }
}
