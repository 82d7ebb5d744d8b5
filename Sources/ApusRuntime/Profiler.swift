import ApusIR
import Synchronization

/// Collects the time, work and traffic of each step of the programs that run under it.
public final class Profiler: Sendable {
  /// One step of one run.
  public struct Event: Sendable {
    public var name: String
    /// Nanoseconds of the monotonic clock.
    public var start: UInt64
    public var end: UInt64
    public var flops: Int
    /// Bytes read and written, each operand and result once.
    public var bytes: Int

    public var nanoseconds: UInt64 { end - start }
  }

  private let collected = Mutex<[Event]>([])
  private let limit: Int

  /// - Parameter limit: events kept; later ones are dropped, so that memory stays bounded.
  public init(limit: Int = 1_000_000) { self.limit = limit }

  public var events: [Event] { collected.withLock { $0 } }

  public func record(name: String, start: UInt64, end: UInt64, flops: Int = 0, bytes: Int = 0) {
    collected.withLock { events in
      guard events.count < limit else { return }
      events.append(Event(name: name, start: start, end: end, flops: flops, bytes: bytes))
    }
  }

  /// Profiles everything that runs in this task.
  @TaskLocal public static var current: Profiler?
}

extension Profiler {
  /// What all events of one name have in common.
  public struct Summary: Sendable {
    public var name: String
    public var count: Int
    public var nanoseconds: UInt64
    public var flops: Int
    public var bytes: Int

    public var gigaflopsPerSecond: Double { Double(flops) / Double(max(nanoseconds, 1)) }
    public var gigabytesPerSecond: Double { Double(bytes) / Double(max(nanoseconds, 1)) }
  }

  /// Events by name, the most expensive first.
  public var summaries: [Summary] {
    var byName: [String: Summary] = [:]
    for event in events {
      var summary =
        byName[event.name]
        ?? Summary(name: event.name, count: 0, nanoseconds: 0, flops: 0, bytes: 0)
      summary.count += 1
      summary.nanoseconds += event.nanoseconds
      summary.flops += event.flops
      summary.bytes += event.bytes
      byName[event.name] = summary
    }
    return byName.values.sorted { ($0.nanoseconds, $1.name) > ($1.nanoseconds, $0.name) }
  }

  /// The events in Chrome's trace format (`chrome://tracing`, Perfetto).
  public var chromeTrace: String {
    let events = self.events
    let origin = events.map(\.start).min() ?? 0
    let lines = events.map { event in
      let start = Double(event.start - origin) / 1_000
      let duration = Double(event.nanoseconds) / 1_000
      return "{\"name\":\"\(Self.escaped(event.name))\",\"ph\":\"X\",\"pid\":1,\"tid\":1,"
        + "\"ts\":\(start),\"dur\":\(duration),"
        + "\"args\":{\"flops\":\(event.flops),\"bytes\":\(event.bytes)}}"
    }
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }
}
