import Foundation

/// The results of `body` for all elements, found on all cores; of several errors, the first one's in their order.
///
/// - Parameter body: is called from several threads at once, for one element each.
package func inParallel<Element, Value>(
  _ elements: [Element], _ body: @escaping (Element) throws -> Value
) throws -> [Value] {
  let slots = UnsafeMutableBufferPointer<Result<Value, any Error>?>.allocate(capacity: elements.count)
  slots.initialize(repeating: nil)
  defer {
    slots.deinitialize()
    slots.deallocate()
  }
  // Every call has an element and a slot of its own.
  nonisolated(unsafe) let work = (elements: elements, body: body, slots: slots)
  DispatchQueue.concurrentPerform(iterations: elements.count) { index in
    work.slots[index] = Result { try work.body(work.elements[index]) }
  }
  return try slots.compactMap { try $0?.get() }
}
