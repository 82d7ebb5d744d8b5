import ApusIR

extension PrimitiveTable {
  static func movement(_ kind: Primitive.Kind, _ dtype: DType) -> [TableCase] {
    func one(_ primitive: Primitive, _ shapes: Shape...) -> TableCase {
      TableCase(primitive, shapes.map { TensorType(dtype, $0) }, .special)
    }
    func slice(_ starts: [Int], _ ends: [Int], _ strides: [Int]) -> Primitive {
      .slice(Slicing(starts: starts, ends: ends, strides: strides))
    }
    func pad(_ low: [Int], _ high: [Int], _ interior: [Int]) -> Primitive {
      let value = Scalar.floating(-3).converted(to: dtype)
      return .pad(Padding(low: low, high: high, interior: interior, value: value))
    }
    switch kind {
    case .broadcast:
      return [
        one(.broadcast([4]), []), one(.broadcast([2, 0, 3]), [3]), one(.broadcast([1]), [1]),
        one(.broadcast([5, 2, 4, 3]), [2, 1, 3]), one(.broadcast([33, 1063]), [33, 1]),
        one(.broadcast([41, 1063]), [1063]), one(.broadcast([2, 1, 3, 2, 1, 2, 3]), [3, 1, 1, 2, 1]),
      ]
    case .reshape:
      return [
        one(.reshape([6]), [2, 3]), one(.reshape([]), [1, 1]), one(.reshape([1]), []),
        one(.reshape([0, 9]), [3, 0]), one(.reshape([3, 1, 2, 2, 3, 1, 2]), [9, 8]),
        one(.reshape([1063, 41]), [41, 1063]),
      ]
    case .transpose:
      return [
        one(.transpose([]), []), one(.transpose([1, 0]), [2, 3]), one(.transpose([1, 0]), [0, 3]),
        one(.transpose([2, 0, 1]), [5, 1, 7]), one(.transpose([1, 0]), [300, 170]),
        one(.transpose([0, 2, 1]), [3, 65, 129]), one(.transpose([6, 4, 2, 0, 1, 3, 5]), [2, 3, 1, 2, 3, 1, 2]),
      ]
    case .slice:
      return [
        one(slice([], [], []), []), one(slice([1], [4], [1]), [5]), one(slice([2], [2], [1]), [5]),
        one(slice([0, 1, 2], [2, 3, 7], [1, 2, 3]), [2, 3, 8]), one(slice([1], [1031], [7]), [1031]),
        one(slice([1, 3], [301, 169], [2, 1]), [301, 170]), one(slice([0], [1], [9]), [1]),
      ]
    case .pad:
      return [
        one(pad([], [], []), []), one(pad([1], [2], [0]), [3]), one(pad([0], [0], [2]), [3]),
        one(pad([1], [2], [3]), [0]), one(pad([2], [1], [1]), [1]),
        one(pad([1, 0, 2], [0, 3, 1], [1, 0, 2]), [2, 3, 2]), one(pad([2, 1], [1, 3], [0, 0]), [300, 130]),
        one(pad([2, 1], [1, 3], [2, 0]), [100, 130]), one(pad([1, 1, 0, 1, 0, 1], [0, 1, 0, 0, 2, 0], [0, 1, 0, 0, 0, 0]), [2, 2, 1, 2, 1, 2]),
      ]
    case .concatenate:
      return [
        one(.concatenate(axis: 0), [1], [3], [0]), one(.concatenate(axis: 0), [0], [0]),
        one(.concatenate(axis: 1), [2, 1, 2], [2, 4, 2]), one(.concatenate(axis: 0), [17]),
        one(.concatenate(axis: 1), [300, 33], [300, 17], [300, 1], [300, 80]),
        one(.concatenate(axis: 2), [2, 1, 3, 1, 2], [2, 1, 5, 1, 2]),
        one(.concatenate(axis: 0), [3], [3], [3], [3], [3], [3], [3], [3], [3], [3], [3], [3]),
      ]
    default:
      return [
        one(.reverse(axes: []), [3]), one(.reverse(axes: [0]), [0]), one(.reverse(axes: [0]), [1]),
        one(.reverse(axes: [0]), [1031]), one(.reverse(axes: [2, 0]), [2, 3, 4]),
        one(.reverse(axes: [1]), [300, 130]), one(.reverse(axes: [0, 3, 5]), [2, 1, 3, 2, 1, 3]),
      ]
    }
  }

