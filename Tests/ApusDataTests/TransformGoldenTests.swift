import ApusFormats
import Foundation
import Testing

@testable import ApusData

/// The deterministic parts of image transforms are Pillow's, to the bit: models trained elsewhere see
/// the images that they know.
@Suite struct TransformGoldenTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Resources/transforms.safetensors").path

  private func image(_ array: RawArray) -> Image {
    Image(
      height: array.shape[0], width: array.shape[1], channels: array.shape[2], pixels: array.bytes)
  }

  /// Every entry of the file has a case here, and gives the same samples.
  @Test func allAreThoseOfPillow() throws {
    let file = try SafetensorsFile(path: Self.golden)
    let color = image(try file.read("input.color"))
    let gray = image(try file.read("input.gray"))
    let cases = geometry(color, gray).merging(colors(color, gray)) { $1 }
    let names = file.names.filter { !$0.hasPrefix("input.") }
    #expect(Set(names) == Set(cases.keys))
    for name in names {
      let expected = image(try file.read(name))
      guard let actual = cases[name] else { continue }
      let differences = zip(actual.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
      let isSame = actual.size == expected.size && differences.allSatisfy { $0 == 0 }
      let count = differences.count { $0 != 0 }
      #expect(
        isSame,
        "\(name): \(actual.size) for \(expected.size), \(count) differ, at most by \(differences.max() ?? 0)")
    }
  }

  private func geometry(_ color: Image, _ gray: Image) -> [String: Image] {
    var random = SampleRandom(seed: 0, epoch: 0, position: 0)
    var cases: [String: Image] = [:]
    for mode in Interpolation.allCases {
      cases["resize.smaller.\(mode)"] = color.resized(height: 7, width: 11, interpolation: mode)
      cases["resize.larger.\(mode)"] = color.resized(height: 18, width: 23, interpolation: mode)
      cases["resize.mixed.\(mode).gray"] = gray.resized(height: 20, width: 5, interpolation: mode)
      cases["resize.shorter.\(mode)"] = Resize(shorterSide: 8, interpolation: mode)(color, &random)
      cases["rotate.\(mode)"] = color.rotated(degrees: 33, interpolation: mode)
      cases["rotate.filled.\(mode).gray"] = gray.rotated(degrees: -70.5, interpolation: mode, fill: 9)
      cases["affine.\(mode)"] = color.affine(
        angle: 20, translate: (3, -2), scale: 1.2, shear: (10, -5), interpolation: mode, fill: 7)
    }
    cases["crop.center"] = CenterCrop(height: 8, width: 9)(color, &random)
    cases["crop.center.odd"] = CenterCrop(height: 7, width: 10)(color, &random)
    cases["crop.center.larger"] = CenterCrop(height: 18, width: 24)(color, &random)
    cases["crop.center.mixed.gray"] = CenterCrop(height: 12, width: 6)(gray, &random)
    let modes: [(String, ImagePadding)] = [
      ("edge", .edge), ("reflect", .reflect), ("symmetric", .symmetric),
    ]
    for (name, mode) in modes {
      cases["pad.\(name)"] = padded(color, 3, mode)
      cases["pad.\(name).gray"] = padded(gray, 4, mode)
    }
    cases["pad.constant"] = padded(color, 3, .constant(17))
    cases["flip.horizontal"] = color.flippedHorizontally()
    cases["flip.vertical.gray"] = gray.flippedVertically()
    return cases
  }

  private func padded(_ image: Image, _ amount: Int, _ mode: ImagePadding) -> Image {
    image.cropped(
      top: -amount, left: -amount, height: image.height + 2 * amount, width: image.width + 2 * amount,
      padding: mode)
  }

  private func colors(_ color: Image, _ gray: Image) -> [String: Image] {
    var cases: [String: Image] = ["grayscale": color.grayscale]
    for factor in [0.0, 0.4, 1.7] {
      cases["brightness.\(factor)"] = color.brightness(factor)
      cases["contrast.\(factor)"] = color.contrast(factor)
      cases["contrast.\(factor).gray"] = gray.contrast(factor)
      cases["saturation.\(factor)"] = color.saturation(factor)
      cases["sharpness.\(factor)"] = color.sharpness(factor)
    }
    for turn in [-0.5, -0.13, 0.2, 0.5] { cases["hue.\(turn)"] = color.hue(turn) }
    cases["equalize"] = color.equalized()
    cases["equalize.large"] = color.resized(height: 24, width: 24, interpolation: .nearest).equalized()
    cases["autoContrast"] = color.autoContrasted()
    cases["autoContrast.gray"] = gray.autoContrasted()
    cases["posterize"] = color.posterized(bits: 3)
    cases["solarize"] = color.solarized(threshold: 100)
    let signed: Set<RandAugment.Operation> = [
      .shearX, .shearY, .translateX, .translateY, .rotate, .brightness, .color, .contrast, .sharpness,
    ]
    for magnitude in [9, 23] {
      let transform = RandAugment(magnitude: magnitude)
      for operation in RandAugment.Operation.allCases {
        let name = "randAugment.\(operation).\(magnitude)"
        cases[name] = transform.apply(operation, to: color)
        guard signed.contains(operation) else { continue }
        cases[name + ".negative"] = transform.apply(operation, to: color, isNegative: true)
      }
    }
    return cases
  }
}
