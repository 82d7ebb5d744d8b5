import Synchronization

/// One operation in a lazy, immutable graph: a primitive on the results of other nodes.
///
/// A node never changes. What it computes may be known (`buffer`), once someone has asked for it.
public final class Node: Sendable {
  public let primitive: Primitive
  /// The types of the results; one but for scan, call and host operations.
  public let types: [TensorType]
  public let device: Device
  /// The path of the module whose code made the node.
  public let module: String?
  /// Increases with every node made: operands have smaller identifiers than their users.
  public let id: UInt64

  // Changed only in `deinit`, when no one else can see the node.
  private nonisolated(unsafe) var operands: [Node]
  private let value: Mutex<Buffer?>

  private static let counter = Atomic<UInt64>(0)

  private init(
    _ primitive: Primitive, _ inputs: [Node], types: [TensorType], device: Device, buffer: Buffer?,
    module: String?
  ) {
    self.primitive = primitive
    self.types = types
    self.device = device
    self.module = module
    operands = inputs
    value = Mutex(buffer)
    id = Node.counter.add(1, ordering: .relaxed).newValue
  }

  /// Makes a node after checking that the operands fit.
  ///
  /// - Throws: `TensorError` where shapes, dtypes or devices do not fit together.
  public convenience init(
    _ primitive: Primitive, _ inputs: [Node] = [], device: Device? = nil
  ) throws(TensorError) {
    let types: [TensorType]
    if case .output(let index) = primitive, let producer = inputs.first {
      types = [try primitive.inferOutput(producer.types, index)]
    } else {
      types = try primitive.infer(inputs.map(\.type))
    }
    let place: Device
    if let device { place = device } else { place = try Node.commonDevice(of: inputs, primitive) }
    self.init(
      primitive, inputs, types: types, device: place, buffer: nil, module: ModulePath.current)
  }

  /// A leaf that holds data.
  public convenience init(
    _ type: TensorType, buffer: Buffer, device: Device = .current, module: String? = nil
  ) {
    precondition(buffer.byteCount >= type.byteCount, "the buffer is too small for \(type)")
    self.init(.input(type), [], types: [type], device: device, buffer: buffer, module: module)
  }

  /// A leaf without data, bound when a program runs.
  public static func placeholder(
    _ type: TensorType, device: Device = .current, module: String? = nil
  ) -> Node {
    Node(.input(type), [], types: [type], device: device, buffer: nil, module: module)
  }

  deinit {
    // Releasing a long chain of nodes one inside the other would overflow the stack.
    var pending: [Node] = []
    swap(&pending, &operands)
    while var node = pending.popLast() {
      if isKnownUniquelyReferenced(&node) {
        pending.append(contentsOf: node.operands)
        node.operands = []
      }
    }
  }

  public var inputs: [Node] { operands }
  public var type: TensorType { types[0] }
  public var shape: Shape { types[0].shape }
  public var dtype: DType { types[0].dtype }

  /// The computed value, if it is known.
  public var buffer: Buffer? { value.withLock { $0 } }

  /// Keeps the computed value. The first one stays.
  public func fulfill(_ buffer: Buffer) {
    value.withLock { if $0 == nil { $0 = buffer } }
  }

  public var isLeaf: Bool {
    if case .input = primitive { return true }
    return false
  }

  /// The number in every element, where the node is a constant.
  public var constant: Scalar? {
    if case .constant(let scalar, _) = primitive { return scalar }
    return nil
  }

  private static func commonDevice(
    of inputs: [Node], _ primitive: Primitive
  ) throws(TensorError) -> Device {
    var device: Device?
    for input in inputs where input.constant == nil {
      guard let known = device else {
        device = input.device
        continue
      }
      guard known == input.device else {
        throw TensorError(
          .device, operation: primitive.name,
          "operands live on different devices, \(known) and \(input.device)",
          hint: "move one of them with .to(device:).")
      }
    }
    return device ?? inputs.first?.device ?? .current
  }
}

extension Node: Hashable {
  public static func == (a: Node, b: Node) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