  /// Rows, columns, both, everything; for some dtypes long enough for partial results and tiles.
  static func reductions(_ op: Reduction, _ dtype: DType) -> [TableCase] {
    let small: [(Shape, [Int])] = [
      ([], []), ([0], [0]), ([1], [0]), ([17], [0]), ([3, 0], [1]), ([3, 0], [0]), ([5, 7], []),
      ([5, 33], [1]), ([33, 5], [0]), ([2, 3, 4], [2, 0]), ([2, 3, 4, 2, 3, 1], [1, 3, 5]),
      ([1, 1, 1], [0, 2]), ([300, 170], [1]), ([1031, 64], [0]),
    ]
    let large: [(Shape, [Int])] = [
      ([40_000], [0]), ([39_999], [0]), ([2, 20_000], [1]), ([4096, 33], [0]), ([512, 130], [0]),
      ([300, 1063], [0]), ([64, 1024], [0, 1]), ([20, 300, 7], [1]), ([16, 33, 65], [0, 1]),
      ([100, 3, 120], [0, 2]), ([9, 4000], [1]), ([40, 2, 500], [0]), ([3, 20_011], [0]),
    ]
    let forms = [.f32, .bf16, .i64, .bool].contains(dtype) ? small + large : small
    return forms.map { shape, axes in
      TableCase(.reduce(op, axes: axes), [TensorType(dtype, shape)], op.numbers)
    }
  }

  static func products(_ dtype: DType) -> [TableCase] {
    let sizes: [(batch: [Int], m: Int, k: Int, n: Int)] = [
      ([], 2, 3, 4), ([], 1, 1, 1), ([], 1, 33, 1), ([], 17, 1, 3), ([], 2, 0, 3), ([], 0, 2, 3),
      ([0], 2, 2, 2), ([3], 5, 7, 3), ([2, 1, 3], 3, 2, 5), ([1, 2, 1, 2, 1], 2, 3, 2),
      ([], 33, 65, 17), ([], 130, 70, 129),
    ]
    return sizes.flatMap { batch, m, k, n in
      let forms = [(false, false), (true, true), (false, true), (true, false)]
      return forms.prefix(m > 32 ? 4 : 2).map { transposeA, transposeB in
        TableCase(
          .matmul(transposeA: transposeA, transposeB: transposeB),
          [
            TensorType(dtype, Shape(batch + (transposeA ? [k, m] : [m, k]))),
            TensorType(dtype, Shape(batch + (transposeB ? [n, k] : [k, n]))),
          ])
      }
    }
  }

  static func convolutions(_ kind: Convolution.Kind, _ dtype: DType) -> [TableCase] {
    func one(
      batch: Int = 2, _ extents: [Int], _ kernel: [Int], _ inner: Int, _ outer: Int,
      strides: [Int]? = nil, dilations: [Int]? = nil, low: [Int]? = nil, high: [Int]? = nil,
      groups: Int = 1
    ) -> TableCase {
      let ones = extents.map { _ in 1 }
      let none = extents.map { _ in 0 }
      let forward = Convolution(
        strides: strides ?? ones, dilations: dilations ?? ones, low: low ?? none,
        high: high ?? none, groups: groups)
      let input = TensorType(dtype, Shape([batch] + extents + [inner]))
      let weights = TensorType(dtype, Shape([outer, inner / groups] + kernel))
      let output = try! Primitive.convolution(forward).infer([input, weights])[0]
      switch kind {
      case .forward: return TableCase(.convolution(forward), [input, weights])
      case .inputGradient:
        return TableCase(.convolution(forward.with(kind: kind, extents: extents)), [output, weights])
      case .weightGradient:
        return TableCase(.convolution(forward.with(kind: kind, extents: kernel)), [input, output])
      }
    }
    return [
      one([5], [3], 2, 3), one([7], [3], 1, 1, strides: [2], low: [1]),
      one([9, 7], [3, 3], 3, 17, low: [1, 1], high: [1, 1]),
      one([6, 5], [2, 2], 2, 2, strides: [2, 3], dilations: [1, 2]),
      one([5, 5], [3, 3], 4, 6, strides: [2, 2], low: [1, 1], high: [1, 1], groups: 2),
      one([8, 8], [3, 3], 16, 16, low: [1, 1], high: [1, 1], groups: 16),
      one([1, 1], [1, 1], 1, 1), one(batch: 0, [4, 4], [3, 3], 2, 2), one(batch: 1, [8], [2], 1, 2, strides: [3]),
      one([3, 4, 3], [2, 2, 2], 2, 2, strides: [1, 2, 1], low: [0, 1, 0], high: [1, 0, 0]),
      one([14, 14], [3, 3], 33, 8, low: [1, 0], high: [0, 1]), one([7], [1], 1, 1, strides: [4]),
    ]
  }

