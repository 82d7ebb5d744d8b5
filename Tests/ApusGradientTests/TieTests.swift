import ApusIR
import Testing

/// Protects the conventions where a function has no gradient: they equal PyTorch's.
@Suite struct TieTests {
  /// torch.maximum, torch.minimum: half to each.
  @Test(arguments: [Binary.maximum, .minimum])
  func equalOperandsShare(_ op: Binary) throws {
    let (a, b) = (Node.data([1, 2, 3]), Node.data([1, 3, 2]))
    let y = try Node(.binary(op), [a, b])
    let first = op == .maximum ? [0.5, 0, 1] : [0.5, 1, 0]
    #expect(try slopes(of: y, for: a) == first)
    #expect(try slopes(of: y, for: b) == first.map { 1 - $0 })
    // One node as both operands receives both halves.
    #expect(try slopes(of: Node(.binary(op), [a, a]), for: a) == [1, 1, 1])
  }

  /// torch.amax, torch.amin: evenly.
  @Test(arguments: [Reduction.maximum, .minimum])
  func equalExtremesShareEvenly(_ op: Reduction) throws {
    let values: [Double] = op == .maximum ? [5, 1, 5, 5, 2, 2] : [-5, 1, -5, -5, -2, -2]
    let x = Node.data(values, [2, 3])
    let y = try Node(.reduce(op, axes: [1]), [x])
    let half = 0.5
    #expect(try slopes(of: y, for: x) == [half, 0, half, 1, 0, 0])
    let all = try Node(.reduce(op, axes: [0, 1]), [x])
    let third = 1.0 / 3
    #expect(try slopes(of: all, for: x) == [third, 0, third, third, 0, 0])
  }

  /// torch.cummax, torch.cummin: the last of equal ones.
  @Test(arguments: [Reduction.maximum, .minimum])
  func runningExtremesTakeTheLast(_ op: Reduction) throws {
    let values: [Double] = [1, 3, 3, 2, 3].map { op == .maximum ? $0 : -$0 }
    let x = Node.data(values)
    let y = try Node(.cumulative(op, axis: 0, reverse: false), [x])
    #expect(try slopes(of: y, for: x) == [1, 1, 2, 0, 1])
    let backwards = try Node(.cumulative(op, axis: 0, reverse: true), [x])
    #expect(try slopes(of: backwards, for: x) == [0, 2, 1, 0, 2])
  }

  /// torch.nn.MaxPool1d, MaxPool2d: the first of equal ones.
  @Test func pooledExtremesTakeTheFirst() throws {
    let x = Node.data([1, 4, 4, 4, 0, 4], [1, 6, 1])
    let y = try Node(.windowReduce(.maximum, Window(sizes: [3], strides: [1])), [x])
    #expect(try slopes(of: y, for: x) == [0, 2, 1, 1, 0, 0])
    let image = Node.data([7, 7, 7, 7], [1, 2, 2, 1])
    let pooled = try Node(.windowReduce(.maximum, Window(sizes: [2, 2])), [image])
    #expect(try slopes(of: pooled, for: image) == [1, 0, 0, 0])
    let low = Node.data([3, -1, -1], [1, 3, 1])
    let least = try Node(.windowReduce(.minimum, Window(sizes: [3])), [low])
    #expect(try slopes(of: least, for: low) == [0, 1, 0])
  }

  /// A window in the padding has the identity for its extreme, and passes nothing on.
  @Test func windowsOutsideTheInputPassNothingOn() throws {
    let x = Node.data([1, 2], [1, 2, 1])
    let window = Window(sizes: [1], strides: [1], low: [2], high: [1])
    let y = try Node(.windowReduce(.maximum, window), [x])
    #expect(try slopes(of: y, for: x) == [1, 1])
  }

  /// torch.abs: 0 at 0.
  @Test func magnitudeIsFlatAtZero() throws {
    let x = Node.data([0, -0.0, 2])
    #expect(try slopes(of: Node(.unary(.absolute), [x]), for: x) == [0, 0, 1])
  }

  /// torch.pow: the gradient of 0⁰ and of 0 to a positive power is finite in both operands.
  @Test func powersOfZero() throws {
    let (a, b) = (Node.data([0, 0, 0, 2]), Node.data([0, 1, 3, 0]))
    let y = try Node(.binary(.power), [a, b])
    #expect(try slopes(of: y, for: a) == [0, 1, 0, 0])
    let second = try slopes(of: y, for: b)
    #expect(second[0] == 0 && second[1] == 0 && second[2] == 0)
    #expect((second[3] - 0.6931471805599453).magnitude < 1e-15)
  }

  /// Of several updates for one place the last stays, and it alone has a gradient.
  @Test func replacedUpdatesHaveNone() throws {
    let target = Node.data([1, 2, 3])
    let indices = Node.data([1, 1, 0, 5, 1], dtype: .i64)
    let updates = Node.data([10, 20, 30, 40, 50])
    let y = try Node(.scatter(axis: 0, .slices, .replace), [target, indices, updates])
    #expect(try y.values() == [30, 50, 3])
    #expect(try slopes(of: y, for: target) == [0, 0, 1])
    #expect(try slopes(of: y, for: updates) == [0, 0, 1, 0, 1])
  }
}
