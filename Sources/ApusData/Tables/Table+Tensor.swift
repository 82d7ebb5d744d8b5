import Apus
import ApusFormats

extension Table {
  /// Columns of numbers and truth values as `f32[row, column]`; what is missing is NaN.
  ///
  /// Throws `FormatError` for a column that there is not, or of text; see ``TableEncoder``.
  public func tensor(_ names: [String]) throws -> Tensor {
    var values = [Float](repeating: 0, count: rowCount * names.count)
    for (place, name) in names.enumerated() {
      let numbers = try column(name).numbers(source)
      for row in 0..<rowCount { values[row * names.count + place] = Float(numbers[row]) }
    }
    return Tensor(values, shape: Shape([rowCount, names.count]))
  }
}
