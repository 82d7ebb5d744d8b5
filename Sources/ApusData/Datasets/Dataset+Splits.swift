/// What is trained on and what tells how well it went.
public struct DatasetSplit<Base: Dataset>: Sendable {
  public let training: SubsetDataset<Base>
  public let heldOut: SubsetDataset<Base>
}

extension Dataset {
  /// Two parts chosen at random: the share `fraction` of the samples to train on, rounded, and the rest.
  public func split(_ fraction: Double, seed: UInt64) -> DatasetSplit<Self> {
    precondition((0...1).contains(fraction), "the share is from 0 to 1, not \(fraction)")
    let order = RandomOrder.permutation(count, seed: seed, .dataset)
    let training = Int((fraction * Double(count)).rounded())
    return DatasetSplit(
      training: subset(order[..<training].sorted()), heldOut: subset(order[training...].sorted()))
  }

  /// Two parts chosen at random in which each class has the same share, to within one sample.
  ///
  /// - Parameter label: the class of a sample; reads each once, now.
  public func stratifiedSplit<Label: Hashable>(
    _ fraction: Double, seed: UInt64, by label: (Element) throws -> Label
  ) throws -> DatasetSplit<Self> {
    precondition((0...1).contains(fraction), "the share is from 0 to 1, not \(fraction)")
    let order = try orderByClass(seed, label)
    let heldOut = count - Int((fraction * Double(count)).rounded())
    // Spread evenly over the classes in turn, so that each gives its share.
    var parts: (training: [Int], heldOut: [Int]) = ([], [])
    for (place, index) in order.enumerated() {
      let isHeldOut = (place + 1) * heldOut / count > place * heldOut / count
      if isHeldOut { parts.heldOut.append(index) } else { parts.training.append(index) }
    }
    return DatasetSplit(
      training: subset(parts.training.sorted()), heldOut: subset(parts.heldOut.sorted()))
  }

  /// Cross-validation: each sample is held out in one of the folds, whose sizes differ by one at most
  /// (scikit-learn's `KFold` with shuffling).
  public func kFold(_ folds: Int, seed: UInt64) -> [DatasetSplit<Self>] {
    cut(RandomOrder.permutation(count, seed: seed, .dataset), into: folds)
  }

  /// Cross-validation in which each fold holds out the same number of each class, to within one sample
  /// (`StratifiedKFold`).
  ///
  /// - Parameter label: the class of a sample; reads each once, now.
  public func stratifiedKFold<Label: Hashable>(
    _ folds: Int, seed: UInt64, by label: (Element) throws -> Label
  ) throws -> [DatasetSplit<Self>] {
    cut(try orderByClass(seed, label), into: folds)
  }

  /// Every `folds`-th sample of `order` is held out.
  private func cut(_ order: [Int], into folds: Int) -> [DatasetSplit<Self>] {
    precondition(folds > 1 && folds <= count, "\(count) samples cannot be cut into \(folds) folds")
    var fold = [Int](repeating: 0, count: count)
    for (place, index) in order.enumerated() { fold[index] = place % folds }
    return (0..<folds).map { held in
      DatasetSplit(
        training: subset(fold.indices.filter { fold[$0] != held }),
        heldOut: subset(fold.indices.filter { fold[$0] == held }))
    }
  }

  /// The samples class by class (classes in the order of their first samples), at random within one.
  private func orderByClass<Label: Hashable>(
    _ seed: UInt64, _ label: (Element) throws -> Label
  ) throws -> [Int] {
    var number: [Label: Int] = [:]
    let labels = try (0..<count).map { index in
      let label = try label(self[index])
      return number[label] ?? { number[label] = number.count; return number.count - 1 }()
    }
    var classes = [[Int]](repeating: [], count: number.count)
    for index in RandomOrder.permutation(count, seed: seed, .dataset) {
      classes[labels[index]].append(index)
    }
    return Array(classes.joined())
  }
}
