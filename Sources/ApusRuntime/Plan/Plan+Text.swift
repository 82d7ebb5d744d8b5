import ApusIR

extension Plan: CustomStringConvertible {
  /// The schedule and the place of every block; `APUS_DEBUG=2` prints it.
  public var description: String {
    var lines = ["plan: \(steps.count) steps, arena \(arenaBytes) bytes"]
    for (index, step) in steps.enumerated() {
      let reads = step.reads.map(place).joined(separator: ", ")
      let writes = step.writes.map(place).joined(separator: ", ")
      let module = step.module.map { "  // \($0)" } ?? ""
      lines.append("  \(index): \(writes) = \(step.name)(\(reads))\(module)")
      if case .scan(let call) = step.operation {
        lines += call.body.description.split(separator: "\n").map { "    " + $0 }
      }
    }
    for (output, alias) in aliases.enumerated() {
      if let alias { lines.append("  output \(output) takes over input \(alias)") }
    }
    return lines.joined(separator: "\n")
  }

  private func place(_ block: Int) -> String {
    let content = blocks[block]
    return switch content.place {
    case .input(let index): "input\(index) \(content.type)"
    case .output(let index): "output\(index) \(content.type)"
    case .arena(let offset): "@\(offset) \(content.type)"
    }
  }
}

extension Plan.Step {
  /// A short name for listings and profiles.
  public var name: String {
    if let label { return label }
    return switch operation {
    case .kernel(let kernel, _): kernel.name
    case .matmul(let matmul):
      "matmul \(matmul.a.shape)×\(matmul.b.shape)"
        + (matmul.bias == nil ? "" : "+bias") + matmul.postOps.map(\.name).joined()
    case .convolution(let call):
      "\(call.attributes.kind.rawValue) \(call.first.shape), \(call.second.shape)"
        + (call.bias == nil ? "" : "+bias") + call.postOps.map(\.name).joined()
    case .primitive(let primitive, _, _): primitive.name
    case .scan(let call): "scan \(call.scan.length)×"
    }
  }
}

extension Plan.PostOp {
  fileprivate var name: String {
    switch self {
    case .add: "+tensor"
    case .accumulate: "+itself"
    case .activation(let activation): "+\(activation.rawValue)"
    }
  }
}

extension Kernel {
  /// What the kernel does, by the operations it applies: `kernel multiply·add·exp [128×10]`.
  public var name: String {
    var names: [String] = []
    func walk(_ body: [Statement]) {
      for statement in body {
        switch statement {
        case .loop(_, _, let inner), .when(_, let inner): walk(inner)
        case .accumulate(_, _, let op, _): names.append(op.rawValue)
        case .define(_, _, .unary(let op, _)): names.append(op.rawValue)
        case .define(_, _, .binary(let op, _, _)): names.append(op.rawValue)
        case .define(_, _, .compare(let op, _, _)): names.append(op.rawValue)
        default: break
        }
      }
    }
    walk(body)
    var seen: Set<String> = []
    let distinct = names.filter { seen.insert($0).inserted }
    let listed = distinct.isEmpty ? "copy" : distinct.prefix(5).joined(separator: "·")
    return "kernel \(listed)\(distinct.count > 5 ? "…" : "")"
  }

  /// Estimated operations for one point of the parallel space.
  public var workPerPoint: Int {
    func count(_ body: [Statement]) -> Int {
      body.reduce(0) { total, statement in
        switch statement {
        case .loop(let variable, _, let inner): total + extents[variable] * count(inner)
        case .when(_, let inner): total + count(inner)
        case .define(_, _, .unary(let op, _)): total + Primitive.unary(op).inlineWeight
        case .define(_, _, .binary(let op, _, _)): total + Primitive.binary(op).inlineWeight
        case .define(_, _, .randomBits): total + 40
        case .declare(_, _, let size, _): total + size
        default: total + 1
        }
      }
    }
    return Swift.max(count(body), 1)
  }
}
