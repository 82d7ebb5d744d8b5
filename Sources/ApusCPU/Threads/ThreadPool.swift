import COneDNN
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The parallel loop of the CPU engine, on the OpenMP threads that oneDNN uses.
///
/// A launch costs well under a microsecond while the workers still spin after earlier work; they
/// spin for about a millisecond and then sleep, so an idle program uses no processor time.
///
/// OpenMP keeps one team of workers for every thread that starts parallel work, and teams share the
/// cores. Whole steps therefore run on the `EngineThread`.
///
/// The number of threads is `APUS_THREADS`, else `OMP_NUM_THREADS`, else the physical cores that
/// the process may use.
package final class ThreadPool: Sendable {
  package static let shared = ThreadPool()

  /// How long a worker waits for more work before it sleeps.
  static let spinMicroseconds: Int32 = 1_000

  /// Whether an OpenMP runtime was found; without one everything runs on the calling thread.
  package let isParallel: Bool
  private let threads: Atomic<Int>

  private init() {
    let chosen =
      Self.positive("APUS_THREADS") ?? Self.positive("OMP_NUM_THREADS")
      ?? Int(apus_physical_cores())
    // libgomp reads its settings while it is being loaded, so they come first.
    apus_openmp_prepare(Int32(chosen), Self.spinMicroseconds)
    isParallel = apus_openmp_load()
    threads = Atomic(isParallel ? chosen : 1)
  }

  private static func positive(_ variable: String) -> Int? {
    guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
    guard let value = Int(text), value > 0 else { return nil }
    return min(value, 1024)
  }

  /// Threads that take part in a launch, the caller included.
  ///
  /// A change applies to launches and primitives made afterwards. Results of reductions split by
  /// thread depend on it.
  package var threadCount: Int {
    get { threads.load(ordering: .relaxed) }
    set { threads.store(isParallel ? max(1, newValue) : 1, ordering: .relaxed) }
  }

  /// Splits `0..<count` into one contiguous range a thread and calls `body` with each.
  ///
  /// The ranges cover every index once and depend only on `count`, `grain` and the number of
  /// threads. Inside another launch, or for a single chunk, `body` runs on the calling thread.
  ///
  /// - Parameters:
  ///   - grain: The least number of indices worth a thread of its own.
  ///   - body: Called from several threads at the same time; what it writes must be disjoint.
  package func run(count: Int, grain: Int = 1, body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let workers = workerCount(count: count, grain: grain)
    if workers == 1 { return body(0..<count) }
    withoutActuallyEscaping(body) { body in
      var launch = ClosureLaunch(body: body, count: count)
      withUnsafeMutablePointer(to: &launch) { pointer in
        apus_openmp_parallel(
          { raw in
            let launch = raw!.assumingMemoryBound(to: ClosureLaunch.self)
            let range = ThreadPool.currentShare(of: launch.pointee.count)
            if !range.isEmpty { launch.pointee.body(range) }
          }, pointer, Int32(workers))
      }
    }
  }

  /// A compiled loop: the buffers it works on, and the half-open range of its outer axis.
  package typealias Kernel = @convention(c) (
    _ arguments: UnsafePointer<UnsafeMutableRawPointer?>, _ start: Int, _ end: Int
  ) -> Void

  /// The same for a compiled kernel; allocates nothing.
  package func run(
    kernel: Kernel, arguments: UnsafePointer<UnsafeMutableRawPointer?>, count: Int, grain: Int = 1
  ) {
    guard count > 0 else { return }
    let workers = workerCount(count: count, grain: grain)
    if workers == 1 { return kernel(arguments, 0, count) }
    var launch = KernelLaunch(kernel: kernel, arguments: arguments, count: count)
    withUnsafeMutablePointer(to: &launch) { pointer in
      apus_openmp_parallel(
        { raw in
          let launch = raw!.assumingMemoryBound(to: KernelLaunch.self)
          let range = ThreadPool.currentShare(of: launch.pointee.count)
          if range.isEmpty { return }
          launch.pointee.kernel(launch.pointee.arguments, range.lowerBound, range.upperBound)
        }, pointer, Int32(workers))
    }
  }

  /// The share of worker `index` of `workers` in `0..<count`; shares differ by at most one.
  package static func share(of count: Int, worker index: Int, of workers: Int) -> Range<Int> {
    let (quotient, remainder) = count.quotientAndRemainder(dividingBy: workers)
    let start = index * quotient + min(index, remainder)
    return start..<(start + quotient + (index < remainder ? 1 : 0))
  }

  /// How many threads a launch over `count` indices uses.
  package func workerCount(count: Int, grain: Int) -> Int {
    let useful = (count - 1) / max(1, grain) + 1
    let workers = min(threadCount, useful)
    return workers > 1 && apus_openmp_in_parallel() ? 1 : max(1, workers)
  }

  // The team can be smaller than asked for (a limit on threads), so its size is asked again.
  private static func currentShare(of count: Int) -> Range<Int> {
    share(
      of: count, worker: Int(apus_openmp_thread_index()), of: Int(apus_openmp_team_size()))
  }
}

private struct ClosureLaunch {
  let body: (Range<Int>) -> Void
  let count: Int
}

private struct KernelLaunch {
  let kernel: ThreadPool.Kernel
  let arguments: UnsafePointer<UnsafeMutableRawPointer?>
  let count: Int
}
