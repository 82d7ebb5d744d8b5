extension Primitive {
  /// The primitives without their attributes: one for each case.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case input, constant, iota, randomBits
    case unary, binary, compare, select, cast
    case broadcast, reshape, transpose, slice, pad, concatenate, reverse
    case reduce, argReduce, cumulative
    case matmul, convolution
    case windowReduce, windowArgMax
    case gather, scatter, argSort
    case scan, call, host, output, stopGradient, barrier
  }

  public var kind: Kind {
    switch self {
    case .input: .input
    case .constant: .constant
    case .iota: .iota
    case .randomBits: .randomBits
    case .unary: .unary
    case .binary: .binary
    case .compare: .compare
    case .select: .select
    case .cast: .cast
    case .broadcast: .broadcast
    case .reshape: .reshape
    case .transpose: .transpose
    case .slice: .slice
    case .pad: .pad
    case .concatenate: .concatenate
    case .reverse: .reverse
    case .reduce: .reduce
    case .argReduce: .argReduce
    case .cumulative: .cumulative
    case .matmul: .matmul
    case .convolution: .convolution
    case .windowReduce: .windowReduce
    case .windowArgMax: .windowArgMax
    case .gather: .gather
    case .scatter: .scatter
    case .argSort: .argSort
    case .scan: .scan
    case .call: .call
    case .host: .host
    case .output: .output
    case .stopGradient: .stopGradient
    case .barrier: .barrier
    }
  }
}

/// One operation of the closed set, with operands it accepts.
public struct PrimitiveEntry: Hashable, Sendable, CustomStringConvertible {
  public let primitive: Primitive
  public let operands: [TensorType]

  public var name: String { primitive.name }
  public var description: String { name }
}

/// Every named operation, for the tests that ask each for its rule, its golden numbers and its
/// gradient. A primitive that is not here does not compile: `Kind` and `samples` are exhaustive.
public enum PrimitiveRegistry {
  public static let all: [PrimitiveEntry] = Primitive.Kind.allCases.flatMap(samples)

  private static func samples(_ kind: Primitive.Kind) -> [PrimitiveEntry] {
    let matrix = TensorType(.f32, [2, 3])
    let image = TensorType(.f32, [2, 4, 5, 3])
    let mask = TensorType(.bool, [2, 3])
    func one(_ primitive: Primitive, _ operands: TensorType...) -> [PrimitiveEntry] {
      [PrimitiveEntry(primitive: primitive, operands: operands)]
    }
    switch kind {
    case .input: return one(.input(matrix))
    case .constant: return one(.constant(.floating(2), matrix))
    case .iota: return one(.iota(axis: 1, matrix))
    case .randomBits: return one(.randomBits(TensorType(.i32, [2, 3])), TensorType(.i64, [2]))
    case .unary:
      return Unary.allCases.flatMap { one(.unary($0), $0.supports(.f32) ? matrix : mask) }
    case .binary:
      return Binary.allCases.flatMap { op in
        let dtype = [DType.f32, .bool, .i32].first { op.supports($0) }!
        let type = TensorType(dtype, matrix.shape)
        return one(.binary(op), type, type)
      }
    case .compare: return Comparison.allCases.flatMap { one(.compare($0), matrix, matrix) }
    case .select: return one(.select, mask, matrix, matrix)
    case .cast: return one(.cast(.f64), matrix)
    case .broadcast: return one(.broadcast([4, 2, 3]), matrix)
    case .reshape: return one(.reshape([3, 2]), matrix)
    case .transpose: return one(.transpose([1, 0]), matrix)
    case .slice:
      return one(.slice(Slicing(starts: [0, 0], ends: [2, 3], strides: [1, 2])), matrix)
    case .pad:
      return one(
        .pad(Padding(low: [1, 0], high: [0, 2], interior: [0, 1], value: .floating(0))), matrix)
    case .concatenate: return one(.concatenate(axis: 1), matrix, matrix)
    case .reverse: return one(.reverse(axes: [1]), matrix)
    case .reduce: return Reduction.allCases.flatMap { one(.reduce($0, axes: [1]), matrix) }
    case .argReduce: return ArgReduction.allCases.flatMap { one(.argReduce($0, axis: 1), matrix) }
    case .cumulative:
      return Reduction.allCases.flatMap { one(.cumulative($0, axis: 1, reverse: false), matrix) }
    case .matmul:
      return one(
        .matmul(transposeA: false, transposeB: false), matrix, TensorType(.f32, [3, 4]))
    case .convolution:
      let forward = Convolution(
        strides: [1, 2], dilations: [1, 1], low: [1, 0], high: [1, 1], groups: 1)
      let kernel = TensorType(.f32, [4, 3, 3, 2])
      let output = TensorType(.f32, [2, 4, 3, 4])
      return one(.convolution(forward), image, kernel)
        + one(.convolution(forward.with(kind: .inputGradient, extents: [4, 5])), output, kernel)
        + one(.convolution(forward.with(kind: .weightGradient, extents: [3, 2])), image, output)
    case .windowReduce:
      return Reduction.allCases.flatMap { one(.windowReduce($0, Window(sizes: [2, 2])), image) }
    case .windowArgMax: return one(.windowArgMax(Window(sizes: [2, 2])), image)
    case .gather: return one(.gather(axis: 1, .slices), matrix, TensorType(.i32, [2]))
    case .scatter:
      return one(
        .scatter(axis: 1, .slices, .add), matrix, TensorType(.i32, [2]), TensorType(.f32, [2, 2]))
    case .argSort: return one(.argSort(axis: 1, descending: false, count: 3), matrix)
    case .scan:
      let row = TensorType(.f32, [3])
      let scan = Scan(body: product(row, outputs: 2), length: 2, constants: 0, carries: 1)
      return one(.scan(scan), row, matrix)
    case .call:
      let body = product(matrix, outputs: 1)
      return one(.call(Call(name: "call", body: body, rule: .checkpoint)), matrix, matrix)
    case .host: return one(.host(copying), matrix)
    case .output: return one(.output(1), matrix, matrix)
    case .stopGradient: return one(.stopGradient, matrix)
    case .barrier: return one(.barrier, matrix, mask)
    }
  }

  /// The product of two operands, returned as often as asked.
  private static func product(_ type: TensorType, outputs: Int) -> Program {
    var program = Program(inputs: [type, type])
    let result = program.append(.binary(.multiply), [0, 1], types: [type])
    program.outputs = [Int](repeating: result.lowerBound, count: outputs)
    return program
  }

  private static let copying = HostOperation(
    name: "host",
    infer: { operands in operands },
    gradient: .none("it stands for any function"),
    evaluate: { operands, types, results, _ in
      results[0].copyMemory(from: operands[0], byteCount: types[0].byteCount)
    })
}
