import COneDNN

/// A matrix product or convolution that oneDNN has compiled for its exact shapes.
package final class NativePrimitive: Sendable {
  // The C object is immutable but for a slot of reusable memory objects, exchanged atomically.
  private nonisolated(unsafe) let handle: OpaquePointer
  /// The implementation was planned for this many threads.
  private let threads: Int32

  /// Bytes of scratch memory for one run, 0 if it needs none.
  package let scratchpadSize: Int
  /// Bytes that `packWeights` writes.
  package let packedWeightsSize: Int
  /// Whether the weights are wanted in another layout than the caller's.
  package let reordersWeights: Bool
  /// The implementation that oneDNN chose, such as `brgemm:avx512_core`.
  package let implementation: String
  /// Whether oneDNN fell back to plain loops, which are about a thousand times slower.
  package let isReference: Bool

  /// - Parameter threads: how many take part in a run; all of the pool's if nil.
  package convenience init(
    _ description: MatmulDescription, threads: Int? = nil
  ) throws(OneDNNError) {
    var native = try apus_matmul_desc(description)
    try self.init(threads, subject: { "matmul \(description)" }) { apus_dnnl_matmul_create(&native, &$0) }
  }

  /// - Parameter threads: how many take part in a run; all of the pool's if nil.
  package convenience init(
    _ description: ConvolutionDescription, threads: Int? = nil
  ) throws(OneDNNError) {
    var native = try apus_convolution_desc(description)
    try self.init(threads, subject: { "convolution \(description)" }) {
      apus_dnnl_convolution_create(&native, &$0)
    }
  }

  private init(
    _ threads: Int?, subject: () -> String, create: (inout OpaquePointer?) -> apus_dnnl_status
  ) throws(OneDNNError) {
    if let reason = OneDNN.unavailableReason { throw .unavailable(reason) }
    self.threads = Int32(threads ?? ThreadPool.shared.threadCount)
    apus_openmp_set_threads(self.threads)
    var made: OpaquePointer?
    let status = create(&made)
    guard status == APUS_DNNL_OK, let made else { throw OneDNNError(status, subject()) }
    handle = made
    scratchpadSize = apus_dnnl_scratchpad_size(made)
    packedWeightsSize = apus_dnnl_packed_weights_size(made)
    reordersWeights = apus_dnnl_reorders_weights(made)
    implementation = String(cString: apus_dnnl_implementation(made))
    isReference = apus_dnnl_is_reference(made)
  }

  deinit { apus_dnnl_destroy(handle) }

  /// Runs on the thread pool. Several threads may run one primitive, each with its own scratchpad.
  ///
  /// - Parameters:
  ///   - input: `a`, or the convolution's input (written by `backwardData`).
  ///   - weights: `b`, or the convolution's weights (written by `backwardWeights`).
  ///   - bias: Of N or `outChannels` elements (written by `backwardWeights`).
  ///   - output: `c`, or the convolution's output (read by the backward kinds).
  ///   - operands: The right operands of the binary post-ops, in order.
  ///   - scratchpad: `scratchpadSize` bytes, aligned to 64.
  package func execute(
    input: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer,
    bias: UnsafeMutableRawPointer? = nil, output: UnsafeMutableRawPointer,
    operands: UnsafePointer<UnsafeMutableRawPointer?>? = nil,
    scratchpad: UnsafeMutableRawPointer?
  ) throws(OneDNNError) {
    var arguments = apus_dnnl_arguments(
      input: input, weights: weights, bias: bias, output: output, operands: operands,
      scratchpad: scratchpad)
    // OpenMP keeps the number of threads for each thread that starts work.
    apus_openmp_set_threads(threads)
    let status = apus_dnnl_execute(handle, &arguments)
    if status != APUS_DNNL_OK { throw OneDNNError(status, implementation) }
  }

  /// Writes constant weights in the layout that the implementation prefers, for a description
  /// with `weightsPacked`.
  package func packWeights(
    _ weights: UnsafeRawPointer, into packed: UnsafeMutableRawPointer,
    scratchpad: UnsafeMutableRawPointer?
  ) throws(OneDNNError) {
    apus_openmp_set_threads(threads)
    let status = apus_dnnl_pack_weights(handle, weights, packed, scratchpad)
    if status != APUS_DNNL_OK { throw OneDNNError(status, implementation) }
  }
}
