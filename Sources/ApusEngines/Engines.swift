import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime

/// The engines of this build.
public enum Engines {
  /// Registers all engines and the linear algebra, the first time it is read.
  ///
  /// Without LLVM the interpreter stands in for the CPU engine, and one line on standard error says
  /// what to install.
  public static let registered: Void = {
    LinearAlgebraRegistry.register(LAPACKBackend())
    EngineRegistry.register(ReferenceEngine())
    do throws(TensorError) {
      EngineRegistry.register(try CPUEngine(fallback: ReferenceEvaluator()))
    } catch {
      Warning.print("\(error.message). Until then everything runs on the slow reference interpreter.")
      EngineRegistry.register(ReferenceEngine(device: .cpu))
    }
  }()
}
