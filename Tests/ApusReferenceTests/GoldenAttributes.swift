import ApusIR
import Foundation
import Testing

/// The JSON form of a primitive in the golden files.
struct GoldenAttributes {
  private let fields: [String: Any]

  init(_ fields: [String: Any]) { self.fields = fields }

  init(_ text: String) throws {
    let json = try JSONSerialization.jsonObject(with: Data(text.utf8))
    fields = try #require(json as? [String: Any])
  }

  func has(_ key: String) -> Bool { fields[key] != nil }

  private func value<Value>(_ key: String) throws -> Value {
    try #require(fields[key] as? Value, "\(key) of \(fields)")
  }

  func integer(_ key: String) throws -> Int { try value(key) }
  func integers(_ key: String) throws -> [Int] { try value(key) }
  func bool(_ key: String) throws -> Bool { try value(key) }
  func string(_ key: String) throws -> String { try value(key) }
  func object(_ key: String) throws -> GoldenAttributes {
    let fields: [String: Any] = try value(key)
    return GoldenAttributes(fields)
  }
  func objects(_ key: String) throws -> [GoldenAttributes] {
    let list: [[String: Any]] = try value(key)
    return list.map { GoldenAttributes($0) }
  }

  func type() throws -> TensorType {
    TensorType(try #require(DType(rawValue: string("dtype"))), Shape(try integers("shape")))
  }

  func scalar(_ key: String) throws -> Scalar {
    switch fields[key] as? String {
    case "nan": return .floating(.nan)
    case "-inf": return .floating(-.infinity)
    default: return .floating(try #require(fields[key] as? NSNumber).doubleValue)
    }
  }

  func program() throws -> Program {
    var program = Program(inputs: try objects("inputs").map { try $0.type() })
    for step in try objects("steps") {
      let operands = try step.integers("operands")
      let primitive = try step.object("primitive").primitive()
      let types = try primitive.infer(operands.map { program.types[$0] })
      program.append(primitive, operands, types: types)
    }
    program.outputs = try integers("outputs")
    return program
  }

  func primitive() throws -> Primitive {
    let name = try string("name")
    if let op = Unary(rawValue: name) { return .unary(op) }
    if let op = Binary(rawValue: name) { return .binary(op) }
    if let op = Comparison(rawValue: name) { return .compare(op) }
    if let op = ArgReduction(rawValue: name) { return .argReduce(op, axis: try integer("axis")) }
    if let kind = Convolution.Kind(rawValue: name) { return .convolution(try convolution(kind)) }
    for op in Reduction.allCases {
      let suffix = op.rawValue.capitalized
      switch name {
      case "reduce" + suffix:
        return .reduce(op, axes: try integers("axes"))
      case "cumulative" + suffix:
        return .cumulative(op, axis: try integer("axis"), reverse: try bool("reverse"))
      case "window" + suffix:
        return .windowReduce(op, try window())
      default: continue
      }
    }
    return try other(name)
  }

  private func other(_ name: String) throws -> Primitive {
    switch name {
    case "constant":
      let type = try type()
      return .constant(try scalar("value").converted(to: type.dtype), type)
    case "iota": return .iota(axis: try integer("axis"), try type())
    case "randomBits": return .randomBits(try type())
    case "select": return .select
    case "cast": return .cast(try #require(DType(rawValue: string("dtype"))))
    case "broadcast": return .broadcast(Shape(try integers("shape")))
    case "reshape": return .reshape(Shape(try integers("shape")))
    case "transpose": return .transpose(try integers("permutation"))
    case "slice":
      return .slice(
        Slicing(
          starts: try integers("starts"), ends: try integers("ends"),
          strides: try integers("strides")))
    case "pad":
      return .pad(
        Padding(
          low: try integers("low"), high: try integers("high"), interior: try integers("interior"),
          value: try scalar("value")))
    case "concatenate": return .concatenate(axis: try integer("axis"))
    case "reverse": return .reverse(axes: try integers("axes"))
    case "matmul":
      return .matmul(transposeA: try bool("transposeA"), transposeB: try bool("transposeB"))
    case "windowArgMax": return .windowArgMax(try window())
    case "gather": return .gather(axis: try integer("axis"), try addressing())
    case "scatter":
      let combine = try #require(Combine(rawValue: string("combine")))
      return .scatter(axis: try integer("axis"), try addressing(), combine)
    case "argSort":
      return .argSort(
        axis: try integer("axis"), descending: try bool("descending"), count: try integer("count"))
    case "output": return .output(try integer("index"))
    case "stopGradient": return .stopGradient
    case "barrier": return .barrier
    case "scan":
      return .scan(
        Scan(
          body: try object("body").program(), length: try integer("length"),
          constants: try integer("constants"), carries: try integer("carries"),
          reverse: try bool("reverse")))
    case "call":
      let body = try object("body").program()
      return .call(Call(name: "call", body: body, rule: .checkpoint))
    case "host": return .host(reversing)
    default:
      Issue.record("there is no primitive named \(name)")
      return .barrier
    }
  }

  private func addressing() throws -> Addressing {
    try #require(Addressing(rawValue: string("addressing")))
  }

  private func window() throws -> Window {
    Window(
      sizes: try integers("sizes"), strides: try integers("strides"),
      dilations: try integers("dilations"), low: try integers("low"), high: try integers("high"))
  }

  private func convolution(_ kind: Convolution.Kind) throws -> Convolution {
    Convolution(
      kind: kind, strides: try integers("strides"), dilations: try integers("dilations"),
      low: try integers("low"), high: try integers("high"), groups: try integer("groups"),
      extents: try integers("extents"))
  }
}

/// The host operation of the golden case `host`: the elements of an `i32` operand in reverse.
private let reversing = HostOperation(
  name: "host",
  infer: { operands in operands },
  gradient: .none("a test does not need one"),
  evaluate: { operands, types, results, _ in
    let count = types[0].shape.elementCount
    let source = operands[0].assumingMemoryBound(to: Int32.self)
    let target = results[0].assumingMemoryBound(to: Int32.self)
    for index in 0..<count { target[index] = source[count - 1 - index] }
  })
