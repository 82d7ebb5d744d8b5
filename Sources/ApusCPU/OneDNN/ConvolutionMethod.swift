import ApusIR

extension ConvolutionDescription {
  /// The method that was measured to be the fastest for descriptions of this kind (AVX-512, two
  /// threads, changes of layout included).
  ///
  /// The choice depends on the description alone, so that a program gives the same bits each run.
  package var fastestMethod: Method {
    guard input.count == 2, groups == 1, inChannels % 16 == 0, outChannels % 16 == 0 else {
      return .direct
    }
    return isWorthBlocks ? .blocked : .direct
  }

  /// Over a few pixels of many channels oneDNN's channels-last kernels do badly.
  private var isWorthBlocks: Bool {
    guard kernel.contains(where: { $0 > 1 }), output.reduce(1, *) <= 16, batch >= 8,
      inChannels >= 128, outChannels >= 128
    else { return false }
    switch kind {
    case .forward: return true
    case .backwardData: return inputType == .f32 && strides == [1, 1]
    case .backwardWeights: return false
    }
  }
}
