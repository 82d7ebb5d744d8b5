import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Samples become tensors of the right shapes, or a sentence says which does not fit.
@Suite struct CollateTests {
  private func image(_ height: Int, _ value: UInt8) -> LabeledImage {
    LabeledImage(
      image: Image(
        height: height, width: 2, channels: 1, pixels: [UInt8](repeating: value, count: height * 2)),
      label: Int(value))
  }

  @Test func tensorsAreStacked() throws {
    let batch = try Collate.pairs([
      (x: Tensor([1, 2] as [Float]), y: Tensor([3 as Int64])),
      (x: Tensor([4, 5] as [Float]), y: Tensor([6 as Int64])),
    ])
    #expect(batch.x.shape == [2, 2] && batch.x.dtype == .f32 && batch.x.array(of: Float.self) == [1, 2, 4, 5])
    #expect(batch.y.shape == [2, 1] && batch.y.array(of: Int.self) == [3, 6])
    let error = #expect(throws: CollateError.self) {
      try Collate.stack([Tensor([1, 2] as [Float]), Tensor([1] as [Float])])
    }
    #expect(
      error?.description
        == "sample 1 of the batch is f32[1], but the first is f32[2]; bring all to one shape, or pad them.")
    #expect(throws: CollateError.self) { try Collate.stack([]) }
  }

  @Test func rowsAndImagesAreStacked() throws {
    let rows = try Collate.rows([(x: [1, 2] as [Float], y: 7), (x: [3, 4], y: 8)])
    #expect(rows.x.shape == [2, 2] && rows.y.array(of: Int.self) == [7, 8])
    #expect(throws: CollateError.self) { try Collate.rows([(x: [1, 2] as [Float], y: 7), (x: [3], y: 8)]) }

    let images = try Collate.images([image(3, 1), image(3, 9)])
    #expect(images.x.shape == [2, 3, 2, 1] && images.x.dtype == .u8)
    #expect(images.x.array(of: Int.self) == Array(repeating: 1, count: 6) + Array(repeating: 9, count: 6))
    let error = #expect(throws: CollateError.self) { try Collate.images([image(3, 1), image(4, 1)]) }
    #expect(error?.description.hasPrefix("image 1 of the batch is 4 × 2 × 1, but the first is 3 × 2 × 1") == true)
  }

  @Test func sequencesArePadded() {
    let batch = Collate.padded([[1, 2, 3], [], [4]] as [[Int64]], value: -1)
    #expect(batch.values.shape == [3, 3])
    #expect(batch.values.array(of: Int.self) == [1, 2, 3, -1, -1, -1, 4, -1, -1])
    #expect(batch.lengths.array(of: Int.self) == [3, 0, 1])
    #expect(Collate.padded([[1, 2, 3]] as [[Int64]], value: 0, multiple: 8).values.shape == [1, 8])
    #expect(Collate.padded([[]] as [[Int64]], value: 0).values.shape == [1, 0])
  }
}
