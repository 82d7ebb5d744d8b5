import ApusIR

/// A program as the `GraphDef` that TensorBoard draws. Modules are its groups: `encoder.layers.0`
/// becomes `encoder/layers/0`.
struct TensorBoardGraph {
  private struct Item {
    var name: String
    var operation: String
    var inputs: [String]
    var type: TensorType
  }

  private let items: [Item]

  init(_ program: Program, inputNames: [String] = []) {
    var items: [Item] = []
    var names: [String] = []
    var known: Set<String> = [""]
    for value in 0..<program.inputCount {
      // Two inputs may have one name, two nodes may not.
      let given = value < inputNames.count ? TensorBoardGraph.name(inputNames[value]) : ""
      names.append(known.insert(given).inserted ? given : "inputs/\(value)")
      items.append(
        Item(name: names[value], operation: "Placeholder", inputs: [], type: program.types[value]))
    }
    for (number, instruction) in program.instructions.enumerated() {
      let operation = instruction.primitive.name
      let group = instruction.module.map { $0 + "." } ?? ""
      let name = TensorBoardGraph.name("\(group)\(operation)_\(number)")
      items.append(
        Item(
          name: name, operation: operation, inputs: instruction.operands.map { names[$0] },
          type: program.types[instruction.result]))
      // All results of an instruction are one node's.
      for place in 0..<instruction.results.count { names.append(place == 0 ? name : "\(name):\(place)") }
    }
    self.items = items
  }

  /// A path as TensorFlow's names are: letters, digits, `_` and `-`, with `/` between groups.
  private static func name(_ path: String) -> String {
    String(
      path.map { character in
        if character == "." { return "/" }
        let isPlain = character.isASCII && (character.isLetter || character.isNumber)
        return isPlain || "_-/".contains(character) ? character : "_"
      })
  }

  var bytes: [UInt8] {
    ProtobufEncoder.message { graph in
      for item in items {
        graph.message(1) { node in
          node.string(1, item.name)
          node.string(2, item.operation)
          for input in item.inputs { node.string(3, input) }
          node.message(5) { entry in
            entry.string(1, "_output_shapes")
            entry.message(2) { value in
              value.message(1) { list in list.message(7) { TensorBoardGraph.shape(item.type, &$0) } }
            }
          }
        }
      }
      graph.message(4) { $0.integer(1, 22) }
    }
  }

  private static func shape(_ type: TensorType, _ message: inout ProtobufEncoder) {
    for extent in type.shape.extents { message.message(2) { $0.integer(1, extent) } }
  }
}
