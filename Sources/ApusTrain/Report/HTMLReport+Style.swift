extension HTMLReport {
  /// The page's style, for light and dark.
  static let style = """
    :root { color-scheme: light dark; --paper: #faf9f6; --card: #ffffff; --ink: #1d2530; --soft: #5d6876;
      --line: #e3e0d8; --a: #cf6a1f; --b: #1f6fb2; --c: #6b8f3a; --right: 31, 111, 178; --wrong: 201, 58, 42; }
    @media (prefers-color-scheme: dark) { :root { --paper: #14181e; --card: #1c222a; --ink: #e8eaee;
      --soft: #98a2b0; --line: #2d3641; --a: #f0a35e; --b: #6fb3ea; --c: #a9c97a; --right: 84, 160, 222; --wrong: 232, 96, 80; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
    main { max-width: 1020px; margin: 0 auto; padding: 40px 24px 64px; }
    .brand { margin: 0; color: var(--soft); font-size: 14px; }
    h1 { margin: 4px 0 28px; font-size: 32px; line-height: 1.2; font-weight: 650; overflow-wrap: anywhere; }
    h2 { margin: 44px 0 8px; font-size: 20px; font-weight: 650; }
    .note { color: var(--soft); margin: 0 0 14px; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
    .tiles div, .chart { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 12px 12px 14px; }
    .tiles b { display: block; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .tiles span { color: var(--soft); font-size: 14px; }
    .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 12px; margin-top: 12px; }
    .chart { margin: 0; }
    .chart figcaption { font-weight: 600; display: flex; gap: 16px; align-items: baseline; }
    .key { font-weight: 400; font-size: 14px; color: var(--soft); }
    .key::before { content: ""; display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
    .key.a::before { background: var(--a); } .key.b::before { background: var(--b); }
    .key.c::before { background: var(--c); }
    svg { display: block; width: 100%; height: auto; }
    .grid { stroke: var(--line); } .tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
    .curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .curve.a { stroke: var(--a); } .curve.b { stroke: var(--b); }
    .curve.c { stroke: var(--c); }
    .dot.a { fill: var(--a); } .dot.b { fill: var(--b); } .dot.c { fill: var(--c); }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    .confusion th, .confusion td { min-width: 46px; height: 40px; padding: 0 8px; text-align: center; font-weight: 500; }
    .confusion th { color: var(--soft); } .confusion tbody th { text-align: right; white-space: nowrap; }
    .confusion td { border: 1px solid var(--line); }
    .confusion td.right { background: rgba(var(--right), var(--s)); }
    .confusion td.wrong { background: rgba(var(--wrong), var(--s)); }
    .confusion th.share, .confusion td.share { color: var(--soft); border: 0; font-size: 14px; white-space: nowrap; }
    .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 14px; }
    .pictures figure { margin: 0; }
    .pictures img { width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated; border-radius: 8px; background: #000; }
    .pictures figcaption { font-size: 14px; line-height: 1.35; margin-top: 4px; overflow-wrap: anywhere; }
    .pictures small { display: block; color: var(--soft); font-size: 13px; }
    .sample { margin: 0 0 12px; } .sample figcaption { color: var(--soft); font-size: 14px; }
    .sample pre { margin: 4px 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
      padding: 12px 14px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 14px; }
    .figures th, .figures td { padding: 4px 24px 4px 0; text-align: left; } .figures th { color: var(--soft); font-weight: 500; }
    .settings th { text-align: left; color: var(--soft); font-weight: 500; padding: 4px 28px 4px 0; }
    .settings td { padding: 4px 0; overflow-wrap: anywhere; }
    """
}
