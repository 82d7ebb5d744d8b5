import ApusIR
import Synchronization

/// The engines by device. The only place that hands out an engine.
public enum EngineRegistry {
  private static let engines = Mutex<[Device: any Engine]>([:])

  public static func register(_ engine: any Engine) {
    engines.withLock { $0[engine.device] = engine }
  }

  /// - Throws: `TensorError` where there is no such engine.
  public static func engine(for device: Device) throws(TensorError) -> any Engine {
    let found = engines.withLock { ($0[device], $0.keys.map(\.name).sorted()) }
    guard let engine = found.0 else {
      throw TensorError(
        .device, operation: "device",
        "there is no engine for device \(device); this build has \(found.1.joined(separator: ", "))")
    }
    return engine
  }
}
