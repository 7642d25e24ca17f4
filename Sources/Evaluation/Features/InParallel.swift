import Foundation

/// The results of `body` for all elements, computed on all cores. If there are several errors, the first in the
/// elements' order is thrown.
///
/// - Parameter body: called from several threads at once, for one element each.
package func inParallel<Element, Value>(
  _ elements: [Element], _ body: @escaping (Element) throws -> Value
) throws -> [Value] {
  let slots = UnsafeMutableBufferPointer<Result<Value, any Error>?>.allocate(capacity: elements.count)
  slots.initialize(repeating: nil)
  defer {
    slots.deinitialize()
    slots.deallocate()
  }
  // Every call has its own element and slot.
  nonisolated(unsafe) let work = (elements: elements, body: body, slots: slots)
  DispatchQueue.concurrentPerform(iterations: elements.count) { index in
    work.slots[index] = Result { try work.body(work.elements[index]) }
  }
  return try slots.compactMap { try $0?.get() }
}
