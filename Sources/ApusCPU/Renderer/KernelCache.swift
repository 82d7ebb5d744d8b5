import ApusRuntime
import Dispatch
import Synchronization

/// Compiled kernels, the least recently used of which are dropped.
///
/// A kernel that is being compiled is in the cache too, so that another thread waits for it instead
/// of compiling it again.
final class KernelCache: Sendable {
  typealias Outcome = Result<CompiledKernel, JITError>

  /// A kernel that some thread has promised to compile.
  final class Promise: Sendable {
    private let outcome = Mutex<Outcome?>(nil)
    private let done: DispatchGroup = {
      let group = DispatchGroup()
      group.enter()
      return group
    }()

    func fulfil(_ result: Outcome) {
      outcome.withLock { $0 = result }
      done.leave()
    }

    func wait() -> Outcome {
      done.wait()
      return outcome.withLock { $0! }
    }
  }

  /// A kernel, and how well it is to be compiled.
  struct Request: Hashable {
    var kernel: Kernel
    var optimisation: JIT.Optimisation
  }

  private struct Entry {
    var promise: Promise
    var lastUse: Int
  }
  private struct State {
    var entries: [Request: Entry] = [:]
    var clock = 0
  }

  let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { state.withLock { $0.entries.count } }

  /// What the cache has for a kernel. When it has nothing, the caller must fulfil the promise.
  func find(_ request: Request) -> (promise: Promise, isNew: Bool) {
    state.withLock { state in
      state.clock += 1
      if state.entries[request] != nil {
        state.entries[request]!.lastUse = state.clock
        return (state.entries[request]!.promise, false)
      }
      if state.entries.count >= capacity { evict(&state) }
      let promise = Promise()
      state.entries[request] = Entry(promise: promise, lastUse: state.clock)
      return (promise, true)
    }
  }

  /// Forgets a kernel that could not be compiled, so that the next attempt tries again.
  func remove(_ request: Request) {
    state.withLock { _ = $0.entries.removeValue(forKey: request) }
  }

  /// Drops the older half at once, so that a full cache costs no search at every miss.
  private func evict(_ state: inout State) {
    let uses = state.entries.values.map(\.lastUse).sorted()
    let oldest = uses[uses.count / 2]
    state.entries = state.entries.filter { $0.value.lastUse > oldest }
  }
}
