import ApusIR
import ApusRuntime

/// Writes the body function of one kernel.
final class KernelRenderer {
  /// The stack memory of an accumulator.
  struct Storage {
    var name: String
    var dtype: DType
    var count: Int
    /// LLVM vectorises a maximum of floats only where no NaN occurs. Such an accumulator is kept as
    /// the maximum of the numbers and a flag that says whether there was a NaN.
    var flag: String?
  }

  let kernel: Kernel
  let m: ModuleWriter
  let f = FunctionWriter()
  let uses: KernelUses
  /// The names of the loop variables in scope; nil for one whose only value is 0.
  var variables: [Kernel.Variable: String] = [:]
  var values: [Kernel.Value: (name: String, dtype: DType)] = [:]
  var storages: [Kernel.Accumulator: Storage] = [:]
  /// The access groups of the loops around, whose rounds do not depend on each other through memory.
  private var accessGroups: [String] = []

  init(_ kernel: Kernel, in module: ModuleWriter) {
    self.kernel = kernel
    m = module
    uses = KernelUses(kernel)
  }

  func function(name: String) -> String {
    renderParallelSpace()
    var parameters = kernel.arguments.enumerated().map { index, argument in
      "ptr \(attributes(of: argument)) %a\(index)"
    }
    parameters += ["i64 %begin", "i64 %end"]
    return """
      define internal void @\(name)(\(parameters.joined(separator: ", "))) #0 {
      entry:
      \(f.allocations)\(f.body)  ret void
      }
      """
  }

  private func attributes(of argument: Kernel.Argument) -> String {
    // No more than the element's alignment: a loop's body is given slices of its operands.
    var attributes = ["noalias", "nonnull"]
    let byteCount = argument.elementCount * argument.dtype.byteCount
    if byteCount > 0 { attributes.append("dereferenceable(\(byteCount))") }
    switch (argument.isRead, argument.isWritten) {
    case (true, false): attributes.append("readonly")
    case (false, true): attributes.append("writeonly")
    case (false, false): attributes.append("readnone")
    case (true, true): break
    }
    return attributes.joined(separator: " ")
  }

  // MARK: Loops

  /// Innermost extents below this are not worth a loop of their own.
  private static let shortestRow = 8

  private func renderParallelSpace() {
    let space = kernel.parallel.filter { kernel.extents[$0] != 1 }
    guard kernel.parallelCount > 0 else { return }
    guard let last = space.last else {
      return loop("%begin", "%end", mayBeEmpty: true, isParallel: true, around: kernel.body) {
        [self] _ in
        render(kernel.body)
      }
    }
    let extent = kernel.extents[last]
    if space.count == 1 {
      loop("%begin", "%end", mayBeEmpty: true, isParallel: true, around: kernel.body) {
        [self] point in
        variables[last] = point
        render(kernel.body)
      }
    } else if extent < KernelRenderer.shortestRow {
      loop("%begin", "%end", mayBeEmpty: true, isParallel: true, around: kernel.body) {
        [self] point in
        delinearize(point, over: space)
        render(kernel.body)
      }
    } else {
      // Row by row, so that the innermost variable is a plain loop counter.
      let first = f.value("udiv i64 %begin, \(extent)")
      let limit = f.value("udiv i64 \(f.value("add i64 %end, \(extent - 1)")), \(extent)")
      loop(first, limit, mayBeEmpty: true, isParallel: false, around: []) { [self] row in
        delinearize(row, over: Array(space.dropLast()))
        let start = f.value("mul nuw nsw i64 \(row), \(extent)")
        let lower = f.value("sub nsw i64 %begin, \(start)")
        let upper = f.value("sub nsw i64 %end, \(start)")
        m.declare("llvm.smax.i64", .i64, [.i64, .i64])
        m.declare("llvm.smin.i64", .i64, [.i64, .i64])
        let from = f.value("call i64 @llvm.smax.i64(i64 \(lower), i64 0)")
        let to = f.value("call i64 @llvm.smin.i64(i64 \(upper), i64 \(extent))")
        loop(from, to, mayBeEmpty: true, isParallel: true, around: kernel.body) { column in
          self.variables[last] = column
          self.render(self.kernel.body)
        }
      }
    }
  }

