/// Images in another size; see `interpolate`. For any number of spatial axes.
public struct Upsample: Layer {
  private let run: @Sendable (Tensor) -> Tensor

  public init(scale: ScalePerAxis, mode: InterpolationMode = .nearest, alignCorners: Bool = false) {
    run = { interpolate($0, scale: scale, mode: mode, alignCorners: alignCorners) }
  }

  public init(size: PerAxis, mode: InterpolationMode = .nearest, alignCorners: Bool = false) {
    run = { interpolate($0, size: size, mode: mode, alignCorners: alignCorners) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { run(x) }
}
