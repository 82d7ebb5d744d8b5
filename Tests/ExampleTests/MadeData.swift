import Foundation

/// Tiny data with known rules, in the files' own formats.
enum MadeData {
  static func folder() throws -> String {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url.path
  }

  static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

  /// Numbers from 0 up to 1: the upper bits of a linear congruential generator (Knuth's MMIX).
  struct Noise {
    var state: UInt64

    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }

    mutating func next(_ count: Int) -> Int { Int(next() * Double(count)) }
  }

  /// Rows of the census: married managers over 30 earn more, and so do those whose country is not known.
  static func incomes(_ count: Int, seed: UInt64, point: String) -> String {
    var noise = Noise(state: seed)
    let marriages = ["Married-civ-spouse", "Never-married", "Divorced"]
    let occupations = ["Exec-managerial", "Craft-repair", "Sales", "Other-service"]
    let countries = ["United-States", "Cuba", "?"]
    let rows = (0..<count).map { _ in
      let age = 18 + noise.next(50)
      let marriage = marriages[noise.next(3)]
      let occupation = occupations[noise.next(4)]
      let country = countries[noise.next(3)]
      let isRule = (marriage == marriages[0] && occupation != occupations[3] && age > 30) || country == "?"
      let income = (noise.next() < 0.03) != isRule ? ">50K" : "<=50K"
      return "\(age), Private, \(noise.next(100_000)), HS-grad, 9, \(marriage), \(occupation), Husband, White, "
        + "Male, 0, 0, \(20 + noise.next(40)), \(country), \(income)\(point)"
    }
    return rows.joined(separator: "\n") + "\n"
  }
}
