import ApusIR

extension Buffer {
  /// The memory of a value to be overwritten: its own where no one else holds the value, else a copy.
  static func donated(_ node: consuming Node, _ isInPlace: Bool) -> Buffer {
    var owner: Node? = consume node
    let isSole = isKnownUniquelyReferenced(&owner)
    var buffer = owner!.buffer!
    owner = nil
    if !isInPlace || (isSole && isKnownUniquelyReferenced(&buffer)) { return buffer }
    let copy = Buffer(byteCount: buffer.byteCount)
    copy.pointer.copyMemory(from: buffer.pointer, byteCount: buffer.byteCount)
    return copy
  }
}

extension Program {
  /// Whether a run may end half-way, so that the old values must be there still: a host operation
  /// may fail.
  var mayFail: Bool {
    instructions.contains { instruction in
      if case .host = instruction.primitive { return true }
      return false
    }
  }
}
