export interface CheckedItemsOptions {
  /** Throws for an item that breaks the contract. `place` counts from 1. */
  readonly check: (item: unknown, place: number) => void
  /** Resolves when an item may be checked and made into text, which takes milliseconds if it is large. */
  readonly ownTurn: () => Promise<void>
  readonly signal: AbortSignal
  /** Called for a failure after the first item. The status has been sent by then, so it can only be logged. */
  readonly onFailure: (error: unknown) => void
}

/** Checks each item of an array against the contract before it is sent. */
export async function* checkedItems(
  items: AsyncIterable<unknown>,
  { check, ownTurn, signal, onFailure }: CheckedItemsOptions,
): AsyncGenerator<unknown, void, undefined> {
  let place = 0
  try {
    for await (const item of items) {
      await ownTurn()
      signal.throwIfAborted()
      check(item, place + 1)
      place += 1
      yield item
    }
  } catch (error) {
    // A failure before the first item becomes a problem, which is logged where it is sent.
    if (place > 0 && !signal.aborted) onFailure(error)
    throw error
  }
}
