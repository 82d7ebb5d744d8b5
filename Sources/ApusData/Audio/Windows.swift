import Apus
import Foundation

/// The Hann window, `f32[length]`; periodic as for spectra, or symmetric as for filters (`torch.hann_window`).
public func hannWindow(_ length: Int, periodic: Bool = true) -> Tensor {
  cosineWindow(length, 0.5, 0.5, periodic)
}

/// The Hamming window, `f32[length]` (`torch.hamming_window`).
public func hammingWindow(_ length: Int, periodic: Bool = true) -> Tensor {
  cosineWindow(length, 0.54, 0.46, periodic)
}

private func cosineWindow(_ length: Int, _ mean: Double, _ swing: Double, _ periodic: Bool) -> Tensor {
  guard length > 1 else { return .ones([max(length, 0)]) }
  let period = Double(periodic ? length : length - 1)
  let values = (0..<length).map { index in
    let angle = 2 * Double.pi * Double(index) / period
    return Float(mean - swing * cos(angle))
  }
  return Tensor(values)
}

/// Pieces of the last axis: `[…, time]` becomes `[…, frame, length]`, each piece `hop` after the one before.
///
/// Traps on a time shorter than one piece. (`torch.Tensor.unfold`)
public func framed(_ x: Tensor, length: Int, hop: Int) -> Tensor {
  let time = x.shape.last ?? 0
  let fits = length > 0 && hop > 0 && time >= length
  guard
    check(
      fits, .shape, "framed", "pieces of length \(length) and hop \(hop) do not fit into a time of \(time)",
      hint: "pad the sound, or take shorter pieces.")
  else { return x }
  let count = (time - length) / hop + 1
  // Where pieces do not overlap or overlap evenly, reshaping is all there is to do; else each is looked up.
  if hop == length { return x[.ellipsis, 0..<count * length].unflattened(-1, [count, length]) }
  let starts = Tensor.arange(count).reshaped(count, 1) * Tensor(Int64(hop))
  return x.take(starts + Tensor.arange(length), axis: -1)
}
