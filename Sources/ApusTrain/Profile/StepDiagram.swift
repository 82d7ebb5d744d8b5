import ApusRuntime

/// A program as a drawing: steps from top to bottom, coloured by time; lines from writers to readers;
/// bars of time and of living memory.
struct StepDiagram {
  private let program: ProfileReport.ProgramTimes

  private static let row = 18.0
  private static let top = 26.0
  /// Where the boxes begin; lines are to the left of it.
  private static let left = 150.0
  private static let boxWidth = 470.0
  private static let barWidth = 150.0
  private static let gap = 14.0
  /// Letters that fit into a box.
  private static let letters = 78

  init(_ program: ProfileReport.ProgramTimes) { self.program = program }

  var svg: String {
    let count = program.plan.steps.count
    let times = Self.left + Self.boxWidth + Self.gap
    let memory = times + Self.barWidth + Self.gap
    let width = memory + Self.barWidth
    let height = Self.top + Double(count) * Self.row + 4
    let heads = [
      (Self.left, "step"), (times, "time of a run"), (memory, "memory alive"),
    ].map { "<text class=\"head\" x=\"\(short($0.0))\" y=\"14\">\($0.1)</text>" }
    return """
      <svg class="steps" viewBox="0 0 \(short(width)) \(short(height))" role="img" \
      aria-label="the steps of the program">
      \(heads.joined())
      \(lines)
      \(steps(times: times, memory: memory))
      </svg>
      """
  }

  private func y(_ step: Int) -> Double { Self.top + (Double(step) + 0.5) * Self.row }

  /// From each step to those that read its results; the further, the wider the arc.
  private var lines: String {
    var paths: [String] = []
    for (reader, writers) in program.plan.sources.enumerated() {
      for writer in writers {
        let distance = Double(reader - writer)
        let reach = min(Self.left - 8, 12 + distance.squareRoot() * 9)
        let (from, to) = (y(writer), y(reader))
        let x = Self.left - reach * 1.3
        paths.append(
          "<path data-from=\"\(writer)\" data-to=\"\(reader)\" d=\"M\(short(Self.left)) \(short(from))"
            + "C\(short(x)) \(short(from)) \(short(x)) \(short(to)) \(short(Self.left)) \(short(to))\"/>")
      }
    }
    return paths.joined(separator: "\n")
  }

  private func steps(times: Double, memory: Double) -> String {
    let live = program.plan.liveBytes
    let mostBytes = Double(max(live.max() ?? 0, 1))
    let longest = Double(max(program.nanoseconds.max() ?? 0, 1))
    let runs = Double(max(program.runs, 1))
    return program.plan.steps.indices.map { index in
      let step = program.plan.steps[index]
      let time = Double(program.nanoseconds[index])
      let heat = (time / longest).squareRoot()
      let top = short(Self.top + Double(index) * Self.row + 1)
      let (height, text) = (short(Self.row - 2), short(y(index) + 4))
      let microseconds = fixed(time / runs / 1e3, 1) + " µs"
      let module = step.module.map { " · \($0)" } ?? ""
      let title = "\(index): \(step.name)\(module)"
      return """
        <g class="step" data-step="\(index)"><title>\(HTML.escaped(title)), \(microseconds), \
        \(size(live[index])) alive</title>\
        <rect class="box" x="\(short(Self.left))" y="\(top)" width="\(short(Self.boxWidth))" \
        height="\(height)" rx="3" fill="rgb(230 90 40)" fill-opacity="\(fixed(heat * 0.85, 3))"/>\
        <text x="\(short(Self.left + 6))" y="\(text)">\(HTML.escaped(clipped(title)))</text>\
        <rect class="time" x="\(short(times))" y="\(top)" \
        width="\(short(time / longest * Self.barWidth))" height="\(height)"/>\
        <text x="\(short(times + 3))" y="\(text)">\(microseconds)</text>\
        <rect class="memory" x="\(short(memory))" y="\(top)" \
        width="\(short(Double(live[index]) / mostBytes * Self.barWidth))" height="\(height)"/>\
        <text x="\(short(memory + 3))" y="\(text)">\(size(live[index]))</text></g>
        """
    }.joined(separator: "\n")
  }

  private func clipped(_ text: String) -> String {
    text.count <= Self.letters ? text : text.prefix(Self.letters - 1) + "…"
  }

  private func short(_ value: Double) -> String { fixed(value, 1) }
}
