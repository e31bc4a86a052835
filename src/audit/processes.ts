import { failed, type Finding, notPossible, passed } from './check.ts'
import { holdersOf, listSockets, socketsOf, userOf, withDescendants } from './connections.ts'

/** The processes of the server: those that listen on its port, and all that they have started. */
export function serverProcesses(port: number): readonly number[] | undefined {
  if (process.platform !== 'linux') return undefined
  const listening = listSockets().filter((socket) => socket.state === 'listening' && socket.localPort === port)
  return withDescendants(listening.flatMap(({ inode }) => holdersOf(inode)))
}

/** Every connection of the server, except those of its clients, must lead where a setting says. */
export function checkConnections(
  port: number,
  pids: readonly number[] | undefined,
  configured: ReadonlySet<string>,
): Finding {
  if (pids === undefined)
    return notPossible(
      'connections',
      'connections can be inspected on Linux only',
      'look with the tools of this system',
    )
  if (pids.length === 0) {
    const remedy = 'run this as the user of the server, or as root'
    return notPossible('connections', `no process that this user may inspect listens on port ${port}`, remedy)
  }
  const inodes = new Set(pids.flatMap((pid) => [...socketsOf(pid)]))
  const open = listSockets().filter(
    ({ state, inode, localPort }) => state === 'open' && inodes.has(inode) && localPort !== port,
  )
  const foreign = open.filter(({ remoteAddress, remotePort }) => !configured.has(`${remoteAddress} ${remotePort}`))
  if (foreign.length === 0) {
    const among = pids.length === 1 ? 'one process' : `${pids.length} processes`
    return passed('connections', `every open connection leads where a setting says (${open.length}, of ${among})`)
  }
  const list = foreign.map(({ remoteAddress, remotePort }) => `${remoteAddress} port ${remotePort}`)
  const remedy = 'find out what made them, and stop the server if you do not know it'
  return failed('connections', `connections that no setting accounts for: ${[...new Set(list)].join(', ')}`, remedy)
}

export function checkUser(pids: readonly number[] | undefined): Finding {
  const users = [...new Set(pids?.flatMap((pid) => userOf(pid) ?? []) ?? [])]
  if (users.length === 0) {
    const remedy = 'run this as the user of the server, or as root'
    return notPossible('user', 'the user of the server is unknown, because its process was not found', remedy)
  }
  return users.includes(0)
    ? failed('user', 'the server runs as root', 'start it as a user of its own, who owns DATA_DIR')
    : passed('user', `the server does not run as root (uid ${users.join(', ')})`)
}
