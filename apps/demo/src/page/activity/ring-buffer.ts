/** Keeps the newest items, and forgets the oldest for each one too many. */
export interface RingBuffer<Item> {
  push(item: Item): void
  /** What is kept, oldest first. */
  items(): readonly Item[]
  clear(): void
}

/** Creates a ring buffer. Pushing costs the same however full it is. */
export function createRingBuffer<Item>(capacity: number): RingBuffer<Item> {
  let slots: Item[] = []
  let oldest = 0
  return {
    push(item) {
      if (slots.length < capacity) slots.push(item)
      else {
        slots[oldest] = item
        oldest = (oldest + 1) % capacity
      }
    },
    items: () => [...slots.slice(oldest), ...slots.slice(0, oldest)],
    clear() {
      slots = []
      oldest = 0
    },
  }
}
