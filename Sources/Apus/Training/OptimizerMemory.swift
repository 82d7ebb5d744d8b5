import ApusIR
import ApusRuntime

/// The optimizer's state of each parameter between the steps.
struct OptimizerMemory {
  private static let prefix = "optimizer."

  private var values: [Parameter: [String: Node]] = [:]
  /// Restored values of parameters that no step has used yet.
  private var waiting: [String: Tensor] = [:]

  init() {}

  init(restoring state: [String: Tensor]) {
    for (name, tensor) in state where name.hasPrefix(OptimizerMemory.prefix) { waiting[name] = tensor }
  }

  private static func key(_ parameter: Parameter, _ name: String) -> String {
    prefix + parameter.path + "." + name
  }

  var state: [String: Tensor] {
    var result = waiting
    for (parameter, entries) in values {
      for (name, node) in entries {
        result[OptimizerMemory.key(parameter, name)] = Tensor(node)
      }
    }
    return result
  }

  /// The values of one name by the parameters' paths, restored ones included.
  func entries(_ name: String) -> [String: Tensor] {
    let (first, last) = (OptimizerMemory.prefix, "." + name)
    var result: [String: Tensor] = [:]
    for (key, value) in state where key.hasPrefix(first) && key.hasSuffix(last) {
      result[String(key.dropFirst(first.count).dropLast(last.count))] = value
    }
    return result
  }

  /// Makes first values, or takes restored ones, where a parameter has none.
  ///
  /// - Throws: `TensorError` where a restored value does not fit.
  mutating func prepare(_ parameters: [Parameter], _ optimizer: any Optimizer) throws {
    var made: [Tensor] = []
    for parameter in parameters where values[parameter] == nil {
      var entries: [String: Node] = [:]
      for (name, first) in optimizer.initialState(
        of: parameter.stored, path: parameter.path) {
        let key = OptimizerMemory.key(parameter, name)
        let value = waiting.removeValue(forKey: key) ?? first
        guard value.type == first.type else {
          throw TensorError(
            .shape, operation: "restore", "\(key) is \(value.type), expected \(first.type)")
        }
        made.append(value)
        entries[name] = value.node
      }
      values[parameter] = entries
    }
    try eval(made)
  }

  func value(_ parameter: Parameter, _ name: String) -> Node { values[parameter]![name]! }

  /// Takes a value away, so that its memory can be reused where no one else holds it.
  mutating func take(_ parameter: Parameter, _ name: String) -> Node {
    values[parameter]!.removeValue(forKey: name)!
  }

  mutating func put(_ node: Node, _ parameter: Parameter, _ name: String) {
    values[parameter, default: [:]][name] = node
  }
}
