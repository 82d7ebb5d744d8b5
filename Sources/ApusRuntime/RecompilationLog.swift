import ApusIR
import Synchronization

/// Notices when one computation is compiled again and again for other shapes, and says why.
final class RecompilationLog: Sendable {
  /// Compiles of one computation, whatever its shapes, after which it is worth a word.
  private static let patience = 3
  private static let capacity = 256

  private struct History {
    var compiles = 0
    var inputs: [TensorType]
  }

  private let histories = Mutex<[Int: History]>([:])

  /// Records a compile; from the third on returns what differs from the one before.
  func note(_ program: Program) -> String? {
    let inputs = Array(program.inputTypes)
    let skeleton = Self.skeleton(of: program)
    return histories.withLock { histories in
      if histories.count >= Self.capacity, histories[skeleton] == nil { histories.removeAll() }
      var history = histories[skeleton] ?? History(inputs: inputs)
      let before = history.inputs
      history.compiles += 1
      history.inputs = inputs
      histories[skeleton] = history
      guard history.compiles >= Self.patience, before.count == inputs.count else { return nil }
      let changes = zip(before, inputs).enumerated().filter { $1.0 != $1.1 }.prefix(3)
      guard !changes.isEmpty else { return "compile \(history.compiles): only constants differ" }
      let list = changes.map { "input \($0) changed from \($1.0) to \($1.1)" }
      return "compile \(history.compiles): " + list.joined(separator: ", ")
    }
  }

  /// The computation without shapes and attributes.
  private static func skeleton(of program: Program) -> Int {
    var hasher = Hasher()
    hasher.combine(program.inputCount)
    for instruction in program.instructions {
      hasher.combine(instruction.primitive.name)
      hasher.combine(instruction.operands)
    }
    return hasher.finalize()
  }
}
