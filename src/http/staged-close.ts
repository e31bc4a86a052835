import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/**
 * Closes the connection in stages (RFC 9112 §9.6) if the last reply is sent before the body of its request has
 * arrived: first our side only, then the other when the client has sent the rest, which is dropped, or after `maxMs`
 * milliseconds. If we closed both at once, what is still under way would reset the connection, and the client would
 * lose the reply.
 */
export function closeInStages(request: IncomingMessage, maxMs: number): void {
  const { socket } = request
  // Node calls this when the last reply of a connection is written, and has no event for it.
  socket.destroySoon = () => {
    const close = (): void => Socket.prototype.destroySoon.call(socket)
    if (request.complete || socket.destroyed) return close()
    socket.end()
    const timer = setTimeout(() => socket.destroy(), maxMs)
    socket.once('close', () => clearTimeout(timer))
    // A body that had a reader does not flow until that is gone.
    request.removeAllListeners('readable')
    request.once('end', close)
    request.resume()
  }
}
