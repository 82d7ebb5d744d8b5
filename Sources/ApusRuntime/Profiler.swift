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
    /// The number of the program, an index into `programs`, and of its step; nil where the engine
    /// has no plan.
    public var program: Int?
    public var step: Int?

    public var nanoseconds: UInt64 { end - start }
  }

  /// A compiled program that ran.
  public struct ProgramRecord: Sendable {
    public var plan: Plan
    public var runs: Int
  }

  private struct Programs {
    var records: [ProgramRecord] = []
    /// Kept, so that their identities stay theirs.
    var compiled: [any CompiledProgram & AnyObject] = []
    var numbers: [ObjectIdentifier: Int] = [:]
  }

  private let collected = Mutex<[Event]>([])
  private let known = Mutex(Programs())
  private let limit: Int

  /// - Parameter limit: events kept; later ones are dropped, so that memory stays bounded.
  public init(limit: Int = 1_000_000) { self.limit = limit }

  public var events: [Event] { collected.withLock { $0 } }

  /// The programs that ran, in the order of their first runs.
  public var programs: [ProgramRecord] { known.withLock { $0.records } }

  public func record(name: String, start: UInt64, end: UInt64, flops: Int = 0, bytes: Int = 0) {
    append(Event(name: name, start: start, end: end, flops: flops, bytes: bytes))
  }

  private func append(_ event: Event) {
    collected.withLock { events in
      if events.count < limit { events.append(event) }
    }
  }

  /// Notes a run of a compiled program and returns the program's number.
  public func begin(_ compiled: any CompiledProgram & AnyObject, _ plan: Plan) -> Int {
    known.withLock { known in
      let identity = ObjectIdentifier(compiled)
      let number = known.numbers[identity] ?? known.records.count
      if number == known.records.count {
        known.numbers[identity] = number
        known.compiled.append(compiled)
        known.records.append(ProgramRecord(plan: plan, runs: 0))
      }
      known.records[number].runs += 1
      return number
    }
  }

  /// Records one step of a program that `begin` numbered.
  public func record(_ plan: Plan, program: Int, step: Int, start: UInt64, end: UInt64) {
    let content = plan.steps[step]
    let traffic = (content.reads + content.writes).reduce(0) { $0 + plan.blocks[$1].byteCount }
    append(
      Event(
        name: content.name, start: start, end: end, flops: content.flops, bytes: traffic,
        program: program, step: step))
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
