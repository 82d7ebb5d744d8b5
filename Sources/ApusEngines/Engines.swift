import ApusReference
import ApusRuntime

/// The engines of this build.
public enum Engines {
  /// Registers all engines, the first time it is read.
  public static let registered: Void = {
    EngineRegistry.register(ReferenceEngine())
    EngineRegistry.register(ReferenceEngine(device: .cpu))
  }()
}
