import Synchronization

/// 0, 1, 2, …
final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  var current: Int { value.load(ordering: .relaxed) }

  func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
