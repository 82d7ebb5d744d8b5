import ApusModels

/// An episode as a strip of pictures.
enum CartPoleDrawing {
  private static let width = 200.0
  private static let height = 120.0
  private static let columns = 4
  /// Pixels of a metre.
  private static let scale = 36.0

  /// An SVG of at most 12 moments, spread evenly over the episode.
  static func svg(_ episode: [CartPole]) -> String {
    let count = min(12, episode.count)
    guard count > 0 else { return "" }
    let moments = (0..<count).map { $0 * (episode.count - 1) / max(count - 1, 1) }
    let rows = (count + columns - 1) / columns
    let size = (width * Double(columns), height * Double(rows))
    let frames = moments.enumerated().map { index, moment in
      let x = width * Double(index % columns)
      let y = height * Double(index / columns)
      return "<g transform=\"translate(\(x) \(y))\">\(frame(episode[moment]))</g>"
    }
    return "<svg viewBox=\"0 0 \(size.0) \(size.1)\" role=\"img\" aria-label=\"an episode\" "
      + "fill=\"none\" stroke=\"currentColor\">\(frames.joined(separator: "\n"))</svg>"
  }

  private static func frame(_ world: CartPole) -> String {
    let ground = height - 24
    let x = width / 2 + world.place * scale
    let degrees = world.angle * 180 / .pi
    // The drawn pole is 1.5 times as long as the real one, to be seen.
    let pole = ground - 12 - 1.5 * scale
    return """
      <path d="M6 \(ground)H\(width - 6)" stroke-opacity="0.4"/>
      <rect x="\(x - 15)" y="\(ground - 12)" width="30" height="12" fill="currentColor"/>
      <path d="M\(x) \(ground - 12)V\(pole)" stroke="#c2410c" stroke-width="4" \
      transform="rotate(\(degrees) \(x) \(ground - 12))"/>
      <text x="6" y="\(height - 8)" stroke="none" fill="currentColor" font-size="10">step \(world.steps)</text>
      """
  }
}
