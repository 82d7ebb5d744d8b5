import ApusIR
import ApusRuntime

extension KernelRenderer {
  /// The value of an index, an i64.
  func render(_ index: Kernel.Index) -> String {
    var sum: String?
    func add(_ term: String, flags: String) {
      sum = sum.map { f.value("add\(flags) i64 \($0), \(term)") } ?? term
    }
    for term in index.terms where term.stride != 0 {
      if kernel.extents[term.variable] == 1 { continue }  // Always 0.
      guard let variable = variables[term.variable] else {
        preconditionFailure("kernel uses variable \(term.variable) outside its loop:\n\(kernel)")
      }
      add(
        term.stride == 1 ? variable : f.value("mul nsw i64 \(variable), \(term.stride)"),
        flags: " nsw")
    }
    for term in index.dynamic where term.stride != 0 {
      let value = cast(name(term.value), from: dtype(term.value), to: .i64)
      add(term.stride == 1 ? value : f.value("mul i64 \(value), \(term.stride)"), flags: "")
    }
    if index.offset != 0 || sum == nil {
      add("\(index.offset)", flags: index.dynamic.isEmpty ? " nsw" : "")
    }
    return sum!
  }

  func address(_ argument: Int, _ f: FunctionWriter, _ index: Kernel.Index) -> String {
    let type = kernel.arguments[argument].dtype.memoryType.rawValue
    return f.value("getelementptr inbounds \(type), ptr %a\(argument), i64 \(render(index))")
  }

  /// Whether all guards hold, an i1.
  func render(_ guards: [Kernel.Guard]) -> String {
    var conditions: [String] = []
    for limit in guards {
      let width = limit.bounds.upperBound - limit.bounds.lowerBound
      var index = limit.index
      index.offset -= limit.bounds.lowerBound
      let distance = render(index)
      conditions.append(f.value("icmp ult i64 \(distance), \(width)"))
    }
    return f.all(conditions)
  }

  func load(
    _ argument: Int, _ index: Kernel.Index, _ guards: [Kernel.Guard], otherwise: Scalar
  ) -> String {
    let dtype = kernel.arguments[argument].dtype
    if guards.isEmpty { return toValue(loadElement(argument, index), dtype) }
    // As a branch: LLVM makes it a masked load of neighbours where it vectorises, and nothing is
    // read where a guard fails.
    let condition = render(guards)
    let before = f.block
    let (yes, done) = (f.fresh("then"), f.fresh("done"))
    f.branch(if: condition, yes, else: done)
    f.begin(yes)
    let loaded = loadElement(argument, index)
    let inside = f.block
    f.branch(done)
    f.begin(done)
    let type = dtype.memoryType
    let substitute = memoryConstant(otherwise, dtype)
    let merged = f.value(
      "phi \(type.rawValue) [ \(loaded), %\(inside) ], [ \(substitute), %\(before) ]")
    return toValue(merged, dtype)
  }

  private func loadElement(_ argument: Int, _ index: Kernel.Index) -> String {
    let dtype = kernel.arguments[argument].dtype
    let address = address(argument, f, index)
    return f.value(
      "load \(dtype.memoryType.rawValue), ptr \(address), align \(dtype.byteCount)\(accessMetadata)"
    )
  }

  private func memoryConstant(_ scalar: Scalar, _ dtype: DType) -> String {
    switch dtype {
    case .bool: scalar.bool ? "1" : "0"
    case .f16: "\(Int16(bitPattern: Float16(Float(scalar.double)).bitPattern))"
    case .bf16: "\(Int16(bitPattern: BFloat16(scalar.double).bitPattern))"
    default: LLVMConstant.scalar(scalar, dtype)
    }
  }
}
