import { answersWithHeader } from './documented.ts'
import { place } from '../traffic.ts'
import { type Invariant, ours } from './invariant.ts'

/** "Where the note is read from now on", "Where the account is read". */
export const location: Invariant = {
  title: 'Location is where the thing that was made can be read',
  concerns: answersWithHeader('Location'),
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const { operationId, status, headers, answer, exchange } = seen
      const concern = `${operationId} ${status}`
      if (!location.concerns.includes(concern)) continue
      const target = headers['location'] ?? ''
      const { operation, path } = place({ ...exchange, method: 'GET', target })
      const isRead = operation !== undefined && path === target
      hold(concern, seen, isRead, `${target} is nowhere to read from`)
      const ids = (operation?.path ?? '')
        .split('/')
        .flatMap((part, index) => (part.startsWith('{') ? [path.split('/')[index]] : []))
      hold(
        concern,
        seen,
        ids.length === 0 || (ids.length === 1 && ids[0] === answer['id']),
        `${target} is not of ${String(answer['id'])}`,
      )
    }
  },
}
