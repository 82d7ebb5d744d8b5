import ApusData
import Testing

@Suite("embedded digits") struct DigitsTests {
  /// Counts and sums that scikit-learn's `load_digits` gives.
  @Test("are those of the UCI repository")
  func contents() {
    #expect(Digits.images.count == 1797 * 64 && Digits.labels.count == 1797)
    #expect(Digits.images.max() == Digits.maximum)
    #expect(Digits.images.reduce(0) { $0 + Int($1) } == 561_718)
    let counts = (0..<10).map { label in Digits.labels.count { $0 == label } }
    #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    #expect(Array(Digits.images.prefix(8)) == [0, 0, 5, 13, 9, 1, 0, 0])
  }

  @Test("are split into 1,437 and 360, each class by its share")
  func split() {
    #expect(Digits.trainIndices.count == 1437 && Digits.testIndices.count == 360)
    #expect(Set(Digits.trainIndices).union(Digits.testIndices) == Set(0..<1797))
    #expect(Digits.testIndices.prefix(6) == [6, 9, 11, 23, 25, 36])
    for label in 0..<10 {
      let held = Digits.testIndices.count { Digits.labels[$0] == label }
      let share = Double(Digits.labels.count { $0 == label }) * 360 / 1797
      #expect(abs(Double(held) - share) <= 1)
    }
  }
}
