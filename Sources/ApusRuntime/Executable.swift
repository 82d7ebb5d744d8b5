import ApusIR

/// A program compiled for a device, with the memory handling around a run.
public final class Executable: Sendable {
  public let program: Program
  public let device: Device
  public let options: CompileOptions
  public let compiled: any CompiledProgram

  public init(_ program: Program, device: Device, options: CompileOptions = CompileOptions()) throws {
    self.program = program
    self.device = device
    self.options = options
    compiled = try EngineRegistry.engine(for: device).compile(program, options: options)
  }

  public var cost: Cost { compiled.cost }

  /// Runs the program on one buffer for each input.
  ///
  /// A donated input's buffer is given up by the caller: it may come back as an output.
  public func run(_ inputs: [Buffer], profiler: Profiler? = .current) throws -> [Buffer] {
    precondition(inputs.count == program.inputCount, "one buffer for each input")
    let outputs = zip(program.outputs, compiled.aliases).map { value, alias in
      alias.map { inputs[$0] } ?? Buffer(byteCount: program.types[value].byteCount)
    }
    try compiled.run(inputs: inputs, outputs: outputs, profiler: profiler)
    return outputs
  }
}