  static let windows: [(Shape, Window)] = [
    ([2, 4, 3], Window(sizes: [2])),
    ([1, 17, 1], Window(sizes: [3], strides: [1])),
    ([1, 5, 2], Window(sizes: [2], strides: [3])),
    ([2, 9, 7, 5], Window(sizes: [3, 3], strides: [2, 2], low: [1, 1], high: [1, 1])),
    ([1, 4, 4, 2], Window(sizes: [3, 2], strides: [1, 1], low: [2, 0], high: [0, 1])),
    ([1, 5, 6, 1], Window(sizes: [2, 2], strides: [1, 2], dilations: [2, 3])),
    ([1, 1, 1, 1], Window(sizes: [1, 1])),
    ([1, 2, 1], Window(sizes: [1], strides: [1], low: [2], high: [1])),
    ([1, 3, 4, 3, 1], Window(sizes: [2, 2, 2], strides: [1, 2, 1], low: [0, 0, 1], high: [0, 0, 0])),
    ([0, 4, 3], Window(sizes: [2])), ([2, 4, 0], Window(sizes: [2])),
    ([4, 28, 28, 17], Window(sizes: [2, 2])),
    ([2, 3, 1], Window(sizes: [3])),
  ]

  static func indexing(_ kind: Primitive.Kind, _ dtype: DType) -> [TableCase] {
    typealias Form = (values: Shape, axis: Int, indices: Shape, addressing: Addressing)
    let forms: [Form] = [
      ([3], 0, [], .slices), ([3], 0, [0], .slices), ([3, 2], 0, [5], .slices), ([1], 0, [3], .slices),
      ([2, 3, 2], 1, [2, 2], .slices), ([2, 5, 0], 1, [3], .slices), ([17, 33], 0, [1031], .slices),
      ([2, 1, 3, 2, 2], 3, [3, 1], .slices), ([1031, 40], 0, [33, 17], .slices),
      ([3], 0, [5], .elements), ([2, 3, 2], 1, [2, 4, 2], .elements), ([4, 0], 1, [4, 0], .elements),
      ([300, 17], 1, [300, 33], .elements), ([17, 300], 0, [5, 300], .elements),
    ]
    return forms.enumerated().flatMap { number, form -> [TableCase] in
      let values = TensorType(dtype, form.values)
      let indices = TensorType(number % 2 == 0 ? .i32 : .i64, form.indices)
      let places = TableCase.Numbers.indices(form.values[form.axis])
      let gather = Primitive.gather(axis: form.axis, form.addressing)
      if kind == .gather { return [TableCase(gather, [(values, .special), (indices, places)])] }
      let updates = try! gather.infer([values, indices])[0]
      return [Combine.add, .replace].filter { $0 == .replace || dtype != .bool }.map { combine in
        TableCase(
          .scatter(axis: form.axis, form.addressing, combine),
          [(values, .tame), (indices, places), (updates, .tame)])
      }
    }
  }

  /// carry' = carry · constant + slice, result = carry' - slice, of one to three operands.
  static func bodies(_ kind: Primitive.Kind, _ dtype: DType) -> [TableCase] {
    [[], [1], [3], [33], [2, 1, 3]].flatMap { (shape: Shape) -> [TableCase] in
      let type = TensorType(dtype, shape)
      var body = Program(inputs: [type, type, type])
      let scaled = try! body.append(.binary(.multiply), [1, 0])
      let carry = try! body.append(.binary(.add), [scaled, 2])
      body.outputs = [carry, try! body.append(.binary(.subtract), [carry, 2])]
      if kind == .call {
        let call = Call(name: "call", body: body, rule: .checkpoint)
        return [TableCase(.call(call), [type, type, type])]
      }
      return [0, 1, 2, 5].flatMap { length in
        [false, true].map { reverse in
          let scan = Scan(body: body, length: length, constants: 1, carries: 1, reverse: reverse)
          let sequence = TensorType(dtype, Shape([length] + shape.extents))
          return TableCase(
            .scan(scan), [(type, .factors), (type, .tame), (sequence, .tame)])
        }
      }
    }
  }
}
