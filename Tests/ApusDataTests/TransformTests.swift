import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Random transforms: the same for the same place, spread as they should be, and safe at the edges.
@Suite struct TransformTests {
  private func place(_ position: Int) -> SampleRandom {
    SampleRandom(seed: 3, epoch: 1, position: position)
  }

  /// Each pixel has values of its own.
  private func image(height: Int = 8, width: Int = 6, channels: Int = 3) -> Image {
    Image(
      height: height, width: width, channels: channels,
      pixels: (0..<height * width * channels).map { UInt8($0 % 251) + 4 })
  }

  private var all: [any ImageTransform] {
    [
      Resize(height: 5, width: 9), Resize(shorterSide: 4), CenterCrop(height: 4, width: 4),
      RandomCrop(height: 8, width: 6, padding: 2), RandomResizedCrop(height: 5, width: 5),
      RandomHorizontalFlip(), RandomVerticalFlip(), RandomRotation(degrees: -30...30),
      RandomAffine(
        degrees: -10...10, translate: (0.2, 0.2), scale: 0.8...1.2, shear: -5...5,
        interpolation: .bilinear),
      ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1), RandomGrayscale(p: 0.5),
      Grayscale(channels: 3), RandomErasing(p: 1), Cutout(size: 4), RandAugment(),
      RandAugment(numOps: 3, magnitude: 30), RandomApply(Grayscale(channels: 3)),
      RandomChoice([RandomHorizontalFlip(p: 1), RandomVerticalFlip(p: 1)]),
    ]
  }

  /// Also on images of one pixel and on long ones, in which windows and kernels do not fit.
  @Test func theSamePlaceGivesTheSameImage() {
    let sizes = [(8, 6), (1, 1), (1, 40), (37, 2), (2, 3)]
    for transform in all {
      for (height, width) in sizes {
        for channels in [1, 3] {
          let image = image(height: height, width: width, channels: channels)
          var differs = false
          let first = { (position: Int) in
            var random = self.place(position)
            return transform(image, &random)
          }
          for position in 0..<20 {
            let isSame = first(position) == first(position)
            #expect(isSame, "\(transform) is not a function of its place")
            if first(position) != first(0) { differs = true }
          }
          let isFixed = transform is Resize || transform is CenterCrop || transform is Grayscale
          #expect(differs != isFixed || height < 8 || channels == 1, "\(transform)")
        }
      }
    }
  }

  /// With 400 draws on 25 places, one that is never drawn is a fault but for a chance below 10⁻⁵.
  @Test func cropsTakeEachPlaceOnce() {
    let image = image(height: 8, width: 8, channels: 1)
    let crop = RandomCrop(height: 8, width: 8, padding: 2)
    var counts: [Image: Int] = [:]
    for position in 0..<400 {
      var random = place(position)
      counts[crop(image, &random), default: 0] += 1
    }
    #expect(counts.count == 25 && counts.values.allSatisfy { $0 < 45 })
    #expect(counts[image] != nil)
  }

  @Test func probabilitiesHold() {
    let image = image()
    let flipped = (0..<1000).count { position in
      var random = place(position)
      return RandomHorizontalFlip(p: 0.3)(image, &random) != image
    }
    #expect(abs(flipped - 300) < 5 * 15)
    var random = place(0)
    #expect(RandomHorizontalFlip(p: 0)(image, &random) == image)
    #expect(RandomVerticalFlip(p: 1)(image, &random) == image.flippedVertically())
  }

  @Test func partsHaveTheAreaAndRatioAskedFor() {
    let transform = RandomResizedCrop(height: 4, width: 4, scale: 0.2...0.6)
    let size = ImageSize(height: 300, width: 400, channels: 3)
    var areas: [Double] = []
    for position in 0..<500 {
      var random = place(position)
      let part = transform.part(of: size, &random)
      #expect(part.top >= 0 && part.top + part.height <= 300)
      #expect(part.left >= 0 && part.left + part.width <= 400)
      let ratio = Double(part.width) / Double(part.height)
      #expect(ratio > 0.74 && ratio < 1.35)
      areas.append(Double(part.height * part.width) / 120_000)
    }
    #expect(areas.allSatisfy { $0 > 0.19 && $0 < 0.61 })
    #expect(abs(areas.reduce(0, +) / 500 - 0.4) < 0.03)
    // No part of a very long image has such a ratio: the largest that has, in the middle.
    var random = place(0)
    let part = RandomResizedCrop(height: 4, width: 4, scale: 1...1).part(
      of: ImageSize(height: 10, width: 1000, channels: 1), &random)
    #expect(part.height == 10 && part.width == 13 && part.left == 493)
  }

  @Test func erasingTakesARectangle() {
    let image = image(height: 20, width: 20, channels: 3)
    var erased = 0
    for position in 0..<200 {
      var random = place(position)
      let result = RandomErasing(p: 1, value: 0)(image, &random)
      erased += result.pixels.count { $0 == 0 }
      let cut = Cutout(size: 6)(image, &random)
      // 3 to 6 rows and columns of it are inside.
      let count = cut.pixels.count { $0 == 0 } / 3
      #expect([9, 12, 15, 16, 18, 20, 24, 25, 30, 36].contains(count))
    }
    // The mean share is (0.02 + 0.33) / 2.
    #expect(abs(Double(erased) / Double(200 * 1200) - 0.175) < 0.03)
  }

  @Test func mixUpMixesImagesAndLabels() {
    let batch = Batch(
      x: Tensor([0, 100, 200] as [UInt8], shape: [3, 1, 1, 1]), y: Tensor([0, 1, 2] as [Int64]))
    var random = place(0)
    let mixed = MixUp(numClasses: 3)(batch, &random)
    let (x, y) = (mixed.x.array(of: Double.self), mixed.y.array(of: Double.self))
    #expect(mixed.x.dtype == .f32 && mixed.y.shape == [3, 3])
    let share = y[0]
    #expect(share > 0 && share < 1)
    #expect(abs(x[0] - 200 * (1 - share)) < 1e-3 && abs(x[1] - 100 * share) < 1e-3)
    #expect(abs(y[2] - (1 - share)) < 1e-6 && y[1] == 0 && abs(y[4] - share) < 1e-6)
  }

  @Test func cutMixReplacesARectangleAndItsShareOfTheLabels() {
    let pixels = (0..<2).flatMap { [UInt8](repeating: UInt8($0 + 1), count: 100) }
    let batch = Batch(
      x: Tensor(pixels, shape: [2, 10, 10, 1]), y: Tensor([0, 1] as [Int64]))
    for position in 0..<20 {
      var random = place(position)
      let mixed = CutMix(numClasses: 2)(batch, &random)
      let own = mixed.x[0].array(of: UInt8.self).count { $0 == 1 }
      #expect(mixed.x.dtype == .u8)
      #expect(abs(mixed.y.array(of: Double.self)[0] - Double(own) / 100) < 1e-6)
    }
  }

  /// The whole path: images, transform, loader, mixing, as a training loop has it.
  @Test func aLoaderAugmentsAndMixes() async throws {
    let images = Digits.dataset.heldOut
    let transform = Compose(RandomCrop(height: 8, width: 8, padding: 1), Cutout(size: 2))
    let loader = ImageLoader(images, batchSize: 100, workers: 2, transform: transform)
    let mixed = loader.map { MixUp(numClasses: 10)($0, &$1) }
    var shapes: [Shape] = []
    for try await batch in mixed.epoch(0) {
      shapes.append(batch.x.shape)
      #expect(abs(batch.y.sum(axis: -1).mean().item - 1) < 1e-5)
    }
    #expect(shapes.map { $0[0] } == [100, 100, 100, 60])
  }
}
