import ApusIR
import Synchronization

/// Collects the time, work and traffic of each step of the programs that run under it.
public final class Profiler: Sendable {
  public struct Event: Sendable {
    public var name: String
    /// Nanoseconds of the monotonic clock.
    public var start: UInt64
    public var end: UInt64
    public var flops: Int
    public var bytes: Int
  }

  private let collected = Mutex<[Event]>([])

  public init() {}

  public var events: [Event] { collected.withLock { $0 } }

  public func record(name: String, start: UInt64, end: UInt64, flops: Int = 0, bytes: Int = 0) {
    collected.withLock {
      $0.append(Event(name: name, start: start, end: end, flops: flops, bytes: bytes))
    }
  }

  /// Profiles everything that runs in this task.
  @TaskLocal public static var current: Profiler?
}
