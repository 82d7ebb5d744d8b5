/// Writes the instructions of one LLVM function and hands out names.
///
/// An operand is the text of a name or a constant; its type is known to the one who asked for it.
final class FunctionWriter {
  private(set) var body = ""
  /// Stack memory, placed in the entry block so that LLVM can turn it into registers.
  private(set) var allocations = ""
  /// The label of the block that is being written.
  private(set) var block = "entry"
  private var count = 0

  /// A name no other value or block of the function has.
  func fresh(_ prefix: String = "t") -> String {
    count += 1
    return "\(prefix)\(count)"
  }

  /// Writes an instruction that gives a value and returns its name.
  func value(_ instruction: String) -> String {
    let name = "%" + fresh()
    body += "  \(name) = \(instruction)\n"
    return name
  }

  func line(_ instruction: String) { body += "  \(instruction)\n" }

  func begin(_ label: String) {
    body += "\(label):\n"
    block = label
  }

  func branch(_ label: String) { line("br label %\(label)") }

  func branch(if condition: String, _ yes: String, else no: String) {
    line("br i1 \(condition), label %\(yes), label %\(no)")
  }

  func allocate(_ type: LLVMType, count: Int, name: String) {
    let shape = count == 1 ? type.rawValue : "[\(count) x \(type.rawValue)]"
    allocations += "  %\(name) = alloca \(shape), align \(count == 1 ? 8 : 64)\n"
  }

  /// `lower <= i < upper` in steps of one; the body gets the name of `i`. `mayBeEmpty` adds the test
  /// that a loop of known length does not need.
  func loop(
    from lower: String, to upper: String, mayBeEmpty: Bool, metadata: String,
    _ contents: (String) -> Void
  ) {
    let (head, exit) = (fresh("loop"), fresh("exit"))
    let variable = "%" + fresh("i")
    let next = "%" + fresh("next")
    if mayBeEmpty {
      let enter = fresh("enter")
      branch(if: value("icmp slt i64 \(lower), \(upper)"), enter, else: exit)
      begin(enter)
    }
    let before = block
    let latch = fresh("latch")
    branch(head)
    begin(head)
    line("\(variable) = phi i64 [ \(lower), %\(before) ], [ \(next), %\(latch) ]")
    contents(variable)
    branch(latch)
    begin(latch)
    line("\(next) = add nuw nsw i64 \(variable), 1")
    let again = value("icmp slt i64 \(next), \(upper)")
    line("br i1 \(again), label %\(head), label %\(exit), !llvm.loop \(metadata)")
    begin(exit)
  }
}

extension FunctionWriter {
  func binary(_ instruction: String, _ type: LLVMType, _ a: String, _ b: String) -> String {
    value("\(instruction) \(type.rawValue) \(a), \(b)")
  }

  func select(_ condition: String, _ type: LLVMType, _ a: String, _ b: String) -> String {
    value("select i1 \(condition), \(type.rawValue) \(a), \(type.rawValue) \(b)")
  }

  func convert(_ instruction: String, _ from: LLVMType, _ x: String, _ to: LLVMType) -> String {
    value("\(instruction) \(from.rawValue) \(x) to \(to.rawValue)")
  }

  /// `and`s the conditions; none is `true`.
  func all(_ conditions: [String]) -> String {
    guard var result = conditions.first else { return "true" }
    for condition in conditions.dropFirst() { result = binary("and", .i1, result, condition) }
    return result
  }
}
