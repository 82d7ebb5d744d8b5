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
    func place(_ argument: Int) -> Int { argument > dropped ? argument - 1 : argument }
    func rewrite(_ body: [Statement]) -> [Statement] {
      body.compactMap { statement in
        switch statement {
        case .loop(let variable, let isVectorizable, let inner):
          .loop(variable, isVectorizable: isVectorizable, body: rewrite(inner))
        case .when(let condition, let inner): .when(condition, body: rewrite(inner))
        case .define(let value, let dtype, .load(let argument, let index, let guards, let otherwise)):
          .define(
            value, dtype,
            .load(argument: place(argument), at: index, guards: guards, otherwise: otherwise))
        case .store(let argument, _, _) where argument == dropped: nil
        case .store(let argument, let index, let value):
          .store(argument: place(argument), at: index, value)
        default: statement
        }
      }
    }
    body = rewrite(body)
  }
}
