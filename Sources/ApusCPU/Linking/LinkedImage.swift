#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An object file loaded into executable memory, linked without LLVM.
///
/// A process that finds all its kernels in the store on disk thus never opens libLLVM, which costs
/// 20 ms and 50 MB. It knows what LLVM emits for kernels on x86-64: code, constants, jump tables and
/// calls of the C library. Whatever else occurs is an error, and ORC takes over.
final class LinkedImage: @unchecked Sendable {
  // Sendable: the memory is read-only once the initialiser is done, and goes with this object.

  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int
  private let addresses: [String: UnsafeRawPointer]

  /// A jump to a function of the process, which may be further away than a call reaches:
  /// `jmp *0(%rip)` and the address.
  private static let stubBytes = 16
  private static let slotBytes = 8

  init(_ bytes: UnsafeRawBufferPointer) throws(JITError) {
    let object = try ObjectFile(bytes)
    // Sections in order, then for each symbol a stub and a slot with its address.
    var offsets = [Int](repeating: -1, count: object.sections.count)
    var end = 0
    for (index, section) in object.sections.enumerated() where section.isLoaded {
      guard !section.isWritable, section.alignment <= 4096, section.alignment.nonzeroBitCount == 1
      else { throw .linking("the object file has a section that kernels do not need") }
      end = (end + section.alignment - 1) & -section.alignment
      offsets[index] = end
      end += section.contents.count
    }
    let stubs = (end + Self.stubBytes - 1) & -Self.stubBytes
    let slots = stubs + object.symbols.count * Self.stubBytes
    let size = slots + object.symbols.count * Self.slotBytes
    byteCount = (max(size, 1) + 4095) & -4096
    let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { throw .linking("no memory for machine code") }
    memory = mapped
    do throws(JITError) {
      for (index, section) in object.sections.enumerated() where offsets[index] >= 0 {
        let contents = UnsafeRawBufferPointer(rebasing: bytes[section.contents])
        (mapped + offsets[index]).copyMemory(from: contents.baseAddress!, byteCount: contents.count)
      }
      var linking = Linking(
        object: object, memory: mapped, offsets: offsets, stubs: stubs, slots: slots)
      for relocation in object.relocations { try linking.apply(relocation) }
      guard mprotect(mapped, byteCount, PROT_READ | PROT_EXEC) == 0 else {
        throw .linking("the system allows no new machine code")
      }
      addresses = linking.definitions
    } catch {
      munmap(mapped, byteCount)
      throw error
    }
  }

  deinit { munmap(memory, byteCount) }

  func address(of function: String) -> UnsafeRawPointer? { addresses[function] }
}

/// The work of linking one image.
private struct Linking {
  let object: ObjectFile
  let memory: UnsafeMutableRawPointer
  /// Where each section begins in memory; -1 for those not loaded.
  let offsets: [Int]
  let stubs: Int
  let slots: Int
  private var outside: [Int: UInt] = [:]

  init(
    object: ObjectFile, memory: UnsafeMutableRawPointer, offsets: [Int], stubs: Int, slots: Int
  ) {
    self.object = object
    self.memory = memory
    self.offsets = offsets
    self.stubs = stubs
    self.slots = slots
  }

  /// The names that the file defines.
  var definitions: [String: UnsafeRawPointer] {
    var found: [String: UnsafeRawPointer] = [:]
    for symbol in object.symbols where !symbol.name.isEmpty {
      if let place = place(of: symbol) { found[symbol.name] = UnsafeRawPointer(memory + place) }
    }
    return found
  }

  /// Where a symbol lies in the image; nil where it is defined elsewhere.
  private func place(of symbol: ObjectFile.Symbol) -> Int? {
    guard offsets.indices.contains(symbol.section), offsets[symbol.section] >= 0,
      symbol.value <= object.sections[symbol.section].contents.count
    else { return nil }
    return offsets[symbol.section] + symbol.value
  }

  private mutating func address(ofOutside index: Int) throws(JITError) -> UInt {
    if let known = outside[index] { return known }
    let symbol = object.symbols[index]
    guard symbol.section == 0, let found = dlsym(nil, symbol.name) else {
      throw .linking("there is no function \(symbol.name)")
    }
    let address = UInt(bitPattern: found)
    outside[index] = address
    return address
  }

  private func address(_ place: Int) -> UInt { UInt(bitPattern: memory) &+ UInt(bitPattern: place) }

  /// A function that jumps to a symbol defined elsewhere.
  private mutating func stub(_ index: Int) throws(JITError) -> UInt {
    let target = try address(ofOutside: index)
    let stub = memory + (stubs + index * 16)
    stub.storeBytes(of: 0x0000_0000_25ff, as: UInt64.self)
    (stub + 6).copyMemory(from: withUnsafeBytes(of: target) { Array($0) }, byteCount: 8)
    return UInt(bitPattern: stub)
  }

  /// A place that holds the address of a symbol.
  private mutating func slot(_ index: Int) throws(JITError) -> UInt {
    let target =
      if let place = place(of: object.symbols[index]) { address(place) } else {
        try address(ofOutside: index)
      }
    let slot = memory + (slots + index * 8)
    slot.storeBytes(of: target, as: UInt.self)
    return UInt(bitPattern: slot)
  }

  /// Changes one place as the file says; types and formulas are those of the System V ABI's
  /// supplement for AMD64, table 4.9.
  mutating func apply(_ relocation: ObjectFile.Relocation) throws(JITError) {
    let is64 = relocation.type == 1 || relocation.type == 24
    let size = object.sections[relocation.section].contents.count
    guard relocation.offset >= 0, relocation.offset <= size - (is64 ? 8 : 4) else {
      throw .linking("the object file is damaged")
    }
    let place = offsets[relocation.section] + relocation.offset
    let inside = self.place(of: object.symbols[relocation.symbol])
    let base: UInt
    switch relocation.type {
    case 1, 24:  // R_X86_64_64, R_X86_64_PC64
      base =
        if let inside { address(inside) } else { try address(ofOutside: relocation.symbol) }
    case 2, 4:  // R_X86_64_PC32, R_X86_64_PLT32
      base = if let inside { address(inside) } else { try stub(relocation.symbol) }
    case 9, 41, 42:  // R_X86_64_GOTPCREL, GOTPCRELX, REX_GOTPCRELX
      base = try slot(relocation.symbol)
    default: throw .linking("relocations of type \(relocation.type) are not known")
    }
    let value = Int(bitPattern: base) &+ relocation.addend
    if relocation.type == 1 {
      (memory + place).storeBytes(of: value, as: Int.self)
      return
    }
    let distance = value &- Int(bitPattern: memory + place)
    if relocation.type == 24 {
      (memory + place).storeBytes(of: distance, as: Int.self)
      return
    }
    guard let short = Int32(exactly: distance) else { throw .linking("machine code is too far apart") }
    (memory + place).storeBytes(of: short, as: Int32.self)
  }
}
