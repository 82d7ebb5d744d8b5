import Apus

/// A language model that reads tokens one after the other and says what comes next.
public protocol AutoregressiveModel: Sendable {
  associatedtype Memory: TensorStructure

  /// How many tokens it can remember; nil where there is no limit.
  var context: Int? { get }

  /// What it remembers before the first token: zeros.
  func memory(batch: Int) -> Memory

  /// Reads tokens, integers `[batch, time]`, and gives the logits of the one that comes next,
  /// `[batch, vocabulary]`. It is called in inference.
  func next(_ tokens: Tensor, _ memory: inout Memory) -> Tensor
}

/// Writes on from a prompt, token by token. The model's memory is updated in place, by one program for the
/// prompt and one for all tokens after it.
///
/// It belongs to one task.
public final class TextGenerator<Model: AutoregressiveModel> {
  private let model: Model
  private let memory: [Parameter]
  private let read: Compiled<[Tensor], Tensor>

  public init(_ model: Model, sampling: Sampling = Sampling()) {
    self.model = model
    // A store of its own: what is remembered is no part of the model's checkpoint.
    let scope = ParameterStore().scope / "memory"
    let empty = model.memory(batch: 1)
    let memory = empty.tensors.enumerated().map { index, tensor in
      scope.buffer(String(index), tensor.shape, .zeros, dtype: tensor.dtype)
    }
    self.memory = memory
    read = compiled(freezing: .parameters) { input in
      var values = memory.map(\.value)[...]
      var state = empty.replacing(with: &values)
      let logits = model.next(input[0], &state)
      for (parameter, value) in zip(memory, state.tensors) { parameter.value = value }
      return sampling(logits, key: RandomKey(input[1]))
    }
  }

  /// The `count` tokens that follow on the prompt, which has one at least.
  ///
  /// Where there are more than the model's context, the last half of it is read again, as if the text
  /// began there, and so on.
  ///
  /// - Throws: `TensorError` where an operation fails.
  public func callAsFunction(_ prompt: [Int], count: Int, seed: UInt64 = 0) throws -> [Int] {
    guard
      check(!prompt.isEmpty, .argument, "TextGenerator", "a prompt needs one token at least")
    else { return [] }
    let limit = model.context ?? .max
    var text = prompt
    var unread = Array(prompt.suffix(limit))
    var places = 0
    forget()
    for index in 0..<max(count, 0) {
      if places + unread.count > limit {
        unread = Array(text.suffix(max(limit / 2, 1)))
        places = 0
        forget()
      }
      let tokens = Tensor(unread.map { Int64($0) }, shape: [1, unread.count])
      let chosen = try read([tokens, RandomKey(seed: seed, stream: UInt64(index)).tensor])
      places += unread.count
      unread = chosen.array(of: Int.self)
      text += unread
    }
    return Array(text.dropFirst(prompt.count))
  }

  private func forget() {
    for parameter in memory { parameter.value = .zeros(parameter.shape, dtype: parameter.dtype) }
  }
}
