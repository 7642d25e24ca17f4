import Tensors

/// Builds the tree of one document from events.
struct YAMLComposer {
  private static let maximumDepth = 100
  /// The limit on nodes: aliases can make a short file stand for an exponentially large tree.
  private static let maximumNodes = 1_000_000

  private struct Anchor {
    var node: YAMLNode
    /// The number of nodes in the tree, with aliases expanded.
    var size: Int
    var depth: Int
  }

  private let events: YAMLEvents
  private var anchors: [String: Anchor] = [:]
  private var openAnchors: Set<String> = []
  private var size = 0
  private var deepest = 0

  init(_ events: YAMLEvents) {
    self.events = events
  }

  mutating func document() throws -> YAMLNode {
    var (event, position) = try events.next()
    guard case .documentStart = event else { return YAMLNode(.scalar("", .plain), at: position) }
    (event, position) = try events.next()
    let root = try node(event, position, depth: 1)
    _ = try events.next()  // the document's end
    (event, position) = try events.next()
    guard case .streamEnd = event else {
      throw error(position, "a second document starts here", "Keep one document in a file.")
    }
    return root
  }

  private mutating func node(_ event: YAMLEvents.Event, _ position: YAMLNode.Position, depth: Int) throws -> YAMLNode {
    try enter(position, nodes: 1, depth: depth)
    switch event {
    case .scalar(let text, var style, let anchor, let tag):
      try check(tag, position, allowed: ["!", "tag:yaml.org,2002:str"])
      if tag != nil { style = .quoted }
      return remember(YAMLNode(.scalar(text, style), at: position), anchor, size: 1, depth: 1)
    case .alias(let name):
      return try copy(of: name, position, depth: depth)
    case .sequenceStart(let anchor, let tag):
      try check(tag, position, allowed: [])
      return try measured(anchor, depth) { composer in
        YAMLNode(.sequence(try composer.items(depth: depth + 1)), at: position)
      }
    case .mappingStart(let anchor, let tag):
      try check(tag, position, allowed: [])
      return try measured(anchor, depth) { composer in
        YAMLNode(.mapping(try composer.entries(depth: depth + 1)), at: position)
      }
    case .sequenceEnd, .mappingEnd, .documentStart, .documentEnd, .streamEnd:
      throw error(position, "the document ends too early", nil)
    }
  }

  private mutating func items(depth: Int) throws -> [YAMLNode] {
    var items: [YAMLNode] = []
    while true {
      let (event, position) = try events.next()
      if case .sequenceEnd = event { return items }
      items.append(try node(event, position, depth: depth))
    }
  }

  private mutating func entries(depth: Int) throws -> [YAMLNode.Entry] {
    var entries: [YAMLNode.Entry] = []
    var places: [String: YAMLNode.Position] = [:]
    while true {
      let (event, position) = try events.next()
      if case .mappingEnd = event { return entries }
      let key = try node(event, position, depth: depth)
      guard case .scalar(let name, let style) = key.content else {
        throw error(position, "a key must be plain text", "Quote it if it begins with [ or {.")
      }
      if name == "<<", style == .plain {
        throw error(
          position, "merge keys (<<) are not supported", "Write the keys out, or use an alias for a whole mapping.")
      }
      if let first = places[name] {
        throw error(position, "the key '\(name)' occurs twice; first at \(first)", "Remove one of the two.")
      }
      places[name] = position
      let (valueEvent, valuePosition) = try events.next()
      entries.append(YAMLNode.Entry(key: key, value: try node(valueEvent, valuePosition, depth: depth)))
    }
  }

  // MARK: Anchors and limits

  private mutating func copy(of name: String, _ position: YAMLNode.Position, depth: Int) throws -> YAMLNode {
    if openAnchors.contains(name) {
      throw error(position, "the alias *\(name) stands inside its own anchor", nil)
    }
    guard let anchor = anchors[name] else {
      throw error(position, "the alias *\(name) has no anchor before it", "Write &\(name) where the value is defined.")
    }
    try enter(position, nodes: anchor.size - 1, depth: depth + anchor.depth - 1)
    return anchor.node
  }

  private mutating func measured(
    _ anchor: String?, _ depth: Int, _ body: (inout YAMLComposer) throws -> YAMLNode
  ) throws -> YAMLNode {
    guard let anchor else { return try body(&self) }
    let sizeBefore = size
    let deepestBefore = deepest
    deepest = depth
    let wasOpen = !openAnchors.insert(anchor).inserted
    let node = try body(&self)
    if !wasOpen { openAnchors.remove(anchor) }
    let height = deepest - depth + 1
    deepest = max(deepest, deepestBefore)
    return remember(node, anchor, size: size - sizeBefore + 1, depth: height)
  }

  private mutating func remember(_ node: YAMLNode, _ anchor: String?, size: Int, depth: Int) -> YAMLNode {
    if let anchor { anchors[anchor] = Anchor(node: node, size: size, depth: depth) }
    return node
  }

  private mutating func enter(_ position: YAMLNode.Position, nodes: Int, depth: Int) throws {
    size += nodes
    deepest = max(deepest, depth)
    if depth > Self.maximumDepth {
      throw error(position, "nested more than \(Self.maximumDepth) levels deep", nil)
    }
    if size > Self.maximumNodes {
      throw error(position, "more than \(Self.maximumNodes) values, with aliases written out", nil)
    }
  }

  private func check(_ tag: String?, _ position: YAMLNode.Position, allowed: [String]) throws {
    guard let tag, !allowed.contains(tag) else { return }
    throw error(position, "the tag \(tag) is not supported", "Remove it; values are read as what they are used for.")
  }

  private func error(_ position: YAMLNode.Position, _ problem: String, _ advice: String?) -> Failure {
    Failure(.malformed, at: position.description, problem, advice: advice)
  }
}
