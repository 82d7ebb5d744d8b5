/// Parameters that are trained with an optimizer of their own.
public struct ParameterGroup: Sendable {
  let contains: @Sendable (_ path: String) -> Bool
  let optimizer: any Optimizer

  /// - Parameter pattern: a path in which each `*` stands for any characters, dots included:
  ///   `*.bias`, `encoder.*`.
  public init(_ pattern: String, _ optimizer: any Optimizer) {
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false).map(Array.init)
    self.init(where: { ParameterGroup.matches(Array($0)[...], pieces[...]) }, optimizer)
  }

  public init(where contains: @escaping @Sendable (_ path: String) -> Bool, _ optimizer: any Optimizer) {
    self.contains = contains
    self.optimizer = optimizer
  }

  /// Whether the path consists of the pieces in order, the first at its start and the last at its end.
  private static func matches(_ path: ArraySlice<Character>, _ pieces: ArraySlice<[Character]>) -> Bool {
    guard let first = pieces.first, path.starts(with: first) else { return false }
    if pieces.count == 1 { return path.count == first.count }
    var rest = path.dropFirst(first.count)
    for piece in pieces.dropFirst().dropLast() {
      while !rest.starts(with: piece) {
        if rest.isEmpty { return false }
        rest.removeFirst()
      }
      rest.removeFirst(piece.count)
    }
    return rest.count >= pieces.last!.count && rest.suffix(pieces.last!.count).elementsEqual(pieces.last!)
  }
}

/// Optimizers by the parameters' paths, as PyTorch's parameter groups: each parameter belongs to the
/// first group that contains it, or to the default.
///
/// ```swift
/// ParameterGroups(
///   ParameterGroup("*.bias", AdamW(weightDecay: 0)), ParameterGroup("*norm*", AdamW(weightDecay: 0)),
///   default: AdamW(weightDecay: 0.1))
/// ```
public struct ParameterGroups: Optimizer {
  private let groups: [ParameterGroup]

  public init(_ groups: ParameterGroup..., default optimizer: any Optimizer) {
    self.init(groups, default: optimizer)
  }

  public init(_ groups: [ParameterGroup], default optimizer: any Optimizer) {
    self.groups = groups + [ParameterGroup(where: { _ in true }, optimizer)]
  }

  private func group(of path: String) -> Int { groups.firstIndex { $0.contains(path) }! }

  /// The default's.
  public var learningRate: Schedule { groups[groups.count - 1].optimizer.learningRate }

  /// The groups' one after the other.
  public func numbers(step: Int) -> [Double] { groups.flatMap { $0.optimizer.numbers(step: step) } }

  public func phase(step: Int) -> [Int] { groups.flatMap { $0.optimizer.phase(step: step) } }

  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    groups[group(of: path)].optimizer.initialState(of: parameter, path: path)
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    let places = parameters.map { group(of: $0.path) }
    var result = parameters
    var rest = numbers[...]
    for (index, group) in groups.enumerated() {
      let own = rest.prefix(group.optimizer.numbers(step: step).count)
      rest = rest.dropFirst(own.count)
      let members = places.indices.filter { places[$0] == index }
      if members.isEmpty { continue }
      let new = group.optimizer.updated(
        members.map { parameters[$0] }, numbers: Array(own), step: step)
      for (place, parameter) in zip(members, new) { result[place] = parameter }
    }
    return result
  }

  public func updatesRows(of path: String) -> Bool {
    groups[group(of: path)].optimizer.updatesRows(of: path)
  }
}
