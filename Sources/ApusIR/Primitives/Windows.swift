/// A window that slides over the spatial axes of `[batch, spatial…, channel]`.
public struct Window: Hashable, Sendable {
  public var sizes: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  /// Elements outside the input before and after; they count as the reduction's identity.
  public var low: [Int]
  public var high: [Int]

  public init(
    sizes: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, low: [Int]? = nil,
    high: [Int]? = nil
  ) {
    self.sizes = sizes
    self.strides = strides ?? sizes
    self.dilations = dilations ?? sizes.map { _ in 1 }
    self.low = low ?? sizes.map { _ in 0 }
    self.high = high ?? sizes.map { _ in 0 }
  }

  public var spatialRank: Int { sizes.count }

  /// The number of window positions along a spatial axis; zero where the window does not fit.
  public func outputExtent(_ axis: Int, input: Int) -> Int {
    let reach = dilations[axis] * (sizes[axis] - 1) + 1
    let room = input + low[axis] + high[axis] - reach
    return room < 0 ? 0 : room / strides[axis] + 1
  }
}

extension Primitive {
  /// `windowReduce`: combines the elements under each window position (pooling).
  func inferWindowReduce(
    _ op: Reduction, _ operands: [TensorType], _ window: Window
  ) throws(TensorError) -> TensorType {
    let type = try inferWindow(operands, window)
    try expectReducible(op, operands[0])
    return type
  }

  /// `windowArgMax`: for each window position the row-major index, `i32`, over the input's spatial
  /// axes of the first greatest element; a NaN counts as greatest; -1 where the window lies wholly
  /// outside the input.
  func inferWindowArgMax(
    _ operands: [TensorType], _ window: Window
  ) throws(TensorError) -> TensorType {
    let type = try inferWindow(operands, window)
    let volume = operands[0].shape.dropFirst().dropLast().reduce(1, *)
    guard volume <= Int(Int32.max) else {
      throw failure(.shape, "the spatial axes of \(operands[0].shape) are too large for i32")
    }
    return TensorType(.i32, type.shape)
  }

  private func inferWindow(
    _ operands: [TensorType], _ window: Window
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    let shape = operands[0].shape
    let rank = window.spatialRank
    guard shape.rank == rank + 2 else {
      throw failure(
        .shape, "shape \(shape) must have rank \(rank + 2) for \(rank) spatial axes",
        hint: "activations are channels-last, [batch, spatial…, channel].")
    }
    let perAxis = [window.strides, window.dilations, window.low, window.high]
    guard rank > 0, perAxis.allSatisfy({ $0.count == rank }), window.sizes.allSatisfy({ $0 > 0 }),
      window.strides.allSatisfy({ $0 > 0 }), window.dilations.allSatisfy({ $0 > 0 }),
      (window.low + window.high).allSatisfy({ $0 >= 0 })
    else {
      throw failure(
        .argument, "sizes, strides and dilations must be positive, padding not negative")
    }
    var result = shape
    for axis in 0..<rank {
      result[axis + 1] = window.outputExtent(axis, input: shape[axis + 1])
      guard result[axis + 1] > 0 || shape[axis + 1] == 0 else {
        throw failure(
          .shape,
          "window \(window.sizes) does not fit into shape \(shape) along spatial axis \(axis)")
      }
    }
    return TensorType(operands[0].dtype, result)
  }
}
