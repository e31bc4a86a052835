import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Ends replies that their clients leave unread. */
export interface UnreadReplies {
  /** Watches a reply until it is sent or its connection closes. */
  readonly watch: (response: ServerResponse) => void
  readonly stop: () => void
}

/** What was sent of a reply when we last saw it grow. */
interface Progress {
  sent: number
  at: number
}

/** How often we look, in each time-out. */
const LOOKS = 10

/**
 * Closes the connection of a reply of which nothing was sent for `timeoutMs`, although there is something to send: its
 * client takes nothing. The time-out of a socket is no measure: it counts what the client sends, and node asks only at
 * its end whether something was sent meanwhile.
 */
export function endUnreadReplies(timeoutMs: number): UnreadReplies {
  const open = new Map<ServerResponse, Progress>()
  const look = (): void => {
    const now = performance.now()
    for (const [response, progress] of open) {
      const { socket } = response.req
      const sent = bytesSent(socket)
      // Without anything to send, we wait for the handler or for the next event, not for the client.
      if (response.writableLength === 0 || sent !== progress.sent) Object.assign(progress, { sent, at: now })
      else if (now - progress.at >= timeoutMs) socket.destroy()
    }
  }
  const timer = setInterval(look, timeoutMs / LOOKS).unref()
  return {
    watch: (response) => {
      open.set(response, { sent: 0, at: performance.now() })
      response.once('close', () => open.delete(response))
    },
    stop: () => clearInterval(timer),
  }
}

/** The bytes that the system has taken: those handed to libuv, without those that it still has. */
function bytesSent(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const [given, waiting] = ['bytesWritten', 'writeQueueSize'].map((name) => numberOf(handle, name))
  // Node may name them otherwise one day. Then a long piece counts only once all of it is sent.
  if (given === undefined || waiting === undefined) return socket.bytesWritten - socket.writableLength
  return given - waiting
}

function numberOf(handle: unknown, name: string): number | undefined {
  if (typeof handle !== 'object' || handle === null) return undefined
  const value: unknown = Reflect.get(handle, name)
  return typeof value === 'number' ? value : undefined
}
