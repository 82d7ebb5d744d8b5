import Apus
import Foundation
import Testing

@Suite struct PrintingTests {
  struct Case: Decodable {
    var dtype: String
    var shape: [Int]
    var values: [String]
    var text: String
  }

  @Test func likeNumPy() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: Golden.path("printing.json")))
    let cases = try JSONDecoder().decode([Case].self, from: data)
    #expect(cases.count > 50)
    for item in cases {
      let dtype = try #require(DType(rawValue: item.dtype))
      let shape = Shape(item.shape)
      let tensor: Tensor
      if dtype.isFloating {
        tensor = Tensor(item.values.map { Double($0)! }, shape: shape, dtype: dtype)
      } else if item.values.isEmpty && shape.elementCount > 0 {
        tensor = Tensor.arange(shape.elementCount, dtype: dtype).reshaped(shape)
      } else {
        tensor = Tensor(item.values.map { Int64($0)! }, shape: shape, dtype: dtype)
      }
      #expect(tensor.description == item.text, "\(item.dtype)\(item.shape)")
    }
  }

  @Test func brainFloats() {
    #expect(Tensor([0.1, 2.5], dtype: .bf16).description == "[0.1 2.5]")
  }

  @Test func debugFormNamesTheType() {
    #expect(Tensor([1, 2], dtype: .i32).debugDescription == "i32[2] [1 2]")
  }
}
