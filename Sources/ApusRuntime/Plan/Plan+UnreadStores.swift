import ApusIR

// What a kernel computes for itself alone needs no memory.
extension Plan {
  /// Drops the stores to arena blocks that no step reads: everyone who uses the value computes it
  /// in the same kernel.
  mutating func dropUnreadStores() {
    let isRead = Set(steps.flatMap(\.reads))
    func isUnread(_ block: Int) -> Bool {
      guard case .arena = blocks[block].place else { return false }
      return !isRead.contains(block)
    }
    for index in steps.indices {
      guard case .kernel(var kernel, var arguments) = steps[index].operation,
        !arguments.allSatisfy({ isUnread($0) })
      else { continue }
      let unread = arguments.indices.filter { isUnread(arguments[$0]) }
      for argument in unread.reversed() {
        kernel.dropStores(to: argument)
        let block = arguments.remove(at: argument)
        steps[index].writes.removeAll { $0 == block }
      }
      steps[index].operation = .kernel(kernel, arguments: arguments)
    }
  }
}

extension Kernel {
  /// Removes an argument that is only written, and the stores to it.
  fileprivate mutating func dropStores(to dropped: Int) {
    arguments.remove(at: dropped)
    renumberArguments { $0 == dropped ? nil : $0 > dropped ? $0 - 1 : $0 }
  }
}
