/**
 * Connects to other machines in every way that the trace has to find: `tests/sovereign/run.ts` runs it first. The
 * addresses are for documentation (RFC 5737, RFC 3849), so outside of the namespace nobody answers.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'

const TIMEOUT_MS = 500

for (const host of ['192.0.2.1', '2001:db8::1']) {
  const socket = connect(443, host)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined)
}
const datagrams = createSocket('udp4')
datagrams.send('planted', 9, '198.51.100.1', () => datagrams.close())
// This one is allowed.
connect(9, '127.0.0.1').on('error', () => undefined)