  /// Sets the variables of a space from the number of a point in row-major order.
  private func delinearize(_ point: String, over space: [Kernel.Variable]) {
    let count = space.reduce(1) { $0 * kernel.extents[$1] }
    // Vectors divide 32-bit integers by constants much faster than 64-bit ones.
    let type: LLVMType = count < Int(Int32.max) ? .i32 : .i64
    var rest = type == .i64 ? point : f.convert("trunc", .i64, point, .i32)
    for (position, variable) in space.enumerated().reversed() {
      var index = rest
      if position > 0 {
        let extent = "\(kernel.extents[variable])"
        let quotient = f.binary("udiv", type, rest, extent)
        index = f.binary("sub", type, rest, f.binary("mul", type, quotient, extent))
        rest = quotient
      }
      variables[variable] = type == .i64 ? index : f.convert("zext", .i32, index, .i64)
    }
  }

  /// Loops up to this length may be unrolled completely.
  private static let longestUnrolled = 32

  private func loop(
    _ lower: String, _ upper: String, mayBeEmpty: Bool, isParallel: Bool,
    around body: [Kernel.Statement], _ contents: (String) -> Void
  ) {
    var properties = ["!{!\"llvm.loop.mustprogress\"}"]
    // Unrolling what is left after vectorising doubles the time to compile and gains nothing.
    let length = Int(upper) ?? .max
    if length > KernelRenderer.longestUnrolled {
      properties.append("!{!\"llvm.loop.unroll.disable\"}")
      let count = KernelUses.interleaving(of: body, length: length)
      properties.append("!{!\"llvm.loop.interleave.count\", i32 \(count)}")
    }
    if isParallel {
      let group = m.node { _ in "distinct !{}" }
      accessGroups.append(group)
      properties.append("!{!\"llvm.loop.parallel_accesses\", \(group)}")
    }
    let metadata = m.node { "distinct !{\($0), \(properties.joined(separator: ", "))}" }
    f.loop(from: lower, to: upper, mayBeEmpty: mayBeEmpty, metadata: metadata, contents)
    if isParallel { accessGroups.removeLast() }
  }

  /// What to append to an access to an argument.
  var accessMetadata: String {
    switch accessGroups.count {
    case 0: ""
    case 1: ", !llvm.access.group \(accessGroups[0])"
    default: ", !llvm.access.group !{\(accessGroups.joined(separator: ", "))}"
    }
  }

  // MARK: Statements

  func render(_ body: [Kernel.Statement]) {
    for statement in body { render(statement) }
  }

  private func render(_ statement: Kernel.Statement) {
    switch statement {
    case .loop(let variable, let isVectorizable, let body):
      let extent = kernel.extents[variable]
      if extent == 1 { return render(body) }
      if extent < 1 { return }
      loop("0", "\(extent)", mayBeEmpty: false, isParallel: isVectorizable, around: body) {
        [self] index in
        variables[variable] = index
        render(body)
      }
    case .define(let value, let dtype, let operation):
      values[value] = (render(operation, as: dtype, for: value), dtype)
    case .declare(let accumulator, let dtype, let count, let initial):
      declare(accumulator, dtype, count: count, initial: initial)
    case .accumulate(let accumulator, let index, let op, let value):
      accumulate(accumulator, at: index, op, value)
    case .assign(let accumulator, let index, let value):
      assign(accumulator, at: index, name(value))
    case .store(let argument, let index, let value):
      let dtype = kernel.arguments[argument].dtype
      let type = dtype.memoryType.rawValue
      let address = address(argument, f, index)
      let memory = toMemory(name(value), dtype)
      f.line("store \(type) \(memory), ptr \(address), align \(dtype.byteCount)\(accessMetadata)")
    case .when(let condition, let body):
      branch(if: name(condition)) { [self] in render(body) }
    }
  }

  func branch(if condition: String, _ contents: () -> Void) {
    let (yes, done) = (f.fresh("then"), f.fresh("done"))
    f.branch(if: condition, yes, else: done)
    f.begin(yes)
    contents()
    f.branch(done)
    f.begin(done)
  }

  func name(_ value: Kernel.Value) -> String {
    guard let value = values[value] else {
      preconditionFailure("kernel uses value \(value) before it is defined:\n\(kernel)")
    }
    return value.name
  }

  func dtype(_ value: Kernel.Value) -> DType { values[value]!.dtype }
}
