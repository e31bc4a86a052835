/** The longest part of a text that is compared, in UTF-16 code units. */
export const MAX_COMPARED = 100

const WORD = 32

/**
 * The edit distance (Levenshtein) between a fixed text and others: how many characters have to be inserted, deleted or
 * replaced. Computes 32 rows of the table at once (Myers 1999, in the form of Hyyrö 2003), because a note may have
 * 90 000 tasks to compare with.
 */
export class Distance {
  readonly #length: number
  readonly #words: number
  /** For each code unit, which row of `#places` is its own; row 0 is that of all others. */
  readonly #rows = new Uint8Array(65_536)
  /** For each row and word, the places of the code unit in the fixed text, as bits. */
  readonly #places: Int32Array
  readonly #plus: Int32Array
  readonly #minus: Int32Array

  constructor(fixed: string) {
    const text = fixed.slice(0, MAX_COMPARED)
    this.#length = text.length
    this.#words = Math.ceil(text.length / WORD)
    this.#places = new Int32Array((MAX_COMPARED + 1) * this.#words)
    this.#plus = new Int32Array(this.#words)
    this.#minus = new Int32Array(this.#words)
    let rows = 0
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at)
      if (this.#rows[unit] === 0) this.#rows[unit] = rows += 1
      const index = (this.#rows[unit] ?? 0) * this.#words + Math.floor(at / WORD)
      this.#places[index] = (this.#places[index] ?? 0) | (1 << (at % WORD))
    }
  }

  /** The distance to the beginning of a text. */
  to(text: string): number {
    const end = Math.min(text.length, MAX_COMPARED)
    this.#begin()
    let distance = this.#length
    for (let at = 0; at < end; at += 1) distance += this.#step(text.charCodeAt(at), 1)
    return this.#length === 0 ? end : distance
  }

  /** The smallest distance to any part of `text` between two offsets, and where the first such part ends. */
  within(text: string, from: number, to: number): { distance: number; end: number } {
    this.#begin()
    let distance = this.#length
    let best = { distance, end: from }
    for (let at = from; at < to && best.distance > 0; at += 1) {
      distance += this.#step(text.charCodeAt(at), 0)
      if (distance < best.distance) best = { distance, end: at + 1 }
    }
    return best
  }

  #begin(): void {
    this.#plus.fill(-1)
    this.#minus.fill(0)
  }

  /** Adds a column for one code unit; `above` is how its top differs from the one before. Returns that of its end. */
  #step(unit: number, above: number): number {
    const row = (this.#rows[unit] ?? 0) * this.#words
    let carry = above
    for (let word = 0; word < this.#words; word += 1) {
      const last = word === this.#words - 1 ? (this.#length - 1) % WORD : WORD - 1
      const plus = this.#plus[word] ?? 0
      const minus = this.#minus[word] ?? 0
      let places = this.#places[row + word] ?? 0
      const vertical = places | minus
      if (carry < 0) places |= 1
      const horizontal = (((places & plus) + plus) ^ plus) | places
      let up = minus | ~(horizontal | plus)
      let down = plus & horizontal
      const next = ((up >>> last) & 1) - ((down >>> last) & 1)
      up = (up << 1) | (carry > 0 ? 1 : 0)
      down = (down << 1) | (carry < 0 ? 1 : 0)
      this.#plus[word] = down | ~(vertical | up)
      this.#minus[word] = up & vertical
      carry = next
    }
    return carry
  }
}

/** Keeps the nearest of many items with different keys: the nearest first, of equally near ones the earlier first. */
export class Nearest<T> {
  readonly #max: number
  readonly #keyOf: (item: T) => string
  #kept: readonly { readonly item: T; readonly key: string; readonly distance: number }[] = []

  constructor(max: number, keyOf: (item: T) => string) {
    this.#max = max
    this.#keyOf = keyOf
  }

  get items(): readonly T[] {
    return this.#kept.map(({ item }) => item)
  }

  /** Whether another item at this distance would be kept. */
  hasRoomAt(distance: number): boolean {
    return this.#kept.length < this.#max || distance < (this.#kept.at(-1)?.distance ?? 0)
  }

  offer(distance: number, item: T): void {
    if (!this.hasRoomAt(distance)) return
    const key = this.#keyOf(item)
    if (this.#kept.some((other) => other.key === key)) return
    const place = this.#kept.findLastIndex((other) => other.distance <= distance) + 1
    this.#kept = this.#kept.toSpliced(place, 0, { item, key, distance }).slice(0, this.#max)
  }
}
