/// An ELF object file for x86-64 as LLVM emits it: sections, symbols, relocations.
///
/// Every read is checked against the file's end, so a damaged file is an error and nothing worse.
struct ObjectFile {
  struct Section {
    var type: UInt32
    var flags: UInt64
    /// Where the contents lie in the file.
    var contents: Range<Int>
    var alignment: Int
    /// Another section this one belongs to: the names of a table of symbols.
    var link: Int
    /// The section that relocations apply to.
    var target: Int

    /// Whether the section is part of the program in memory. Tables for unwinding are not: kernels
    /// throw nothing.
    var isLoaded: Bool {
      flags & 0x2 != 0 && type != ObjectFile.unwindTable && !contents.isEmpty
    }
    var isWritable: Bool { flags & 0x1 != 0 }
  }

  struct Symbol {
    var name: String
    /// 0 where the symbol is defined elsewhere.
    var section: Int
    var value: Int
  }

  struct Relocation {
    /// The section that is changed, and where in it.
    var section: Int
    var offset: Int
    var symbol: Int
    var type: UInt32
    var addend: Int
  }

  private(set) var sections: [Section] = []
  private(set) var symbols: [Symbol] = []
  private(set) var relocations: [Relocation] = []

  private static let symbolTable: UInt32 = 2
  private static let relocationTable: UInt32 = 4
  private static let zeros: UInt32 = 8
  private static let unwindTable: UInt32 = 0x7000_0001

  init(_ bytes: UnsafeRawBufferPointer) throws(JITError) {
    let file = FileBytes(bytes: bytes)
    let magic = try file.read(UInt32.self, at: 0)
    let (wordSize, machine) = (try file.read(UInt8.self, at: 4), try file.read(UInt16.self, at: 18))
    guard magic == 0x464c_457f, wordSize == 2, machine == 62 else {
      throw .linking("not an object file for x86-64")
    }
    let table = try file.integer(at: 40)
    for index in 0..<Int(try file.read(UInt16.self, at: 60)) {
      let (offset, overflows) = table.addingReportingOverflow(index * 64)
      guard !overflows else { throw FileBytes.damaged }
      sections.append(try Self.section(file, at: offset))
    }
    // Relocations name symbols, so these come first.
    for section in sections where section.type == Self.symbolTable {
      try readSymbols(file, section)
    }
    for section in sections where section.type == Self.relocationTable {
      try readRelocations(file, section)
    }
  }

  private static func section(_ file: FileBytes, at header: Int) throws(JITError) -> Section {
    let type = try file.read(UInt32.self, at: header + 4)
    let start = try file.integer(at: header + 24)
    let size = try file.integer(at: header + 32)
    var contents = 0..<0
    if size > 0 {
      let (end, overflows) = start.addingReportingOverflow(size)
      guard type != zeros, !overflows, end <= file.bytes.count else { throw FileBytes.damaged }
      contents = start..<end
    }
    return Section(
      type: type, flags: try file.read(UInt64.self, at: header + 8), contents: contents,
      alignment: max(try file.integer(at: header + 48), 1),
      link: Int(try file.read(UInt32.self, at: header + 40)),
      target: Int(try file.read(UInt32.self, at: header + 44)))
  }

  private mutating func readSymbols(_ file: FileBytes, _ table: Section) throws(JITError) {
    guard sections.indices.contains(table.link) else { throw FileBytes.damaged }
    let names = sections[table.link].contents.lowerBound
    for entry in stride(from: table.contents.lowerBound, to: table.contents.upperBound, by: 24) {
      let name = Int(try file.read(UInt32.self, at: entry))
      symbols.append(
        Symbol(
          name: try file.text(at: names + name), section: Int(try file.read(UInt16.self, at: entry + 6)),
          value: try file.integer(at: entry + 8)))
    }
  }

  private mutating func readRelocations(_ file: FileBytes, _ table: Section) throws(JITError) {
    guard sections.indices.contains(table.target) else { throw FileBytes.damaged }
    guard sections[table.target].isLoaded else { return }
    for entry in stride(from: table.contents.lowerBound, to: table.contents.upperBound, by: 24) {
      let info = try file.read(UInt64.self, at: entry + 8)
      let relocation = Relocation(
        section: table.target, offset: try file.integer(at: entry), symbol: Int(info >> 32),
        type: UInt32(truncatingIfNeeded: info),
        addend: Int(try file.read(Int64.self, at: entry + 16)))
      guard symbols.indices.contains(relocation.symbol) else { throw FileBytes.damaged }
      relocations.append(relocation)
    }
  }
}

/// The bytes of a file, read with checks.
private struct FileBytes {
  let bytes: UnsafeRawBufferPointer

  static var damaged: JITError { .linking("the object file is damaged") }

  func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, at offset: Int
  ) throws(JITError) -> Value {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<Value>.size else { throw Self.damaged }
    return bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }

  /// A 64-bit number that is an offset or a size.
  func integer(at offset: Int) throws(JITError) -> Int {
    guard let value = Int(exactly: try read(UInt64.self, at: offset)) else { throw Self.damaged }
    return value
  }

  func text(at offset: Int) throws(JITError) -> String {
    guard offset >= 0, offset < bytes.count, let end = bytes[offset...].firstIndex(of: 0) else {
      throw Self.damaged
    }
    return String(decoding: bytes[offset..<end], as: UTF8.self)
  }
}
