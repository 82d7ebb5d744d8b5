import ApusIR
import ApusRuntime

extension KernelRenderer {
  func declare(
    _ accumulator: Kernel.Accumulator, _ dtype: DType, count: Int, initial: Scalar
  ) {
    let name = "acc\(accumulator)"
    let type = dtype.accumulatorType
    if storages[accumulator] == nil {
      let isTracked = count == 1 && uses.extremes.contains(accumulator) && dtype.isFloating
      storages[accumulator] = Storage(
        name: "%" + name, dtype: dtype, count: count, flag: isTracked ? "%\(name).nan" : nil)
      f.allocate(type, count: count, name: name)
      if isTracked { f.allocate(.i32, count: 1, name: name + ".nan") }
    }
    let value = dtype == .bool ? (initial.bool ? "1" : "0") : LLVMConstant.scalar(initial, dtype)
    guard count > 1 else { return setScalar(storages[accumulator]!, value) }
    let metadata = m.node { "distinct !{\($0), !{!\"llvm.loop.mustprogress\"}}" }
    f.loop(from: "0", to: "\(count)", mayBeEmpty: false, metadata: metadata) { index in
      let address = f.value("getelementptr inbounds \(type.rawValue), ptr %\(name), i64 \(index)")
      f.line("store \(type.rawValue) \(value), ptr \(address)")
    }
  }

  func assign(_ accumulator: Kernel.Accumulator, at index: Kernel.Index, _ value: String) {
    let storage = storages[accumulator]!
    let memory = storage.dtype == .bool ? f.convert("zext", .i1, value, .i8) : value
    if storage.count == 1 { return setScalar(storage, memory) }
    let address = element(storage, index)
    f.line("store \(storage.dtype.accumulatorType.rawValue) \(memory), ptr \(address)")
  }

  func read(_ accumulator: Kernel.Accumulator, at index: Kernel.Index) -> String {
    let storage = storages[accumulator]!
    let type = storage.dtype.accumulatorType
    let value = f.value("load \(type.rawValue), ptr \(element(storage, index))")
    if let flag = storage.flag {
      let isNaN = f.value("icmp ne i32 \(f.value("load i32, ptr \(flag)")), 0")
      return f.select(isNaN, type, LLVMConstant.floating(.nan, type), value)
    }
    return storage.dtype == .bool ? f.value("icmp ne i8 \(value), 0") : value
  }

  func accumulate(
    _ accumulator: Kernel.Accumulator, at index: Kernel.Index, _ op: Reduction,
    _ operand: Kernel.Value
  ) {
    let storage = storages[accumulator]!
    let value = name(operand)
    if storage.flag != nil, op == .maximum || op == .minimum {
      return accumulateExtreme(storage, op, value)
    }
    let (dtype, type) = (storage.dtype, storage.dtype.valueType)
    if storage.flag != nil {
      // A sum into what is elsewhere a maximum: by way of the whole value.
      let result = combine(op, dtype, read(accumulator, at: index), value, operand)
      return setScalar(storage, result)
    }
    let address = element(storage, index)
    let memoryType = dtype.accumulatorType.rawValue
    var old = f.value("load \(memoryType), ptr \(address)")
    if dtype == .bool { old = f.value("icmp ne i8 \(old), 0") }
    var result = combine(op, dtype, old, value, operand)
    if dtype == .bool { result = f.convert("zext", type, result, .i8) }
    f.line("store \(memoryType) \(result), ptr \(address)")
  }

  private func combine(
    _ op: Reduction, _ dtype: DType, _ old: String, _ value: String, _ operand: Kernel.Value
  ) -> String {
    let type = dtype.valueType
    switch op {
    case .maximum: return binary(.maximum, dtype, old, value)
    case .minimum: return binary(.minimum, dtype, old, value)
    case .sum, .product:
      if dtype == .bool { return f.binary(op == .sum ? "or" : "and", .i1, old, value) }
      guard dtype.isFloating else {
        return f.binary(op == .sum ? "add" : "mul", type, old, value)
      }
      let contract = uses.contractible.contains(operand) ? " contract" : ""
      let instruction = (op == .sum ? "fadd" : "fmul") + " reassoc" + contract
      return rounded(f.binary(instruction, type, old, value), dtype)
    }
  }

  /// The numbers without the NaNs, for which the flags are true, and the flag.
  private func accumulateExtreme(_ storage: Storage, _ op: Reduction, _ value: String) {
    let type = storage.dtype.valueType
    let name = type.rawValue
    let flag = storage.flag!
    let (neutral, predicate) = op == .maximum ? (-Double.infinity, "ogt") : (.infinity, "olt")
    let isNaN = f.value("fcmp uno \(name) \(value), \(LLVMConstant.floating(0, type))")
    let number = f.select(isNaN, type, LLVMConstant.floating(neutral, type), value)
    let old = f.value("load \(name), ptr \(storage.name)")
    let wins = f.value("fcmp nnan nsz \(predicate) \(name) \(number), \(old)")
    let best = f.value("select nnan nsz i1 \(wins), \(name) \(number), \(name) \(old)")
    f.line("store \(name) \(best), ptr \(storage.name)")
    let oldFlag = f.value("load i32, ptr \(flag)")
    let newFlag = f.binary("or", .i32, oldFlag, f.convert("zext", .i1, isNaN, .i32))
    f.line("store i32 \(newFlag), ptr \(flag)")
  }

  /// Sets a scalar accumulator; a NaN is kept as the flag and a number that never wins.
  private func setScalar(_ storage: Storage, _ value: String) {
    let type = storage.dtype.accumulatorType
    guard let flag = storage.flag else {
      return f.line("store \(type.rawValue) \(value), ptr \(storage.name)")
    }
    let isNaN = f.value(
      "fcmp uno \(type.rawValue) \(value), \(LLVMConstant.floating(0, type))")
    let number = f.select(isNaN, type, LLVMConstant.floating(0, type), value)
    f.line("store \(type.rawValue) \(number), ptr \(storage.name)")
    f.line("store i32 \(f.convert("zext", .i1, isNaN, .i32)), ptr \(flag)")
  }

  private func element(_ storage: Storage, _ index: Kernel.Index) -> String {
    if storage.count == 1 { return storage.name }
    let type = storage.dtype.accumulatorType.rawValue
    return f.value(
      "getelementptr inbounds \(type), ptr \(storage.name), i64 \(render(index))")
  }
}
