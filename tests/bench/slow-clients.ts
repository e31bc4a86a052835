import { connect, type Socket } from 'node:net'

/** Clients that send their head or their body a byte a second, or read nothing of their reply. */
export interface SlowClients {
  /** How often one was disconnected and came again. */
  readonly reconnected: () => number
  readonly open: () => number
  readonly end: () => void
}

type Way = 'slow head' | 'slow body' | 'no reading'
const WAYS: readonly Way[] = ['slow head', 'slow body', 'no reading']

interface Target {
  readonly port: number
  readonly token: string
  /** The path of a long reply. */
  readonly longPath: string
}

export function openSlowClients(count: number, target: Target): SlowClients {
  const sockets = new Map<Socket, string>()
  let reconnected = 0
  let isOver = false
  const open = (way: Way): void => {
    const { now, later } = textsOf(way, target)
    const socket = connect({ host: '127.0.0.1', port: target.port, noDelay: true }, () => socket.write(now))
    sockets.set(socket, later)
    if (way === 'no reading') socket.pause()
    else socket.resume()
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      if (isOver) return
      reconnected += 1
      setTimeout(open, 100, way)
    })
  }
  for (let index = 0; index < count; index += 1) open(WAYS[index % WAYS.length] ?? 'slow head')
  const timer = setInterval(() => {
    for (const [socket, left] of sockets) {
      if (left === '' || !socket.writable) continue
      socket.write(left.slice(0, 1))
      sockets.set(socket, left.slice(1))
    }
  }, 1_000)
  return {
    reconnected: () => reconnected,
    open: () => sockets.size,
    end: () => {
      isOver = true
      clearInterval(timer)
      for (const socket of sockets.keys()) socket.destroy()
    },
  }
}

function textsOf(way: Way, { token, longPath }: Target): { readonly now: string; readonly later: string } {
  const head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n`
  if (way === 'slow head') return { now: 'GET /notes HTTP/1.1\r\n', later: head }
  if (way === 'no reading') return { now: `GET ${longPath} HTTP/1.1\r\n${head}\r\n`, later: '' }
  const about = 'Content-Type: application/json\r\nContent-Length: 10000\r\n'
  return { now: `POST /notes HTTP/1.1\r\n${head}${about}\r\n`, later: `{"title":"${'x'.repeat(500)}` }
}
