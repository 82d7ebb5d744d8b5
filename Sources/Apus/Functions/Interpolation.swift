// Images in another size.

import ApusIR

/// How `interpolate` finds values between elements.
public enum InterpolationMode: String, CaseIterable, Sendable {
  /// The nearest element, by PyTorch's (and OpenCV's) rule ⌊i · scale⌋, which is off by half an element.
  case nearest
  /// The element whose centre is nearest.
  case nearestExact
  /// Linear along each spatial axis: PyTorch's linear, bilinear and trilinear.
  case linear
  /// Cubic convolution along each spatial axis with a = -0.75: PyTorch's bicubic (Keys, 1981).
  case cubic
  /// Means over windows, as `adaptiveAveragePool`.
  case area
}

/// One scale for all spatial axes, or one for each: `2`, `[2, 1.5]`.
public struct ScalePerAxis: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, Sendable
{
  private let values: [Double]

  public init(_ values: [Double]) { self.values = values }
  public init(floatLiteral value: Double) { values = [value] }
  public init(integerLiteral value: Int) { values = [Double(value)] }
  public init(arrayLiteral elements: Double...) { values = elements }

  func expanded(_ rank: Int) -> [Double] {
    check(
      values.count == 1 || values.count == rank, .argument, "interpolate",
      "needs one scale, or one for each of \(rank) spatial axes, got \(values)")
    return values.count == rank ? values : Array(repeating: values.first ?? 1, count: rank)
  }
}

/// `[batch, spatial…, channel]` with spatial extents `size`.
///
/// - Parameters:
///   - alignCorners: whether the centres of the outermost elements stay where they are, and not their
///     outer edges.
///   - antialias: whether a smaller image has means over all elements that an element covers, as
///     Pillow's; for `.linear` and `.cubic`, the latter with a = -0.5.
public func interpolate(
  _ x: Tensor, size: PerAxis, mode: InterpolationMode = .nearest, alignCorners: Bool = false,
  antialias: Bool = false
) -> Tensor {
  guard spatial(x, "interpolate") else { return x }
  let extents = size.expanded(x.rank - 2, "interpolate")
  return interpolated(x, extents, extents.map { _ in nil }, mode, alignCorners, antialias)
}

/// `[batch, spatial…, channel]` with spatial extents ⌊extent · scale⌋. The scale, not the ratio of the
/// extents, says where the elements lie, unless `recomputesScale`.
///
/// `alignCorners` and `antialias` are those of `interpolate(_:size:)`.
public func interpolate(
  _ x: Tensor, scale: ScalePerAxis, mode: InterpolationMode = .nearest, alignCorners: Bool = false,
  recomputesScale: Bool = false, antialias: Bool = false
) -> Tensor {
  guard spatial(x, "interpolate") else { return x }
  let scales = scale.expanded(x.rank - 2)
  guard
    check(
      scales.allSatisfy { $0 > 0 && $0 < 1e6 }, .argument, "interpolate",
      "scales must be positive, got \(scales)")
  else { return x }
  let extents = zip(x.shape.dropFirst(), scales).map { Int((Double($0) * $1).rounded(.down)) }
  let kept = scales.map { recomputesScale ? nil : $0 }
  return interpolated(x, extents, kept, mode, alignCorners, antialias)
}

private func interpolated(
  _ x: Tensor, _ extents: [Int], _ scales: [Double?], _ mode: InterpolationMode,
  _ alignCorners: Bool, _ antialias: Bool
) -> Tensor {
  guard
    check(
      !antialias || mode == .linear || mode == .cubic, .argument, "interpolate",
      "mode \(mode.rawValue) has no antialiasing", hint: "use .linear or .cubic."),
    check(
      extents.allSatisfy { $0 > 0 } && x.shape.dropFirst().allSatisfy { $0 > 0 }, .argument,
      "interpolate", "shape \(x.shape) cannot get the spatial extents \(extents)")
  else { return x }
  if mode == .area { return adaptiveAveragePool(x, extents) }
  var result = x
  for axis in extents.indices {
    let line = ResampledAxis(
      from: x.shape[axis + 1], to: extents[axis], scale: scales[axis], alignCorners: alignCorners)
    switch mode {
    case .nearest, .nearestExact:
      result = line.nearest(result, axis + 1, isExact: mode == .nearestExact)
    case .linear where antialias: result = result.resampled(axis + 1, line.smoothLinear)
    case .cubic where antialias: result = result.resampled(axis + 1, line.smoothCubic)
    case .linear where !line.isIdentity: result = result.resampled(axis + 1, line.linear)
    case .cubic where !line.isIdentity: result = result.resampled(axis + 1, line.cubic)
    default: break
    }
  }
  return result
}

