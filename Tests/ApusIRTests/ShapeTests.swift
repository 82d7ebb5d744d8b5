import ApusIR
import Testing

@Suite struct ShapeTests {
  struct Broadcast: Sendable, CustomTestStringConvertible {
    let a: Shape
    let b: Shape
    let result: Shape?
    var testDescription: String { "\(a) with \(b)" }
  }

  @Test(arguments: [
    Broadcast(a: [], b: [], result: []),
    Broadcast(a: [], b: [2, 3], result: [2, 3]),
    Broadcast(a: [3], b: [2, 3], result: [2, 3]),
    Broadcast(a: [2, 1], b: [1, 3], result: [2, 3]),
    Broadcast(a: [4, 1, 3], b: [2, 1], result: [4, 2, 3]),
    Broadcast(a: [0], b: [1], result: [0]),
    Broadcast(a: [2, 0], b: [2, 1], result: [2, 0]),
    Broadcast(a: [0], b: [2], result: nil),
    Broadcast(a: [2], b: [3], result: nil),
    Broadcast(a: [2, 3], b: [2, 1, 2], result: nil),
  ])
  func broadcastsByNumPysRule(_ example: Broadcast) {
    #expect(Shape.broadcast(example.a, example.b) == example.result)
    #expect(Shape.broadcast(example.b, example.a) == example.result)
    if let result = example.result {
      #expect(example.a.broadcasts(to: result))
      #expect(example.b.broadcasts(to: result))
    }
  }

  @Test func broadcastingToNeverChangesTheTarget() {
    #expect(!Shape([2, 3]).broadcasts(to: [3]))
    #expect(!Shape([2]).broadcasts(to: [1]))
    #expect(Shape([1]).broadcasts(to: [0]))
    #expect(Shape([]).broadcasts(to: []))
  }

  @Test func countsAndStrides() {
    #expect(Shape([]).elementCount == 1)
    #expect(Shape([2, 0, 3]).elementCount == 0)
    #expect(Shape([2, 3, 4]).elementCount == 24)
    #expect(Shape([]).rowMajorStrides == [])
    #expect(Shape([2, 3, 4]).rowMajorStrides == [12, 4, 1])
    #expect(TensorType(.bf16, [3, 5]).byteCount == 30)
  }

  @Test func removesAndKeepsAxes() {
    #expect(Shape([2, 3, 4]).removing(axes: [0, 2]) == [3])
    #expect(Shape([2, 3, 4]).removing(axes: []) == [2, 3, 4])
    #expect(Shape([2, 3, 4]).keeping(axes: [1]) == [2, 1, 4])
  }

  @Test func describesItself() {
    #expect("\(Shape([2, 3]))" == "[2, 3]")
    #expect("\(TensorType(.f32, []))" == "f32[]")
  }
}
