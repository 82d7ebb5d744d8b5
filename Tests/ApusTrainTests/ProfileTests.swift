import Apus
import ApusRuntime
import Foundation
import Testing

@testable import ApusTrain

/// What a profile tells: the whole time, each step of the program, its memory; a page by itself.
struct ProfileTests {
  private let limits = MachineLimits(gigaflopsPerSecond: 100, gigabytesPerSecond: 10)

  private func profile() throws -> Profiler {
    let function = compiled { (x: Tensor) in
      softmax(matmul(x, x) + x, axis: 1).sum(axis: 0)
    }
    let x = try Tensor.uniform([64, 64]).evaluated()
    let profiler = Profiler()
    try Profiler.$current.withValue(profiler) {
      for _ in 0..<3 { _ = try function(x) }
    }
    return profiler
  }

  @Test func addsUpToTheWhole() throws {
    let profiler = try profile()
    let report = ProfileReport(profiler, limits: limits, title: "test")
    #expect(abs(report.kernels.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    #expect(report.kernels.reduce(0) { $0 + $1.calls } == profiler.events.count)
    let program = try #require(report.programs.first)
    #expect(report.programs.count == 1 && program.runs == 3)
    #expect(program.total == profiler.events.reduce(0) { $0 + $1.nanoseconds })
    let product = try #require(report.kernels.first { $0.kernel.hasPrefix("matmul") })
    #expect(abs(product.limitShare * 100 - max(product.gigaflopsPerSecond, product.gigabytesPerSecond * 10)) < 1e-6)
    let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasSuffix("of limit  kernel"))
    #expect(lines.contains { $0.contains("100 GF/s (f32), 10.0 GB/s") })
  }

  @Test func knowsWhatIsAliveAndWhoReadsWhat() throws {
    let plan = try #require(try profile().programs.first?.plan)
    let live = plan.liveBytes
    #expect(live.count == plan.steps.count && live.allSatisfy { $0 >= 0 })
    let most = try #require(live.max())
    #expect(most > 0 && most <= plan.arenaBytes)
    for (step, sources) in plan.sources.enumerated() {
      #expect(sources.allSatisfy { $0 < step })
    }
    #expect(plan.sources.contains { !$0.isEmpty })
  }

  @Test func thePageStandsAlone() throws {
    let profiler = try profile()
    let report = ProfileReport(profiler, limits: limits, title: "apus train --data <a&b>")
    let html = ProfilePage(report).html
    #expect(html.contains("apus train --data &lt;a&amp;b&gt;"))
    for address in ["http", "src=", "href=", "@import", "url("] { #expect(!html.contains(address)) }
    let plan = try #require(profiler.programs.first?.plan)
    for step in plan.steps.indices { #expect(html.contains("data-step=\"\(step)\"")) }
    let readers = plan.sources.reduce(0) { $0 + $1.count }
    #expect(html.components(separatedBy: "<path data-from=").count == readers + 1)
  }

  @Test func limitsAreMeasured() throws {
    let limits = try MachineLimits.measured()
    #expect(limits.gigaflopsPerSecond > 0.1 && limits.gigabytesPerSecond > 0.1)
  }
}
