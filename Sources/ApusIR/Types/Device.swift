/// Where a tensor lives and which engine computes it.
///
/// A run-time value: the same model code runs on any device.
public struct Device: Hashable, Sendable {
  /// The engine's name in the registry.
  public let name: String

  public init(name: String) { self.name = name }

  /// oneDNN and compiled loops on the processor.
  public static let cpu = Device(name: "cpu")
  /// The reference interpreter: slow, obvious code, the oracle of all engines.
  public static let reference = Device(name: "reference")

  /// The device on which new tensors are made in this task.
  @TaskLocal public static var current: Device = .cpu
}

extension Device: CustomStringConvertible {
  public var description: String { name }
}
