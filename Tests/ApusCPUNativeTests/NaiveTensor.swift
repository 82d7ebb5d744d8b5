import ApusIR
import Foundation

@testable import ApusCPU

/// Numbers in memory of a given dtype, with the plain loops that the native code is tested against.
final class NaiveTensor {
  let layout: StridedLayout
  let memory: UnsafeMutableRawPointer
  let count: Int

  /// Room for a layout (strides included), filled with reproducible values in -1...1.
  init(_ layout: StridedLayout, seed: UInt64 = 1) {
    self.layout = layout
    count = zip(layout.dims, layout.strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
    memory = .allocate(byteCount: max(64, count * layout.dtype.byteCount), alignment: 64)
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    for index in 0..<count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Eighths are exact in bf16, so that inputs carry no rounding.
      store(Float(Int(state >> 40) % 17 - 8) / 8, at: index)
    }
  }

  deinit { memory.deallocate() }

  func store(_ value: Float, at index: Int) {
    switch layout.dtype {
    case .f32: memory.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
    case .bf16:
      // Rounds to nearest, ties to even.
      let bits = value.bitPattern
      let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
      memory.storeBytes(of: UInt16(rounded >> 16), toByteOffset: index * 2, as: UInt16.self)
    default: fatalError("no test uses \(layout.dtype)")
    }
  }

  func load(_ index: Int) -> Float {
    switch layout.dtype {
    case .f32: return memory.load(fromByteOffset: index * 4, as: Float.self)
    case .bf16:
      let bits = memory.load(fromByteOffset: index * 2, as: UInt16.self)
      return Float(bitPattern: UInt32(bits) << 16)
    default: fatalError("no test uses \(layout.dtype)")
    }
  }

  /// The element at an index, whose axes of extent 1 broadcast.
  subscript(index: [Int]) -> Float {
    load(offset(index))
  }

  func offset(_ index: [Int]) -> Int {
    precondition(index.count == layout.dims.count)
    return index.indices.reduce(0) {
      $0 + (layout.dims[$1] == 1 ? 0 : index[$1] * layout.strides[$1])
    }
  }

  /// Every index of the tensor, in row-major order.
  static func indices(_ dims: [Int]) -> [[Int]] {
    dims.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  /// Everything in memory, gaps included.
  var values: [Float] { (0..<count).map(load) }

  /// The largest difference from the values at the same places in memory.
  func distance(to expected: [Float]) -> Float {
    zip(values, expected).map { abs($0 - $1) }.max() ?? 0
  }

  /// The largest difference from the values computed by `expected`.
  func distance(_ expected: ([Int]) -> Float) -> Float {
    Self.indices(layout.dims).map { abs(self[$0] - expected($0)) }.max() ?? 0
  }
}

/// Scratch memory of a primitive.
final class Scratch {
  let memory: UnsafeMutableRawPointer

  init(_ bytes: Int) { memory = .allocate(byteCount: max(64, bytes), alignment: 64) }

  deinit { memory.deallocate() }
}

func apply(_ op: PostOp, to x: Float, previous: Float, operand: Float) -> Float {
  switch op {
  case .accumulate(let scale): x + scale * previous
  case .relu(let slope): x > 0 ? x : slope * x
  case .tanh: tanhOf(x)
  case .elu(let alpha): x > 0 ? x : alpha * (expOf(x) - 1)
  case .square: x * x
  case .abs: abs(x)
  case .sqrt: x.squareRoot()
  case .linear(let scale, let offset): scale * x + offset
  case .softplus: Float(log1p(exp(Double(x))))
  case .logistic: 1 / (1 + expOf(-x))
  case .exp: expOf(x)
  case .log: Float(log(Double(x)))
  case .geluTanh:
    x / 2 * (1 + tanhOf(0.797_884_56 * (x + 0.044_715 * x * x * x)))
  case .geluErf: Float(Double(x) / 2 * (1 + erf(Double(x) / 2.0.squareRoot())))
  case .swish(let beta): x / (1 + expOf(-beta * x))
  case .clip(let low, let high): min(max(x, low), high)
  case .power(let scale, let exponent): scale * Float(pow(Double(x), Double(exponent)))
  case .binary(.add, _): x + operand
  case .binary(.subtract, _): x - operand
  case .binary(.multiply, _): x * operand
  case .binary(.divide, _): x / operand
  case .binary(.maximum, _): max(x, operand)
  case .binary(.minimum, _): min(x, operand)
  }
}

private func expOf(_ x: Float) -> Float { Float(exp(Double(x))) }
private func tanhOf(_ x: Float) -> Float { Float(tanh(Double(x))) }
