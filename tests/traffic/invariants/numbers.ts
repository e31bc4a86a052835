import { decodeJwt } from 'jose'
import { document } from '../../contract/harness/document-examples.ts'
import { answersWithHeader } from './documented.ts'
import { type Invariant, ours } from './invariant.ts'
import { type Fields, isFields } from './seen.ts'

/**
 * The longest wait that a Retry-After may name, in seconds, by status. 429: "from one second to 15 minutes". A server
 * that is busy or without its database is back within ten seconds, if it comes back at all; a request with the same key
 * is waited for by the server itself.
 */
const LONGEST_WAIT: Readonly<Record<number, number>> = { 409: 10, 429: 900, 503: 10 }
const { version } = document.root['info'] as Readonly<Record<string, unknown>>
/** A clock that is read twice. */
const TOLERANCE_SECONDS = 2

/** Numbers that say something about other numbers. */
export const numbers: Invariant = {
  title: 'Numbers are what they are said to be',
  concerns: [...answersWithHeader('Retry-After'), 'createToken 200', 'changeNotes 200', 'TooLarge', 'getHealth 200'],
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const { operationId, status, headers, answer, server, isHead } = seen
      const concern = `${operationId} ${status}`
      const wait = headers['retry-after']
      if (wait !== undefined) {
        const isSane = /^[1-9]\d*$/.test(wait) && Number(wait) <= (LONGEST_WAIT[status] ?? 0)
        hold(concern, seen, isSane, `Retry-After: ${wait}`)
      }
      if (isHead) continue
      if (concern === 'createToken 200') {
        const { iat = 0, exp = 0 } = decodeJwt(String(answer['access_token']))
        const { accessTokenSeconds } = server.settings
        hold(
          concern,
          seen,
          answer['expires_in'] === exp - iat,
          `expires_in ${String(answer['expires_in'])} of a token of ${exp - iat}`,
        )
        hold(
          concern,
          seen,
          exp - iat === accessTokenSeconds,
          `a token of ${exp - iat} s, where the setting is ${accessTokenSeconds}`,
        )
        const isNow = iat >= seen.began / 1_000 - TOLERANCE_SECONDS && iat <= seen.ended / 1_000 + TOLERANCE_SECONDS
        hold(concern, seen, isNow, 'the token was not issued now')
      }
      if (concern === 'getHealth 200')
        hold(concern, seen, answer['version'] === version, `version ${String(answer['version'])}`)
      if (concern === 'changeNotes 200')
        hold(concern, seen, isReport(answer, seen.given), 'the report does not fit the actions')
      if (status === 413) {
        const told = String(answer['detail'])
        const bytes = seen.operation.body?.maxBytes ?? 0
        const isOfBytes = told.startsWith(`The body may have at most ${bytes} bytes`)
        // As many characters need more bytes than the other operations take.
        const isOfText =
          bytes > 2 ** 21 && told === 'The texts in the body may have at most 2097152 characters together.'
        hold('TooLarge', seen, isOfBytes || isOfText, `"${told}"`)
      }
    }
  },
}

/** "A result for each action, in their order", and how many succeeded and failed. */
function isReport({ succeeded, failed, results }: Fields, { actions }: Fields): boolean {
  if (!Array.isArray(results) || !Array.isArray(actions)) return false
  const [told, wanted] = [results.filter(isFields), actions.filter(isFields)]
  const good = told.filter(({ status }) => status === 200)
  const isInOrder =
    told.length === wanted.length && told.every(({ note_id }, index) => note_id === lower(wanted[index]?.['note_id']))
  const hasVersions = told.every((result) => (result['status'] === 200) === 'version' in result)
  return isInOrder && hasVersions && succeeded === good.length && failed === told.length - good.length
}

function lower(id: unknown): string {
  return String(id).toLowerCase()
}