/// Where the elements of a resampled axis lie in the original one.
private struct ResampledAxis {
  let from: Int
  let to: Int
  /// The distance of two neighbours, in elements of the original.
  let step: Double
  let alignCorners: Bool

  init(from: Int, to: Int, scale: Double?, alignCorners: Bool) {
    (self.from, self.to, self.alignCorners) = (from, to, alignCorners)
    if alignCorners {
      step = to > 1 ? Double(from - 1) / Double(to - 1) : 0
    } else {
      step = scale.map { 1 / $0 } ?? Double(from) / Double(to)
    }
  }

  var isIdentity: Bool { from == to && (alignCorners || step == 1) }

  private func position(_ index: Int) -> Double {
    alignCorners ? Double(index) * step : (Double(index) + 0.5) * step - 0.5
  }

  func nearest(_ x: Tensor, _ axis: Int, isExact: Bool) -> Tensor {
    // In f32, as PyTorch, whose rounding decides at whole numbers.
    let places = (0..<to).map { index -> Int in
      let exact = (Float(index) + (isExact ? 0.5 : 0)) * Float(step)
      return Swift.min(Int(exact), from - 1)
    }
    if places == Array(0..<from) { return x }
    if to % from == 0, places == (0..<to).map({ $0 * from / to }) {
      return x.repeated(to / from, axis: axis)
    }
    return x.take(Tensor(places, dtype: .i32), axis: axis)
  }

  /// The weights of the original elements, a row for each new one.
  var linear: [Double] {
    matrix { index in
      let place = Swift.max(position(index), 0)
      let first = Swift.min(Int(place), from - 1)
      let rest = Swift.min(place - Double(first), 1)
      return [(first, 1 - rest), (first + 1, rest)]
    }
  }

  var cubic: [Double] {
    matrix { index in
      let place = position(index)
      let first = place.rounded(.down)
      let rest = place - first
      return (-1...2).map { offset in
        (Int(first) + offset, ResampledAxis.cubicWeight(abs(rest - Double(offset)), a: -0.75))
      }
    }
  }

  var smoothLinear: [Double] { smooth(radius: 1) { Swift.max(0, 1 - $0) } }
  var smoothCubic: [Double] { smooth(radius: 2) { ResampledAxis.cubicWeight($0, a: -0.5) } }

  /// A filter as wide as a new element, where that is wider than an old one.
  private func smooth(radius: Double, _ filter: (_ distance: Double) -> Double) -> [Double] {
    let stretch = Swift.max(step, 1)
    return matrix { index in
      let center = step * (Double(index) + 0.5)
      let first = Swift.max(Int(center - radius * stretch + 0.5), 0)
      let end = Swift.min(Int(center + radius * stretch + 0.5), from)
      let taps = (first..<Swift.max(end, first)).map { place in
        (place: place, weight: filter(abs(Double(place) + 0.5 - center) / stretch))
      }
      let total = taps.reduce(0) { $0 + $1.weight }
      return taps.map { ($0.place, $0.weight / total) }
    }
  }

  /// Elements beyond the border are the outermost one.
  private func matrix(_ taps: (Int) -> [(place: Int, weight: Double)]) -> [Double] {
    var result = [Double](repeating: 0, count: to * from)
    for index in 0..<to {
      for tap in taps(index) {
        result[index * from + Swift.min(Swift.max(tap.place, 0), from - 1)] += tap.weight
      }
    }
    return result
  }

  private static func cubicWeight(_ distance: Double, a: Double) -> Double {
    let d = distance
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }
}
