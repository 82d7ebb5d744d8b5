import COneDNN
import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one thread at a time that starts parallel work, so that OpenMP keeps one team of workers.
///
/// OpenMP makes a team for every thread that launches, and as soon as there are more workers than
/// cores they stop spinning: measured, a launch then costs 10 to 40 µs instead of 0.5. Swift's
/// tasks move between threads at every suspension, so a training loop would get there by itself.
/// As long as only one thread asks, it does its work itself. When another comes, both hand theirs to a
/// thread of the engine from then on, which costs some ten microseconds a step.
package final class EngineThread: Sendable {
  package static let shared = EngineThread()

  private struct Job {
    let body: () -> Void
  }

  /// One caller at a time hands over a job.
  private let turn = DispatchSemaphore(value: 1)
  private let requested = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  /// The address of the caller's `Job`, 0 when there is none.
  private let job = Atomic<UInt>(0)
  /// The thread's identity, set before it serves anyone.
  private let identity = Atomic<UInt>(0)
  /// The first thread that asked.
  private let first = Atomic<UInt>(0)
  /// Whether another thread has asked since.
  private let isShared = Atomic<Bool>(false)
  /// Whether the first thread has ended its own workers; touched by that thread only.
  private nonisolated(unsafe) var hasReleased = false
  private let start = Mutex(false)

  private init() {}

  /// Starts the engine's thread at the first call.
  private func startServing() {
    start.withLock { isStarted in
      if !isStarted { startThread() }
      isStarted = true
    }
  }

  private func startThread() {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let me = Unmanaged.passRetained(self).toOpaque()
    let code = pthread_create(
      &thread, nil,
      { raw in
        #if canImport(Darwin)
          let raw: UnsafeMutableRawPointer? = raw
        #endif
        Unmanaged<EngineThread>.fromOpaque(raw!).takeRetainedValue().serve()
      }, me)
    precondition(code == 0, "The engine's thread could not be started (error \(code)).")
  }

  /// Whether the calling thread does its work itself.
  private var isOwn: Bool {
    let me = Self.currentThread
    if identity.load(ordering: .relaxed) == me { return true }
    let known = first.load(ordering: .relaxed)
    if known == me {
      guard isShared.load(ordering: .relaxed) else { return true }
      // Inside of its own parallel work there is nothing to end yet.
      if !hasReleased { hasReleased = apus_openmp_release() }
      return !hasReleased
    }
    if known == 0, ThreadPool.shared.isParallel, apus_openmp_can_release() {
      let claim = first.compareExchange(expected: 0, desired: me, ordering: .relaxed)
      if claim.exchanged { return true }
    }
    isShared.store(true, ordering: .relaxed)
    return false
  }

  /// Runs `body` on the thread that starts parallel work and waits for it; inline if already there.
  ///
  /// Calls from several threads run one after the other. Task-local values are not visible inside.
  package func run<Value, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    if isOwn { return try body() }
    startServing()
    var result: Result<Value, Failure>?
    let work = { () -> Void in
      do throws(Failure) {
        result = .success(try body())
      } catch {
        result = .failure(error)
      }
    }
    withoutActuallyEscaping(work) { work in
      turn.wait()
      defer { turn.signal() }
      var handed = Job(body: work)
      withUnsafeMutablePointer(to: &handed) { pointer in
        job.store(UInt(bitPattern: pointer), ordering: .releasing)
        requested.signal()
        finished.wait()
      }
    }
    return try result!.get()
  }

  private func serve() -> Never {
    identity.store(Self.currentThread, ordering: .relaxed)
    while true {
      // The next step often follows at once; a moment's spinning saves waking up.
      var spins = 2_000
      while spins > 0, job.load(ordering: .relaxed) == 0 { spins -= 1 }
      requested.wait()
      let address = job.exchange(0, ordering: .acquiring)
      UnsafePointer<Job>(bitPattern: address)!.pointee.body()
      finished.signal()
    }
  }

  private static var currentThread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}
