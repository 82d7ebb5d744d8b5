import ApusIR
import COneDNN

/// Copies Swift values into a C array, which Swift sees as a tuple.
func fill<Tuple, Element>(_ tuple: inout Tuple, with elements: [Element]) {
  withUnsafeMutableBytes(of: &tuple) { bytes in
    let array = bytes.bindMemory(to: Element.self)
    precondition(elements.count <= array.count)
    for (index, element) in elements.enumerated() { array[index] = element }
  }
}

extension apus_dnnl_tensor {
  init(_ layout: StridedLayout) throws(OneDNNError) {
    guard layout.dims.count <= APUS_DNNL_MAX_RANK else {
      throw .unsupported("A tensor of rank \(layout.dims.count) has more axes than oneDNN takes.")
    }
    self.init()
    rank = Int32(layout.dims.count)
    type = try apus_dnnl_type(layout.dtype)
    fill(&dims, with: layout.dims.map(Int64.init))
    fill(&strides, with: layout.strides.map(Int64.init))
  }
}

extension apus_dnnl_post_op {
  init(_ op: PostOp) throws(OneDNNError) {
    self.init()
    switch op {
    case .accumulate(let scale): (kind, alpha) = (APUS_DNNL_SUM, scale)
    case .relu(let slope): (kind, alpha) = (APUS_DNNL_RELU, slope)
    case .tanh: kind = APUS_DNNL_TANH
    case .elu(let alpha): (kind, self.alpha) = (APUS_DNNL_ELU, alpha)
    case .square: kind = APUS_DNNL_SQUARE
    case .abs: kind = APUS_DNNL_ABS
    case .sqrt: kind = APUS_DNNL_SQRT
    case .linear(let scale, let offset): (kind, alpha, beta) = (APUS_DNNL_LINEAR, scale, offset)
    case .softplus: kind = APUS_DNNL_SOFTPLUS
    case .logistic: kind = APUS_DNNL_LOGISTIC
    case .exp: kind = APUS_DNNL_EXP
    case .log: kind = APUS_DNNL_LOG
    case .geluTanh: kind = APUS_DNNL_GELU_TANH
    case .geluErf: kind = APUS_DNNL_GELU_ERF
    case .swish(let beta): (kind, alpha) = (APUS_DNNL_SWISH, beta)
    case .clip(let low, let high): (kind, alpha, beta) = (APUS_DNNL_CLIP, low, high)
    case .power(let scale, let exponent): (kind, alpha, beta) = (APUS_DNNL_POWER, scale, exponent)
    case .binary(let binary, let layout):
      kind =
        switch binary {
        case .add: APUS_DNNL_ADD
        case .subtract: APUS_DNNL_SUBTRACT
        case .multiply: APUS_DNNL_MULTIPLY
        case .divide: APUS_DNNL_DIVIDE
        case .maximum: APUS_DNNL_MAXIMUM
        case .minimum: APUS_DNNL_MINIMUM
        }
      operand = try apus_dnnl_tensor(layout)
    }
  }

  static func chain(_ ops: [PostOp]) throws(OneDNNError) -> [apus_dnnl_post_op] {
    guard ops.count <= APUS_DNNL_MAX_POST_OPS else {
      throw .unsupported("A chain of \(ops.count) post-ops is longer than oneDNN is given.")
    }
    var chain: [apus_dnnl_post_op] = []
    for op in ops { chain.append(try apus_dnnl_post_op(op)) }
    return chain
  }
}

extension apus_matmul_desc {
  init(_ description: MatmulDescription) throws(OneDNNError) {
    self.init()
    a = try apus_dnnl_tensor(description.a)
    b = try apus_dnnl_tensor(description.b)
    c = try apus_dnnl_tensor(description.c)
    if let bias = description.bias {
      self.bias = try apus_dnnl_tensor(StridedLayout(bias, [description.c.dims.last ?? 1]))
    }
    post_op_count = Int32(description.postOps.count)
    fill(&post_ops, with: try apus_dnnl_post_op.chain(description.postOps))
    weights_packed = description.weightsPacked
    allows_reference = description.allowsReference
  }
}

extension apus_convolution_desc {
  init(_ description: ConvolutionDescription) throws(OneDNNError) {
    let rank = description.input.count
    let lists = [
      description.kernel, description.strides, description.dilation, description.paddingLow,
      description.paddingHigh,
    ]
    guard (1...3).contains(rank) else {
      throw .unsupported("A convolution over \(rank) spatial axes; oneDNN takes one to three.")
    }
    guard lists.allSatisfy({ $0.count == rank }) else {
      throw .invalid("A convolution's kernel, strides, dilation and padding need \(rank) values.")
    }
    self.init()
    kind =
      switch description.kind {
      case .forward: APUS_CONVOLUTION_FORWARD
      case .backwardData: APUS_CONVOLUTION_BACKWARD_DATA
      case .backwardWeights: APUS_CONVOLUTION_BACKWARD_WEIGHTS
      }
    method =
      switch description.method {
      case .direct: APUS_CONVOLUTION_DIRECT
      case .blocked: APUS_CONVOLUTION_BLOCKED
      }
    spatial_rank = Int32(rank)
    batch = Int64(description.batch)
    groups = Int64(description.groups)
    in_channels = Int64(description.inChannels)
    out_channels = Int64(description.outChannels)
    fill(&input, with: description.input.map(Int64.init))
    fill(&kernel, with: description.kernel.map(Int64.init))
    fill(&strides, with: description.strides.map(Int64.init))
    fill(&dilation, with: description.dilation.map(Int64.init))
    fill(&padding_low, with: description.paddingLow.map(Int64.init))
    fill(&padding_high, with: description.paddingHigh.map(Int64.init))
    input_type = try apus_dnnl_type(description.inputType)
    weights_type = try apus_dnnl_type(description.weightsType)
    output_type = try apus_dnnl_type(description.outputType)
    if let strides = description.weightsStrides {
      fill(&weights_strides, with: strides.map(Int64.init))
    }
    if let bias = description.bias {
      has_bias = true
      bias_type = try apus_dnnl_type(bias)
    }
    post_op_count = Int32(description.postOps.count)
    fill(&post_ops, with: try apus_dnnl_post_op.chain(description.postOps))
    weights_packed = description.weightsPacked
    allows_reference = description.allowsReference
  }
}
