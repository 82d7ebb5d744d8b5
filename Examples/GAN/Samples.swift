import Apus
import ApusData

/// Makes pictures of each class with the averaged weights of the generator.
struct Samples {
  let players: Players
  let classNames: [String]
  private let noise: Tensor
  private let labels: [Int]
  private let pictures: Compiled<[Tensor], Tensor>

  private static let batchSize = 250

  /// - Parameters:
  ///   - perClass: pictures of each class.
  ///   - seed: of the random numbers, which are the same each time.
  init(_ players: Players, classNames: [String], perClass: Int, seed: UInt64) throws {
    self.players = players
    self.classNames = classNames
    // Classes in turn, so that each batch has all of them.
    let classes = classNames.count
    labels = (0..<perClass * classes).map { $0 % classes }
    noise = try players.noise(labels.count, key: RandomKey(seed: seed)).evaluated()
    let make = players.make
    pictures = compiled { make($0[0], $0[1]) }
  }

  /// The pictures, classes in turn. Nothing of the players changes.
  func callAsFunction(weights: [String: Tensor]) throws -> LabeledImages {
    let values = players.statistics.merging(weights) { $1 }
    return try players.store.withValues(values) {
      // Running statistics belong to the weights of training; the averaged ones get their own.
      if !players.statistics.isEmpty {
        for index in 0..<30 { _ = try withTraining { try part(index * Samples.batchSize) } }
      }
      let parts = try stride(from: 0, to: labels.count, by: Samples.batchSize).map { try part($0) }
      let all = (concatenate(parts, axis: 0)[0..<labels.count] + 1) / 2
      return LabeledImages(all, labels: labels, classNames: classNames)
    }
  }

  /// A batch of pictures; places count on from the beginning again after the end.
  private func part(_ start: Int) throws -> Tensor {
    let places = (start..<start + Samples.batchSize).map { $0 % labels.count }
    let classes = Tensor(places.map { Int64(labels[$0]) })
    return try pictures([noise.take(Tensor(places.map(Int64.init))), classes])
  }
}

extension LabeledImages {
  /// The first pictures of each class, a class after the other.
  func firstOfEachClass(_ count: Int) -> LabeledImages {
    subset(classNames.indices.flatMap { name in labels.indices.filter { labels[$0] == name }.prefix(count) })
  }

  /// The mean distance (root of the sum of squares, pixels from 0 to 1) of two pictures of a class; where
  /// all pictures of a class are alike, it is 0.
  func spread() throws -> Double {
    var sum = 0.0
    for name in classNames.indices {
      let own = labels.indices.filter { labels[$0] == name }
      guard own.count > 1 else { continue }
      let x = batch(own).x.to(.f32).flattened(from: 1) / 255
      let squares = (x * x).sum(axis: -1)
      let products = matmul(x, x.transposed()) * 2
      let distances = sqrt(relu(squares.expanded(at: 1) + squares - products))
      sum += distances.sum().item / Double(own.count * (own.count - 1))
    }
    return sum / Double(classNames.count)
  }
}
