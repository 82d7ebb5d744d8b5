/// What all pages have in common.
enum HTML {
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  /// A page that needs no other file.
  ///
  /// - Parameters:
  ///   - kind: stands behind the title in the browser's tab.
  ///   - brand: stands above the title.
  ///   - style: what is needed beside the style of all pages.
  ///   - main: markup below the title.
  ///   - script: runs when the page is there.
  static func page(
    _ title: String, kind: String, brand: String, style: String = "", main: String, script: String = ""
  ) -> String {
    let title = escaped(title)
    let end = script.isEmpty ? "" : "<script>\(script)</script>\n"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title) · \(kind)</title>
      <style>\(HTMLReport.style)\(style)</style>
      </head>
      <body>
      <main>
      <header><p class="brand">\(brand)</p><h1>\(title)</h1></header>
      \(main)
      </main>
      \(end)</body>
      </html>

      """
  }
}
