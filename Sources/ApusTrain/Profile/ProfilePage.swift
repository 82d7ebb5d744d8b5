import ApusRuntime

/// A page about a profile that needs no other file: kernels, programs step by step, memory.
public struct ProfilePage {
  let report: ProfileReport

  public init(_ report: ProfileReport) { self.report = report }

  /// Programs below this share of the time are left out.
  private static let leastShare = 0.01
  private static let rows = 60

  public var html: String {
    let total = Double(max(report.totalNanoseconds, 1))
    let shown = report.programs.filter { Double($0.total) / total >= Self.leastShare }
    let programs = shown.enumerated().map { index, program in
      let share = fixed(100 * Double(program.total) / total, 1)
      let mean = fixed(Double(program.total) / 1e6 / Double(max(program.runs, 1)), 3)
      return """
        <details\(index == 0 ? " open" : "")><summary>\(program.plan.steps.count) steps, \
        \(program.runs) runs, \(mean) ms each, \(share) % of the time</summary>
        \(StepDiagram(program).svg)
        </details>
        """
    }
    return HTML.page(
      report.title, kind: "profile", brand: "Apus profile", style: Self.style,
      main: """
        \(tiles)
        <section><h2>Kernels</h2>
        <p class="note">Bytes are those of operands and results, each once; the limit is that of arithmetic \
        or of memory, whichever binds. What stays in the caches, and products in bf16, may exceed it.</p>
        <div class="scroll">\(table)</div></section>
        <section><h2>Programs</h2>
        <p class="note">Steps from top to bottom in the order they run, coloured by time. Lines on the left \
        lead from a step to those that read its results: point at a step to see its own. Bars on the right: \
        time, and the intermediate results alive in memory.</p>
        \(programs.joined(separator: "\n"))</section>
        """, script: Self.script)
  }

  private var tiles: String {
    let peak = report.programs.first?.peak.map { size($0.bytes) } ?? "–"
    let figures = [
      (fixed(Double(report.totalNanoseconds) / 1e6, 1) + " ms", "in steps"),
      ("\(report.kernels.reduce(0) { $0 + $1.calls })", "steps run"),
      (fixed(report.limits.gigaflopsPerSecond, 0) + " GF/s", "the machine's arithmetic, f32"),
      (fixed(report.limits.gigabytesPerSecond, 1) + " GB/s", "the machine's memory"),
      (peak, "intermediate results at most"),
    ]
    let tiles = figures.map { "<div><b>\($0.0)</b><span>\($0.1)</span></div>" }
    return "<section class=\"tiles\">\(tiles.joined())</section>"
  }

  private var table: String {
    let head = ["kernel", "calls", "ms", "share", "GF/s", "GB/s", "of limit"]
      .map { "<th>\($0)</th>" }.joined()
    let rows = report.kernels.prefix(Self.rows).map { kernel in
      let share = fixed(kernel.share * 100, 1)
      let cells = [
        "\(kernel.calls)", fixed(kernel.milliseconds, 2),
        "<span class=\"bar\" style=\"--w: \(share)%\">\(share) %</span>",
        fixed(kernel.gigaflopsPerSecond, 1), fixed(kernel.gigabytesPerSecond, 1),
        fixed(kernel.limitShare * 100, 0) + " %",
      ]
      return "<tr><th>\(HTML.escaped(kernel.kernel))</th>"
        + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
    }
    return "<table class=\"kernels\"><thead><tr>\(head)</tr></thead><tbody>\(rows.joined(separator: "\n"))"
      + "</tbody></table>"
  }

  private static let style = """

    .kernels { width: 100%; font-size: 14px; }
    .kernels th, .kernels td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
    .kernels th:first-child { text-align: left; font-weight: 500; white-space: normal; overflow-wrap: anywhere; }
    .kernels thead th { color: var(--soft); }
    .bar { display: inline-block; min-width: 110px; background: linear-gradient(90deg, rgba(var(--right), .35) var(--w), transparent 0); }
    details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 12px 0; padding: 10px 14px; }
    summary { cursor: pointer; font-weight: 600; }
    .steps text { font-size: 11px; fill: var(--ink); font-variant-numeric: tabular-nums; }
    .steps .head { fill: var(--soft); }
    .steps .box { stroke: var(--line); }
    .steps .time { fill: rgb(var(--wrong)); opacity: .75; }
    .steps .memory { fill: rgb(var(--right)); opacity: .55; }
    .steps path { fill: none; stroke: var(--soft); opacity: .28; }
    .steps path.in, .steps path.out { opacity: 1; stroke-width: 2; }
    .steps path.in { stroke: var(--b); }
    .steps path.out { stroke: var(--a); }
    .steps g.step:hover .box { stroke: var(--ink); stroke-width: 2; }
    """

  /// Shows the lines of the step under the pointer.
  private static let script = """

    for (const diagram of document.querySelectorAll('svg.steps')) {
      const mark = (step, on) => {
        for (const line of diagram.querySelectorAll(`[data-to="${step}"]`)) line.classList.toggle('in', on);
        for (const line of diagram.querySelectorAll(`[data-from="${step}"]`)) line.classList.toggle('out', on);
      };
      for (const step of diagram.querySelectorAll('g.step')) {
        step.addEventListener('mouseenter', () => mark(step.dataset.step, true));
        step.addEventListener('mouseleave', () => mark(step.dataset.step, false));
      }
    }
    """
}
