import Synchronization

/// A dataset whose samples stay in memory, up to a limit, once they are read.
public struct CachedDataset<Base: Dataset>: Dataset {
  let base: Base
  private let cache: SampleCache<Base.Element>

  init(_ base: Base, limit: Int) {
    precondition(limit > 0, "a cache keeps at least one sample")
    self.base = base
    cache = SampleCache(limit: limit)
  }

  public var count: Int { base.count }

  /// Two threads that want the same sample at once may both read it.
  public subscript(index: Int) -> Base.Element {
    get throws {
      if let known = cache.find(index) { return known }
      let sample = try base[index]
      cache.keep(sample, at: index)
      return sample
    }
  }

  /// Samples in memory now.
  var keptCount: Int { cache.count }
}

/// The samples used last.
private final class SampleCache<Element: Sendable>: Sendable {
  private struct Entry {
    let sample: Element
    var lastUse: Int
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    /// Uses in their order; an entry counts only where it is its sample's last.
    var uses: [(index: Int, time: Int)] = []
    var first = 0
    var time = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  var count: Int { state.withLock { $0.entries.count } }

  func find(_ index: Int) -> Element? {
    state.withLock { state in
      guard let entry = state.entries[index] else { return nil }
      use(index, &state)
      return entry.sample
    }
  }

  func keep(_ sample: Element, at index: Int) {
    state.withLock { state in
      state.entries[index] = Entry(sample: sample, lastUse: state.time)
      use(index, &state)
      while state.entries.count > limit {
        let oldest = state.uses[state.first]
        state.first += 1
        if state.entries[oldest.index]?.lastUse == oldest.time { state.entries[oldest.index] = nil }
      }
    }
  }

  private func use(_ index: Int, _ state: inout State) {
    state.time += 1
    state.entries[index]?.lastUse = state.time
    state.uses.append((index, state.time))
    guard state.uses.count > 4 * limit + 16 else { return }
    // What has been used again since says nothing any more.
    state.uses = state.uses[state.first...].filter { state.entries[$0.index]?.lastUse == $0.time }
    state.first = 0
  }
}
