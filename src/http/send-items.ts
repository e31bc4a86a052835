import type { ServerResponse } from 'node:http'
import { drained } from './drained.ts'
import type { ItemsContent } from './outgoing.ts'

/**
 * Sends an array item by item. The next item is made once the client has taken the last one. Throws if the first item
 * fails, before `begin` is called. If a later one fails, the connection breaks, so that no client takes what it has for
 * the whole array.
 */
export async function sendItems(response: ServerResponse, content: ItemsContent, begin: () => void): Promise<void> {
  // HEAD asks for the headers only, so no item is made.
  if (response.req.method === 'HEAD') {
    begin()
    content.onEnd()
    return void response.end()
  }
  const items = content.items[Symbol.asyncIterator]()
  let next: IteratorResult<unknown, unknown>
  try {
    next = await items.next()
  } catch (error) {
    content.onEnd()
    throw error
  }
  begin()
  void pump(response, items, { next, signal: content.signal }).finally(content.onEnd)
}

interface Start {
  readonly next: IteratorResult<unknown, unknown>
  readonly signal: AbortSignal
}

async function pump(response: ServerResponse, items: AsyncIterator<unknown>, start: Start): Promise<void> {
  let { next } = start
  try {
    for (let before = '['; next.done !== true; before = ',') {
      const hasRoom = response.write(Buffer.from(before + JSON.stringify(next.value)))
      // The item is no longer needed, however long the client takes.
      next = { done: false, value: undefined }
      if (!hasRoom) await drained(response, start.signal)
      if (response.destroyed) return
      next = await items.next()
      if (next.done === true) response.end(']')
    }
    if (!response.writableEnded) response.end('[]')
  } catch {
    // The client is gone, or an item failed, which has been logged.
    response.destroy()
  } finally {
    await items.return?.().catch(() => undefined)
  }
}
