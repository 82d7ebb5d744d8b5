import ApusIR
import Synchronization

/// Executables by the structure of their program: the same computation compiles once.
public final class ExecutableCache: Sendable {
  public static let shared = ExecutableCache(capacity: 512)

  private struct Key: Hashable {
    var program: Program
    var device: Device
    var options: CompileOptions
  }

  private struct Entry {
    var executable: Executable
    var lastUse: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var clock: UInt64 = 0
    var hits = 0
    var compiles = 0
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let recompilations = RecompilationLog()

  /// - Parameter capacity: executables kept; the least recently used goes first.
  public init(capacity: Int) { self.capacity = capacity }

  public var statistics: (hits: Int, compiles: Int) { state.withLock { ($0.hits, $0.compiles) } }

  public func executable(
    for program: Program, device: Device, options: CompileOptions = CompileOptions()
  ) throws -> Executable {
    let key = Key(program: program, device: device, options: options)
    if let found = lookUp(key) {
      DebugLevel.compiles.log("cache hit: \(program.instructions.count) instructions")
      return found
    }
    if let reason = recompilations.note(program) { DebugLevel.compiles.log(reason) }
    let executable = try Executable(program, device: device, options: options)
    insert(executable, for: key)
    return executable
  }

  private func lookUp(_ key: Key) -> Executable? {
    state.withLock { state in
      guard let index = state.entries.index(forKey: key) else { return nil }
      state.clock += 1
      state.hits += 1
      state.entries.values[index].lastUse = state.clock
      return state.entries.values[index].executable
    }
  }

  private func insert(_ executable: Executable, for key: Key) {
    state.withLock { state in
      state.clock += 1
      state.compiles += 1
      if state.entries.count >= capacity,
        let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        state.entries[oldest.key] = nil
      }
      state.entries[key] = Entry(executable: executable, lastUse: state.clock)
    }
  }
}
